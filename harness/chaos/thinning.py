"""What is kept of the evidence: of a finding whole runs, of what passed only the newest."""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path

from harness.chaos.records import Tried
from harness.plan.signature import Signature
from harness.verdict import Outcome

PASSES = 3  # runs that passed and are kept whole, the newest
UNKNOWNS = 20  # runs without a verdict that are kept whole, the newest
OF_A_FINDING = 10  # runs with one signature that are kept whole, the first


class Evidence:
    """Removes directories of runs that nobody will look at, as plans end. Memory and disk stay bounded, however long a
    campaign lasts: the ledger has what came of each plan, and its seed makes it again.
    """

    def __init__(self) -> None:
        self._newest = {Outcome.PASS: deque[Path](), Outcome.UNKNOWN: deque[Path]()}
        self._found: Counter[Signature] = Counter()

    def know(self, plans: Iterable[Tried], runs: Path) -> None:
        """Take in what earlier calls of the same campaign left, else every night would keep its own share.

        Args:
            plans: of the campaign. runs: in which each plan has its directory.
        """
        for plan in plans:
            run = Path(plan.run) if plan.run and plan.state == "done" else None
            if run is not None and run.exists() and run.is_relative_to(runs.absolute()):
                self.ended(plan, runs.absolute() / run.relative_to(runs.absolute()).parts[0])

    def ended(self, plan: Tried, directory: Path | None) -> bool:
        """Take in a plan that has ended, and all that it wrote. Whether that is kept."""
        if directory is None:
            return True
        if plan.outcome is Outcome.FAIL and plan.signature is not None:
            self._found[plan.signature] += 1
            if self._found[plan.signature] > OF_A_FINDING:
                _remove(directory)
                return False
            return True
        newest = self._newest[plan.outcome]
        newest.append(directory)
        while len(newest) > (PASSES if plan.outcome is Outcome.PASS else UNKNOWNS):
            _remove(newest.popleft())
        return True

    def make_room(self) -> int:
        """Remove what passed, all of it. Returns how many runs that were."""
        passed = self._newest[Outcome.PASS]
        count = len(passed)
        while passed:
            _remove(passed.popleft())
        return count


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)  # what cannot be removed is in the way of nobody
