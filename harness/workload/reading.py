"""What a running workload's reads found, as the events of windows and of passes over everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.events import BadRead, WorkloadReads
from harness.events.workload import ANYTHING
from harness.samples import CODES
from harness.workload.reads import GOOD, PATIENCE, UNANSWERED, WRONG
from harness.workload.spec import Spec

EXAMPLES = 20  # of each kind of bad reads, told in full


class ReadResults:
    """The reads of one start of a workload."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.passed = self._number = 0
        self._written = self._skipped = 0
        self._beside: list[Mapping[str, Any]] = []
        self._every: dict[tuple[int, int], Mapping[str, Any]] = {}  # the last read of each in a pass, and its attempts
        self._tries: dict[tuple[int, int], int] = {}

    @property
    def declared(self) -> bool:
        """Whether any request has a read."""
        return any(one.read for one in self.spec.requests)

    @property
    def within(self) -> float:
        """Seconds for which it is worth while to ask again."""
        return PATIENCE + max((one.read.within for one in self.spec.requests if one.read), default=0.0)

    @property
    def bad(self) -> bool:
        """Something was not found as it was written, in the last pass over everything."""
        return any(one["verdict"] != GOOD for one in self._every.values())

    def take(self, said: Mapping[str, Any]) -> None:
        """What the generator reports."""
        self._skipped += said["skipped"]
        for one in said["found"]:
            if not one["pass"]:
                self._beside.append(one)
                continue
            name = (one["request"], one["n"])
            self._every[name] = one
            self._tries[name] = self._tries.get(name, 0) + 1
        for number, written in said["passed"]:
            self.passed, self._written = number, written

    def begin(self) -> int:
        """The number of the next pass."""
        self._number += 1
        return self._number

    def beside(self, start: int | None, since: float, at: float) -> WorkloadReads:
        """What was found beside the load since the last time.

        Args:
            since: when the window began, in seconds since the workload did.
            at: when the workload began, in seconds of the history.
        """
        found, self._beside = self._beside, []
        skipped, self._skipped = self._skipped, 0
        return self._event(start, at, found, since=since, skipped=skipped)

    def everything(self, start: int | None, at: float, error: str | None) -> WorkloadReads:
        """What was found of everything that was written, when it was asked for last."""
        found = [{**one, "attempts": self._tries[name]} for name, one in self._every.items()]
        self._every, self._tries = {}, {}
        return self._event(start, at, found, written=self._written, error=error)

    def _event(
        self,
        start: int | None,
        at: float,
        found: Sequence[Mapping[str, Any]],
        *,
        since: float = 0.0,
        written: int | None = None,
        skipped: int = 0,
        error: str | None = None,
    ) -> WorkloadReads:
        found = sorted(found, key=lambda one: (one["written"], one["n"]))  # the first that went wrong are told
        good = [one for one in found if one["verdict"] == GOOD]
        wrong = [one for one in found if one["verdict"] == WRONG]
        silent = [one for one in found if one["verdict"] == UNANSWERED]
        unanswered = [one for one in silent if one["asked"] >= since]
        return WorkloadReads(
            start=start,
            every=written is not None,
            written=written or 0,
            asked=len(found),
            good=len(good),
            late=sum(one["attempts"] > 1 for one in good),
            wrong=len(wrong),
            absent=sum(one["expected"] == ANYTHING for one in wrong),
            unanswered=len(unanswered),
            interrupted=len(silent) - len(unanswered),
            skipped=skipped,
            bad=[self._told(one, at) for one in (*wrong[:EXAMPLES], *unanswered[:EXAMPLES])],
            error=error,
        )

    def _told(self, one: Mapping[str, Any], at: float) -> BadRead:
        written, asked, ended = (round(at + one[name], 6) for name in ("written", "asked", "ended"))
        outcome = int(one["outcome"])
        return BadRead(
            key=f"{self.spec.key}-{one['n']}",
            request=self.spec.requests[one["request"]].name,
            verdict=one["verdict"],
            outcome=CODES.get(outcome, f"status {outcome}"),
            server=one["server"],
            written=written,
            asked=asked,
            ended=ended,
            attempts=one["attempts"],
            expected=one["expected"],
            got=one["got"],
        )
