"""Gates whose own harness is spoilt: none may pass a defect, and none may fail the clean stack."""

from __future__ import annotations

import dataclasses
import random
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine import Engine
from harness.selftest.examining import Left, examine, judge
from harness.selftest.expecting import findings
from harness.selftest.gating import LIMIT, GateResult, GateRunner
from harness.selftest.seams.files import FILES, NAMES, spoil_at_rest
from harness.selftest.seams.files import files as files_of
from harness.selftest.seams.trigger import SAVED, SeamSpec
from harness.selftest.table import Case, Result

Beside = Callable[[Case, GateRunner, threading.Event], Mapping[str, Any]]  # what else is done while a gate runs


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs cases, and says what came of them.

    Attributes:
        engine: to look for what is left behind.
        stack: the Compose file.
        directory: in which each case gets one of its own, which is kept where something was found.
        limit: seconds after which a gate hangs.
    """

    engine: Engine
    stack: Path
    directory: Path
    limit: float = LIMIT

    def run(self, case: Case, stop: threading.Event) -> Result:
        """Run one. Stopped when the event was set meanwhile."""
        with self.place(case) as directory:
            spoilt = case.details if case.details and case.details["phase"] != SAVED else None
            ended = GateRunner(case, self.stack, directory, spoilt, self.limit).wait(stop)
            return self.judged(case, ended, _killed(case) and bool(ended.touches))

    def place(self, case: Case) -> _Place:
        """An empty directory for a case; it is gone after the block unless it is asked to stay."""
        return _Place(self.directory / f"{case.n:04d}")

    def judged(self, case: Case, ended: GateResult, killed: bool = False) -> Result:
        """What came of a gate that has ended."""
        left = examine(self.engine, ended.going, killed or (bool(ended.touches) and _cut_off(case)))
        touches = [*ended.touches]
        run = ended.going.run
        if case.details.get("phase") == SAVED and run is not None:
            touches += _spoil_saved(run, SeamSpec.of(case.details))
            left = dataclasses.replace(left, judged=judge(ended.going, run))
        found = findings(case, ended, left, killed=killed)
        if not found:
            shutil.rmtree(ended.going.directory, ignore_errors=True)
        end = left.end
        return Result(
            n=case.n,
            title=case.title,
            variant=case.variant.name,
            defect=case.variant.defect,
            exit_code=ended.exit_code,
            touched=len(touches),
            seconds=ended.seconds,
            reason=_reason(ended, end.reason if end is not None else ""),
            judged=left.judged.exit_code if left.judged is not None else None,
            findings=found,
            evidence=str(ended.going.directory) if found else "",
            details=self.details(case, left, touches),
        )

    def details(self, case: Case, left: Left, touches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What is kept of a run beside its verdict."""
        del left
        return {**case.details, "touches": list(touches[:5])}


class _Place:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __enter__(self) -> Path:
        shutil.rmtree(self._directory, ignore_errors=True)  # of a run that was interrupted
        self._directory.mkdir(parents=True)
        return self._directory

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def _killed(case: Case) -> bool:
    return case.details.get("target") == "harness" and case.details.get("action") == "kill"


def _cut_off(case: Case) -> bool:
    """The gate cannot clean up itself: it is killed, or the engine does not answer it."""
    return _killed(case) or case.details.get("target") == "engine-answers"


def _spoil_saved(run: Path, spec: SeamSpec) -> list[Mapping[str, Any]]:
    """Spoil a file of a run that is over."""
    rng = random.Random(spec.seed)  # noqa: S311 - it must be the same again
    found = [path for path in files_of(run.parent, *NAMES[spec.target.removesuffix(FILES)]) if path.stat().st_size]
    return [{"what": spoil_at_rest(rng.choice(found), spec.action, rng)}] if found else []


def _reason(ended: GateResult, reason: str) -> str:
    """Why it ended as it did: of the verdict, or of the error that it printed."""
    error = next((line for line in ended.err.splitlines() if line.startswith("error:")), "")
    return " ".join((error if ended.exit_code not in (0, 1, 2) and error else reason or error).split())[:300]
