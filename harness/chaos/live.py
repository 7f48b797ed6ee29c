"""What a person sees while a campaign goes on: one view where there is a terminal, else a line for each plan."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from harness.chaos.records import About, Finding, Kept, Shrunk, Tried
from harness.chaos.tasks import Limits, Task
from harness.plan.signature import Signature
from harness.printable import clean
from harness.report.terminal import PLAIN_SIGNS, SIGNS, STYLES, Steady
from harness.verdict import Outcome

MOST = 8  # findings, and notes, that are shown at once
EVERY = 2.0  # pictures a second


class Live:
    """An observer of a campaign, on a console. A context manager.

    Args:
        kept: the campaign as the ledger had it before; what comes is added to it.
        clock: monotonic seconds.
    """

    def __init__(
        self, about: About, limits: Limits, kept: Kept | None = None, console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.console = console or Steady(stderr=True)
        self._about, self._limits, self._clock = about, limits, clock
        self._began = clock()
        self._counts = {outcome: kept.count(outcome) if kept else 0 for outcome in Outcome}
        self._running: dict[int, tuple[Task, float]] = {}
        self._findings: dict[Signature, Finding] = {}
        self._cutting: set[Signature] = set()
        self._notes: list[str] = []
        unicode = (self.console.encoding or "").lower().startswith("utf")
        self._signs = SIGNS if unicode else PLAIN_SIGNS
        self._live: RichLive | None = None
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._live = RichLive(self, console=self.console, auto_refresh=False, transient=True)
        if kept is not None:
            self.look(kept)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        else:
            self._say(f"chaos: {self._title()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with contextlib.suppress(
                OSError
            ):  # a terminal that is gone must not take the place of what ended the block
                self._live.stop()

    # -- what happens --------------------------------------------------------------------------------------------------

    def begun(self, task: Task) -> None:
        """A plan begins."""
        self._running[task.number] = task, self._clock()

    def ended(self, task: Task, tried: Tried) -> None:
        """A plan has ended."""
        self._running.pop(task.number, None)
        self._counts[tried.outcome] += 1
        if self._live is None or tried.outcome is not Outcome.PASS:
            said = "" if tried.outcome is Outcome.PASS else f": {tried.signature or tried.reason}"
            line = f"{self._signs[tried.outcome]} plan {task.number} (seed {task.seed}) in {tried.seconds:.0f} s{said}"
            self._say(line, STYLES[tried.outcome])

    def shrinking(self, signature: Signature) -> None:
        """A finding is being cut down."""
        self._cutting.add(signature)
        self._say(f"cutting down: {signature}", "dim")

    def shrunk(self, signature: Signature, shrunk: Shrunk | None) -> None:
        """A finding was cut down, or not."""
        self._cutting.discard(signature)
        if shrunk is None:
            self._say(f"not cut down this time: {signature}", "dim")
            return
        if (finding := self._findings.get(signature)) is not None:
            self._findings[signature] = Finding(signature, finding.plans, shrunk)
        self._say(f"cut down from {shrunk.before} steps to {shrunk.steps}, {shrunk.rate}: {signature}")

    def note(self, text: str) -> None:
        """Something that is to be known."""
        self._say(text, "yellow")

    def look(self, kept: Kept | None = None) -> None:
        """Show how it stands."""
        if kept is not None:
            self._findings = {one.signature: one for one in kept.findings}
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.refresh()

    # -- the view ------------------------------------------------------------------------------------------------------

    def _say(self, text: str, style: str = "") -> None:
        with contextlib.suppress(OSError):
            self.console.print(Text(f"{self._passed():>8}  {clean(text)}", style=style))

    def _title(self) -> str:
        about = self._about
        return f"{about.stack} {about.old} -> {about.new} -> {about.old}, seed {about.seed}, campaign {about.id}"

    def _passed(self) -> str:
        return _minutes(self._clock() - self._began)

    def __rich__(self) -> RenderableType:
        end = f" of {_minutes(self._limits.seconds)}" if self._limits.seconds is not None else ""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        table.add_column(justify="right", no_wrap=True)
        counts = Text("   ").join(
            Text(f"{self._signs[one]} {self._counts[one]} {one}", style=STYLES[one]) for one in Outcome
        )
        table.add_row("plans", counts, f"{self._passed()}{end}")
        for task, began in self._running.values():
            passed = f"{_minutes(self._clock() - began)} of about {_minutes(task.seconds)}"
            table.add_row(f"plan {task.number}", Text(clean(task.title)), passed)
        for finding in list(self._findings.values())[:MOST]:
            table.add_row("finding", Text(clean(str(finding.signature)), style=STYLES[Outcome.FAIL]), self._of(finding))
        if len(self._findings) > MOST:
            table.add_row("", f"and {len(self._findings) - MOST} more findings", "")
        stop = Text("Ctrl-C: no further plan; again: end now. From elsewhere: harness chaos stop", style="dim")
        return Group(
            Text(clean(f"chaos: {self._title()}"), style="bold", no_wrap=True, overflow="ellipsis"), table, stop
        )

    def _of(self, finding: Finding) -> str:
        if finding.signature in self._cutting:
            return f"{len(finding.plans)}x, being cut down"
        if finding.shrunk is not None:
            return f"{len(finding.plans)}x, {finding.shrunk.before} -> {finding.shrunk.steps} steps"
        return f"{len(finding.plans)}x"


def _minutes(seconds: float) -> str:
    whole = int(max(0.0, seconds))
    return (
        f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
        if whole >= 3600
        else f"{whole // 60}:{whole % 60:02}"
    )
