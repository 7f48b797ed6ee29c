"""Cases, results and ends of gates that no gate made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.history import Event
from harness.selftest.examining import JudgeResult, Left
from harness.selftest.gating import GateResult, Going
from harness.selftest.table import Case, Result
from harness.selftest.variants import GateVariant, Variants

CLEAN = GateVariant("clean", False, {}, (), ())
HALF = GateVariant("half", True, {}, (), ())
LATE = GateVariant("late", True, {}, (), ("--scenario", "half-deployment"))


def variants(*of: GateVariant) -> Variants:
    return Variants(Path("compose.yaml"), Path("selftest.yaml"), of or (CLEAN, HALF, LATE), ((), ("--recovery",)))


def case(n: int = 0, variant: GateVariant = CLEAN, title: str = "drop events @deploy", **details: Any) -> Case:
    return Case(n, title, variant, details)


def result(n: int, exit_code: int = 0, *, defect: bool = False, touched: int = 1, **more: Any) -> Result:
    variant = "half" if defect else "clean"
    return Result(n, more.pop("title", "drop events @deploy"), variant, defect, exit_code, touched, 1.5, **more)


def ended(tmp_path: Path, exit_code: int = 0, *, hung: bool = False, out: str = "", err: str = "") -> GateResult:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return GateResult(Going(process, tmp_path, "mark"), exit_code, hung, 12.0, out, err)


def left(exit_code: int | None = 0, judged: int | None = 0, **more: Any) -> Left:
    """What a gate left whose history says that it ended with this code; None: it has no end."""
    end = [] if exit_code is None else [Event(1, 0.0, 0.0, "run.end", {"exit_code": exit_code, "reason": "because"})]
    again = None if judged is None else JudgeResult(judged, more.pop("text", ""))
    fields: dict[str, Any] = {"unreadable": "", "objects": (), "processes": (), **more}
    return Left(events=(Event(0, 0.0, 0.0, "run.start", {}), *end), judged=again, **fields)
