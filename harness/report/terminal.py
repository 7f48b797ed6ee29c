"""What a person sees while a run goes on: one line a step, with a spinner where there is a terminal."""

from __future__ import annotations

import contextlib
import os
import threading

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from harness.checks import outcome_of
from harness.events import (
    ContainerChange,
    DeployerEnd,
    DeployerLine,
    DeployerStart,
    FaultHeal,
    FaultInject,
    Note,
    PlanShown,
    RunEnd,
    RunError,
    StepEnd,
    StepStart,
    VerdictGiven,
)
from harness.history import Event
from harness.printable import clean
from harness.verdict import Outcome

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.UNKNOWN: "yellow"}
SIGNS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?"}
PLAIN_SIGNS = {Outcome.PASS: "ok", Outcome.FAIL: "FAIL", Outcome.UNKNOWN: "?"}
LINES = 12  # of the deployer's output are shown for one run of it


class Steady(Console):
    """A console that goes quiet when its reader is gone (`harness gate | head`). Rich's own would end the process, with
    an exit code that is a verdict's, and in the middle of whatever was to be told.
    """

    def on_broken_pipe(self) -> None:
        """Stop writing, here and at the interpreter's end."""
        self.quiet = True
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Terminal:
    """Listens to a history and shows its progress; `history.listen(Terminal(console))`. Also a context manager.

    Args:
        console: where to. Rich honours NO_COLOR, and knows whether this is a terminal.
        lines: so many lines of one run of the deployer are shown; the others are in the history.
    """

    def __init__(self, console: Console | None = None, *, lines: int = LINES) -> None:
        self.console = console or Steady(stderr=True)
        self._lines = lines
        self._shown = self._hidden = 0
        self._lock = threading.RLock()
        self._steps: dict[int | None, tuple[str, int]] = {}
        self._task: TaskID | None = None
        self._bars: Bars | None = None
        unicode = (self.console.encoding or "").lower().startswith("utf")
        self._signs = SIGNS if unicode else PLAIN_SIGNS
        self._bar = "│" if unicode else "|"
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._bars = Bars(
                SpinnerColumn("dots" if unicode else "line"), TextColumn("{task.description}"), TimeElapsedColumn(),
                console=self.console, transient=True,
            )  # fmt: skip

    def __call__(self, event: Event) -> None:
        """Show an event, if it is one to show. What cannot be shown is in the history all the same."""
        show = getattr(self, "_on_" + event.kind.replace(".", "_"), None)
        if show is not None:
            with self._lock, contextlib.suppress(OSError):
                show(event, event.body)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone must not take the place of what ended the block
            self.close()

    def building(self, image: str, line: str) -> None:
        """Show what the build of an image does: its steps, not every line that they print."""
        if line.startswith(("Step ", "Pulling ", "Making ", "Installing ")):
            with self._lock:
                text = f"         {clean(image)}: {clean(line)}"
                room = max(self.console.width, 40)
                self.console.print(Text(text if len(text) <= room else text[: room - 3] + "...", style="dim"))

    def close(self) -> None:
        """Take the spinner away."""
        with self._lock:
            self._steps.clear()
            self._spin()

    def _on_step_start(self, event: Event, body: StepStart) -> None:
        number = f"{event.plan_step}. " if event.plan_step is not None else ""  # of the plan
        title, depth = number + clean(body.title or body.name), len(self._steps)
        self._steps[event.id] = (title, depth)
        if self._bars is None:
            self._say(event.since_start, Text(f"{title} ..."), depth)
        self._spin()

    def _on_step_end(self, event: Event, body: StepEnd) -> None:
        title, depth = self._steps.pop(body.start, (clean(body.name), 0))
        self._spin()
        ok = body.ok
        if self._bars is None and ok and depth:
            return  # its beginning was told; where every line is kept, the end of an inner step says nothing new
        sign = self._signs[Outcome.PASS if ok else Outcome.FAIL]
        line = Text(f"{sign} ", style=STYLES[Outcome.PASS if ok else Outcome.FAIL])
        line.append(title, style="" if ok else "bold").append(f"  {body.seconds or 0.0:.1f} s", style="dim")
        self._say(event.since_start, line, depth)
        if not ok:
            first = next(iter((body.error or "").splitlines()), "")
            self._say(event.since_start, Text(clean(first), style="red"), depth + 1)

    def _on_plan(self, event: Event, body: PlanShown) -> None:
        for line in body.text:
            self._say(event.since_start, Text(clean(line), style="dim"), len(self._steps))

    def _on_deployer_start(self, event: Event, body: DeployerStart) -> None:
        self._shown = self._hidden = 0
        words = " ".join(clean(word) for word in body.command)
        self._say(event.since_start, Text(f"{self._bar} $ {words}", style="dim"), len(self._steps))

    def _on_deployer_line(self, event: Event, body: DeployerLine) -> None:
        self._shown += 1
        if self._shown > self._lines:
            self._hidden += 1
        else:
            self._say(event.since_start, Text(f"{self._bar} {clean(body.text)}", style="dim"), len(self._steps))

    def _on_deployer_end(self, event: Event, body: DeployerEnd) -> None:
        if self._hidden:
            more = f"{self._bar} ... {self._hidden} more lines in the history"
            self._say(event.since_start, Text(more, style="dim"), len(self._steps))
        if body.ended != "exit" or body.exit_code != 0:
            how = f"exit code {body.exit_code}" if body.ended == "exit" else clean(body.ended)
            self._say(event.since_start, Text(f"{self._bar} {how}", style="red"), len(self._steps))

    def _on_fault_inject(self, event: Event, body: FaultInject) -> None:
        self._say(event.since_start, Text(f"! {clean(body.title)}", style="yellow"), len(self._steps))

    def _on_fault_heal(self, event: Event, body: FaultHeal) -> None:
        proven = body.bit is True and body.gone is True
        line = Text("healed: " if proven else f"{self._signs[Outcome.UNKNOWN]} ", style="" if proven else "yellow")
        self._say(event.since_start, line.append(clean(body.reason), style="dim"), len(self._steps))

    def _on_container(self, event: Event, body: ContainerChange) -> None:
        if body.action in ("die", "oom", "restart") and not body.replaced:
            code = f", exit code {body.exit_code}" if body.exit_code is not None else ""
            line = Text(f"! {clean(body.replica)}: {clean(body.action)}{code}", style="yellow")
            self._say(event.since_start, line, len(self._steps))

    def _on_verdict(self, event: Event, body: VerdictGiven) -> None:
        outcome = outcome_of(body.outcome)
        if body.check == "run":
            return
        line = Text(f"{self._signs[outcome]} ", style=STYLES[outcome])
        line.append(f"{clean(body.check)}: ", style="bold" if outcome is not Outcome.PASS else "")
        line.append(clean(body.reason), style="dim" if outcome is Outcome.PASS else "")
        self._say(event.since_start, line, len(self._steps))

    def _on_note(self, event: Event, body: Note) -> None:
        self._say(event.since_start, Text(clean(body.text)), len(self._steps))

    def _on_run_error(self, event: Event, body: RunError) -> None:
        self._say(event.since_start, Text(clean(body.what or body.message), style="bold red"), 0)

    def _on_run_end(self, event: Event, body: RunEnd) -> None:
        del event, body
        self.close()

    def _say(self, at: float, line: Text, depth: int) -> None:
        """One line with its time in front; what does not fit is cut on a terminal, and kept in a file."""
        whole = Text(f"{at:6.1f}s  ", style="dim") + Text("  " * depth) + line
        fits = self._bars is not None
        self.console.print(
            whole, overflow="ellipsis" if fits else "ignore", no_wrap=True, crop=fits, soft_wrap=not fits,
            highlight=False,
        )  # fmt: skip

    def _spin(self) -> None:
        """Show the innermost step that is going on, if there is one."""
        if self._bars is None:
            return
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        if self._steps:
            title, _ = self._steps[max(one for one in self._steps if one is not None)]
            self._bars.start()
            self._task = self._bars.add_task(escape(title))
        else:
            self._bars.stop()
