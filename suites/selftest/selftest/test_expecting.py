"""What may not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.selftest.expecting import UNNAMED, findings
from harness.selftest.seams.trigger import KILLED
from harness.selftest.variants import GateVariant
from suites.selftest.selftest.made import CLEAN, HALF, case, ended, left

TRACE = "Traceback (most recent call last):\n  File x\n    y\nKeyError: 'z'\n"


def test_an_error_that_was_raised_on_purpose_is_no_finding(tmp_path: Path) -> None:
    told = ended(tmp_path, exit_code=3, err=f"error: {UNNAMED}: RuntimeError: {KILLED}\n")
    assert findings(case(variant=CLEAN), told, left(exit_code=3, judged=2)) == ()


@pytest.mark.parametrize(
    ("variant", "exit_code", "judged"),
    [(CLEAN, 0, 0), (CLEAN, 2, 2), (CLEAN, 3, 2), (HALF, 1, 1), (HALF, 2, 2), (HALF, 3, 1), (CLEAN, 2, 0)],
)
def test_an_honest_end_is_no_finding(tmp_path: Path, variant: GateVariant, exit_code: int, judged: int) -> None:
    assert findings(case(variant=variant), ended(tmp_path, exit_code), left(exit_code, judged)) == ()


def test_a_traceback_that_an_application_has_logged_is_no_finding(tmp_path: Path) -> None:
    quoted = (
        f"│ logs (deployed) unknown: web.log has 1 error line: {TRACE}    9.1s  │ Traceback (most recent call last):\n"
    )
    assert findings(case(variant=CLEAN), ended(tmp_path, 2, out=quoted), left(2, 2)) == ()


@pytest.mark.parametrize(
    ("variant", "end", "what_is_left", "words"),
    [
        (HALF, {"exit_code": 0}, {"judged": 1}, "false pass: the gate of the defect half passed"),
        (HALF, {"exit_code": 1}, {"exit_code": 1, "judged": 0}, "false pass: judged again, the defect half passes"),
        (CLEAN, {"exit_code": 1}, {"exit_code": 1, "judged": 2}, "false alarm: the gate of clean failed"),
        (CLEAN, {"exit_code": 2}, {"exit_code": 2, "judged": 1}, "false alarm: judged again, clean fails"),
        (CLEAN, {"exit_code": 2}, {"exit_code": 0}, "exit code: 2, and the history says 0"),
        (CLEAN, {"exit_code": 0}, {"exit_code": None}, "no history: exit code 0, and the history has no end"),
        (CLEAN, {"exit_code": 0}, {"unreadable": "x"}, "no history: exit code 0, and the history cannot be read: x"),
        (CLEAN, {"exit_code": 4}, {"exit_code": 4}, "exit code: 4"),
        (CLEAN, {"exit_code": -9}, {"exit_code": None}, "exit code: -9"),
        (CLEAN, {"exit_code": 143, "hung": True}, {"exit_code": 143}, "hang: it did not end within 12 s"),
        (CLEAN, {"err": TRACE}, {}, "traceback: of the gate: KeyError: 'z'"),
        (CLEAN, {}, {"text": TRACE}, "traceback: of judging it again: KeyError: 'z'"),
        (CLEAN, {"exit_code": 3, "err": f"error: {UNNAMED}: KeyError: 1\n"}, {"exit_code": 3, "judged": 2},
         "unnamed error: of the gate: error: the harness itself failed: KeyError: 1"),
        (CLEAN, {}, {"objects": ("network h1",)}, "left behind: network h1"),
        (CLEAN, {}, {"processes": ("python x",)}, "still running: python x"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_a_finding_that_names_its_kind(
    tmp_path: Path, variant: GateVariant, end: dict[str, Any], what_is_left: dict[str, Any], words: str
) -> None:
    assert findings(case(variant=variant), ended(tmp_path, **end), left(**what_is_left)) == (words,)


def test_where_nothing_was_done_to_a_gate_its_verdict_must_be_the_right_one(tmp_path: Path) -> None:
    for variant, right in ((CLEAN, 0), (HALF, 1)):
        for code in (0, 1, 2, 3):
            found = findings(case(variant=variant, title=""), ended(tmp_path, code), left(code, 2))
            assert bool(found) is (code != right)


def test_a_gate_that_was_killed_on_purpose_owes_no_end_but_must_leave_nothing(tmp_path: Path) -> None:
    killed = ended(tmp_path, -9)
    assert findings(case(), killed, left(None, 2), killed=True) == ()
    assert findings(case(), killed, left(None, 2, processes=("x",)), killed=True) == ("still running: x",)
    assert findings(case(variant=HALF), killed, left(None, 0), killed=True) == (
        "false pass: judged again, the defect half passes",
    )
    assert findings(case(), ended(tmp_path, 0), left(0, 0), killed=True) == ("exit code: 0 of a gate that was killed",)
