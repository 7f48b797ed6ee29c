"""The load's own answers tell which release gave them."""

from __future__ import annotations

import numpy as np

from harness.checks import answers
from harness.samples import FINAL, OK, SAMPLE, Samples, Stream
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import Made

PHASES = ("baseline", "deployed", "rolled-back")
OLD, NEW = frozenset({"id", "state"}), frozenset({"id", "state", "plan"})


class Answered:
    """A hundred answers in each phase. Who and what gave one is `(server, release, form)`."""

    def __init__(self) -> None:
        self.who: list[tuple[str, str, frozenset[str] | None]] = [
            *[("web-1", "4.1.0", OLD)] * 100, *[("web-1", "4.1.1", NEW)] * 100, *[("web-1", "4.1.0", OLD)] * 100,
        ]  # fmt: skip

    def after(self, count: int, server: str, release: str, form: frozenset[str] | None) -> Answered:
        """So many of the answers after the rollback are of somebody."""
        self.who[200 : 200 + count] = [(server, release, form)] * count
        return self

    def judge(self, *, named: bool = False, problem: str = "") -> Verdict:
        made = Made()
        start = made.history.record(raw("workload.start", file="samples.bin", at=0.0, began=0.0))
        kinds = list(dict.fromkeys(self.who))
        rows = np.zeros(300, SAMPLE)
        rows["n"], rows["flags"], rows["outcome"] = np.arange(300), OK | FINAL, 200
        rows["server"] = [1 + kinds.index(one) for one in self.who]
        for number, phase in enumerate(PHASES):
            made.load(phase, start=start.id, first=100 * number, last=100 * (number + 1), intended=100, sent=100)
        numbered = dict(enumerate(kinds, 1))
        servers = {n: one[0] for n, one in numbered.items()}
        stream = Stream(
            start.id, "", "subject", 0.0, 0.0, "", ("request",), servers, rows, problem,
            releases={n: one[1] for n, one in numbered.items()},
            forms={n: one[2] for n, one in numbered.items() if one[2] is not None},
        )  # fmt: skip
        return answers.check(
            made.events,
            phase="rolled-back",
            samples=Samples((stream,)),
            release="4.1.0",
            deployed="deployed",
            named=named,
        )


def test_answers_that_are_as_in_the_baseline_pass() -> None:
    verdict = Answered().judge(named=True)
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == (
        "100 answers name 4.1.0; 100 answers have no mark of the release that was taken back (1 would tell it)"
    )


def test_some_answers_that_name_the_other_release_are_mixed_and_told_by_whom() -> None:
    verdict = Answered().after(12, "web-2", "4.1.1", OLD).judge(named=True)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "mixed answers: 12 of 100 name 4.1.1, not 4.1.0 (web-2 gave 12)"


def test_answers_with_the_form_of_the_other_release_fail_though_no_release_is_named() -> None:
    verdict = Answered().after(7, "web-2", "", NEW).judge()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == (
        "mixed answers: 7 of 100 answers have plan, as only those of the release that was taken back do (web-2 gave 7)"
    )


def test_all_answers_with_that_form_fail_and_are_not_called_mixed() -> None:
    verdict = Answered().after(100, "web-1", "4.1.0", NEW).judge()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("100 of 100 answers have plan")


def test_a_name_that_only_the_old_release_had_is_missed() -> None:
    made = Answered()
    made.who[100:200] = [("web-1", "4.1.1", frozenset({"id"}))] * 100
    verdict = made.after(9, "web-1", "", frozenset({"id"})).judge()
    assert verdict.outcome is Outcome.FAIL
    assert "9 of 100 answers lack state" in verdict.reason


def test_a_name_that_is_there_now_and_then_is_data_and_no_mark() -> None:
    made = Answered()
    made.who[100:200] = [("web-1", "4.1.1", NEW), ("web-1", "4.1.1", OLD)] * 50
    verdict = made.after(50, "web-1", "4.1.0", NEW).judge()
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == "nothing in the form of the answers tells the releases apart"


def test_answers_without_a_form_tell_nothing_and_that_is_said() -> None:
    made = Answered()
    made.who = [(server, release, None) for server, release, _ in made.who]
    verdict = made.judge()
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == "nothing in the form of the answers tells the releases apart"


def test_good_answers_that_should_name_a_release_and_do_not_leave_it_unknown() -> None:
    verdict = Answered().after(3, "web-1", "", OLD).judge(named=True)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reason == "3 of 100 good answers name no release"


def test_samples_that_are_not_whole_leave_it_unknown() -> None:
    verdict = Answered().judge(problem="samples.bin was changed")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "samples.bin was changed" in verdict.reason
