"""The outcomes by plan: kept, resumed, and refused where they are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import NoSpace, UsageError
from harness.plan.shrinking.outcomes import LOST, Outcomes, Tried, digest
from harness.plan.signature import Signature
from harness.plan.steps.load import Load
from harness.verdict import Outcome
from suites.selftest.plan.made import plan_of

PLAN, OTHER = plan_of(Load()), plan_of(Load(rate=5.0))
FAILED = Tried(Outcome.FAIL, Signature("release", "leftovers", "web"), 3, "web-1 runs 1.1.0", 12.5, "runs/r1")
ABOUT = {"service web": "12ab"}


def whole(error: UsageError) -> tuple[str | None, str | None]:
    """Where, and what there is instead, of a refusal that also says what is expected and what to do."""
    assert error.expected
    assert error.hint
    return error.where, error.got


def kept(file: Path) -> Outcomes:
    """A file in which one run of a plan failed."""
    outcomes = Outcomes(file, ABOUT)
    outcomes.end(PLAN, outcomes.start(PLAN), FAILED)
    return outcomes


def test_a_plan_is_known_by_its_steps_and_not_by_its_name() -> None:
    assert digest(PLAN) == digest(replace(PLAN, name="other", title="other"))
    assert digest(PLAN) != digest(OTHER)
    assert digest(PLAN) != digest(replace(PLAN, new="2.0.0"))


def test_what_was_kept_is_there_again_whole(tmp_path: Path) -> None:
    kept(tmp_path / "o").close()
    again = Outcomes(tmp_path / "o", ABOUT)
    assert again.of(PLAN) == (FAILED,)
    assert (again.of(OTHER), again.lost, again.unknown()) == ((), 0, 0)


def test_a_run_that_was_started_and_not_ended_is_unknown_and_told_once(tmp_path: Path) -> None:
    first = kept(tmp_path / "o")
    first.start(OTHER)
    first.close()
    again = Outcomes(tmp_path / "o", ABOUT)
    assert again.of(OTHER) == (Tried(Outcome.UNKNOWN, reason=LOST),)
    assert (again.lost, again.unknown()) == (1, 1)
    again.close()
    third = Outcomes(tmp_path / "o", ABOUT)
    assert (third.lost, third.unknown(), len(third.of(OTHER))) == (0, 1, 1)


def test_a_run_that_was_withdrawn_counts_as_never_tried(tmp_path: Path) -> None:
    first = Outcomes(tmp_path / "o", ABOUT)
    first.withdrawn(PLAN, first.start(PLAN))
    first.close()
    again = Outcomes(tmp_path / "o", ABOUT)
    assert (again.of(PLAN), again.lost) == ((), 0)


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_torn_last_line_is_left_out_and_what_follows_is_whole(cut: int, tmp_path: Path) -> None:
    file = tmp_path / "o"
    kept(file).close()
    file.write_bytes(file.read_bytes()[:-cut])
    again = Outcomes(file, ABOUT)
    assert [one.reason for one in again.of(PLAN)] == [LOST]  # its start is there, its end is torn
    again.end(PLAN, again.start(PLAN), FAILED)
    again.close()
    assert [one.outcome for one in Outcomes(file, ABOUT).of(PLAN)] == [Outcome.UNKNOWN, Outcome.FAIL]
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_a_file_that_was_torn_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "o").write_text('{"v": 1, "ab')
    assert Outcomes(tmp_path / "o", ABOUT).of(PLAN) == ()
    assert json.loads((tmp_path / "o").read_text())["about"] == ABOUT


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff", b"[]", b"null", b"7", b'{"end": "x"}', b'{"end": 1, "plan": "p"}', b"{" * 5000,
        b'{"end": 1, "plan": "p", "outcome": "perhaps"}', b'{"end": 1, "plan": "p", "outcome": "fail", "signature": 3}',
    ],
)  # fmt: skip
def test_a_foreign_line_is_refused_with_its_number(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "o"
    kept(file).close()
    with file.open("ab") as more:
        more.write(line + b"\n")
    with pytest.raises(UsageError, match="damaged") as caught:
        Outcomes(file, ABOUT)
    assert whole(caught.value) == (f"{file}, line 4", line[:80].decode("utf-8", "replace"))


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "o").write_text('{"v": 2, "about": {}}\n')
    with pytest.raises(UsageError, match="newer version") as caught:
        Outcomes(tmp_path / "o")
    assert whole(caught.value) == (str(tmp_path / "o"), "format 2")
    assert caught.value.expected == "format 1"


def test_outcomes_of_another_stack_are_refused_and_named(tmp_path: Path) -> None:
    kept(tmp_path / "o").close()
    with pytest.raises(UsageError, match="something else") as caught:
        Outcomes(tmp_path / "o", {"service web": "34cd"})
    assert whole(caught.value) == (str(tmp_path / "o"), "another service web")


def test_a_file_is_of_one_process_alone(tmp_path: Path) -> None:
    first = kept(tmp_path / "o")
    with pytest.raises(UsageError, match="Another process") as caught:
        Outcomes(tmp_path / "o", ABOUT)
    assert caught.value.where == str(tmp_path / "o")
    assert caught.value.hint
    first.close()
    Outcomes(tmp_path / "o", ABOUT).close()


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "o").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="too large"):
        Outcomes(tmp_path / "o", ABOUT)


def test_runs_are_numbered_one_after_the_other_also_where_it_goes_on(tmp_path: Path) -> None:
    first = kept(tmp_path / "o")
    assert [first.start(PLAN), first.start(OTHER)] == [2, 3]
    first.withdrawn(PLAN, 2)
    first.close()
    again = Outcomes(tmp_path / "o", ABOUT)
    assert (again.lost, again.start(PLAN)) == (1, 4)
    again.close()


def test_in_memory_alone_nothing_is_lost() -> None:
    made = Outcomes()
    made.end(PLAN, made.start(PLAN), FAILED)
    assert (made.lost, made.of(PLAN)) == (0, (FAILED,))


def test_what_is_at_its_place_and_is_no_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    with pytest.raises(UsageError, match="not a regular file") as caught:
        Outcomes(tmp_path / "o")
    assert caught.value.where == str(tmp_path / "o")


def test_a_file_that_cannot_be_written_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = kept(tmp_path / "o")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NoSpace) as caught:
        made.start(PLAN)
    assert caught.value.where == str(tmp_path / "o")
    made.close()
