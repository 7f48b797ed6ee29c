"""The load's own answers tell which release gave them."""

from __future__ import annotations

import numpy as np

from harness.checks import answers
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
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


def of(
    kind: str, *who: tuple[int, str, str, frozenset[str] | None]
) -> list[tuple[str, str, str, frozenset[str] | None]]:
    """So many answers of one kind by each server of a release in a form."""
    return [(kind, server, release, form) for count, server, release, form in who for _ in range(count)]


def told(*phases: list[tuple[str, str, str, frozenset[str] | None]], named: bool = False) -> Verdict:
    """What is said of the answers of the baseline, of the deployment and after the rollback; in two windows each."""
    made = Made()
    start = made.history.record(raw("workload.start", file="samples.bin", at=0.0, began=0.0))
    every = [one for phase in phases for one in phase]
    who = list(dict.fromkeys(one[1:] for one in every))
    requests = tuple(dict.fromkeys(one[0] for one in every))
    rows = np.zeros(len(every), SAMPLE)
    rows["n"], rows["flags"], rows["outcome"] = np.arange(len(every)), OK | FINAL, 200
    rows["server"] = [1 + who.index(one[1:]) for one in every]
    rows["request"] = [requests.index(one[0]) for one in every]
    first = 0
    for name, phase in zip(PHASES, phases, strict=True):
        half = first + len(phase) // 2
        for low, high in ((first, half), (half, first + len(phase))):
            made.load(name, start=start.id, first=low, last=high, intended=high - low, sent=high - low)
        first += len(phase)
    numbered = dict(enumerate(who, 1))
    stream = Stream(
        start.id, "", "subject", 0.0, 0.0, "", requests, {n: one[0] for n, one in numbered.items()}, rows, "",
        releases={n: one[1] for n, one in numbered.items()},
        forms={n: one[2] for n, one in numbered.items() if one[2] is not None},
    )  # fmt: skip
    return answers.check(
        made.events, phase="rolled-back", samples=Samples((stream,)), release="4.1.0", deployed="deployed", named=named
    )


WAS = of("a", (60, "w", "4.1.0", OLD)), of("a", (60, "w", "4.1.1", NEW))


def test_answers_of_all_windows_and_servers_are_counted_together() -> None:
    mixed = of("a", (30, "w", "4.1.0", OLD), (20, "v", "4.1.1", OLD), (10, "u", "4.1.1", OLD), (5, "t", "", OLD))
    found = told(*WAS, mixed, named=True)
    assert found.reason == ("mixed answers: 30 of 65 name 4.1.1, not 4.1.0 (v gave 20 and u gave 10)")
    assert found.evidence == (5, 6), "the windows after the rollback"


def test_answers_are_called_mixed_where_some_name_the_right_release() -> None:
    assert told(*WAS, of("a", (59, "w", "4.1.1", OLD), (1, "w", "4.1.0", OLD)), named=True).reason.startswith("mixed")
    every = told(*WAS, of("a", (40, "w", "4.1.1", OLD), (20, "w", "", OLD)), named=True)
    assert every.reason == "40 of 60 name 4.1.1, not 4.1.0 (w gave 40)"
    nobody = told(*WAS, of("a", (60, "", "4.1.1", OLD)), named=True)
    assert nobody.reason == "60 of 60 name 4.1.1, not 4.1.0"


def test_marks_are_looked_for_in_each_kind_of_request_and_those_of_one_are_none_of_another() -> None:
    was = of("a", (60, "w", "", OLD)) + of("b", (60, "w", "", frozenset({"id", "old"}))) + of("c", (60, "w", "", None))
    new = of("a", (60, "w", "", NEW)) + of("b", (60, "w", "", frozenset({"id"}))) + of("c", (60, "w", "", NEW))
    sound = told(was, new, was)
    assert sound.reason == "120 answers have no mark of the release that was taken back (2 would tell it)"
    bad = told(was, new, was + of("b", (3, "w", "", frozenset({"id"}))))
    assert bad.reason == (
        "mixed answers: 3 of 63 answers to b lack old, as only those of the release that was taken back do (w gave 3)"
    )
    assert bad.evidence == (1, 2, 3, 4, 5, 6), "the windows of all three phases"


def test_a_kind_that_is_asked_too_rarely_tells_nothing_and_hides_no_other() -> None:
    for few, looked in ((answers.ENOUGH - 1, 60), (answers.ENOUGH, 60 + answers.ENOUGH)):
        was = of("a", (few, "w", "", OLD)) + of("b", (60, "w", "", OLD))
        new = of("a", (few, "w", "", NEW)) + of("b", (60, "w", "", NEW))
        assert told(was, new, was).reason.startswith(f"{looked} answers have no mark")
    new_kind = told(*WAS, of("z", (60, "w", "", NEW)) + of("a", (60, "w", "", NEW)))
    assert new_kind.outcome is Outcome.FAIL
    assert "60 of 60 answers to a have plan" in new_kind.reason
    gone = told(of("z", (60, "w", "", OLD)) + WAS[0], WAS[1], of("z", (60, "w", "", OLD)) + WAS[0])
    assert gone.reason.startswith("60 answers have no mark")


def test_a_name_is_a_mark_where_nearly_all_have_it_and_the_others_hardly_ever() -> None:
    for have, marks in ((950, True), (949, False)):
        new = of("a", (have, "w", "", NEW), (1000 - have, "v", "", OLD))
        assert (told(WAS[0], new, WAS[0]).reason.startswith("60 answers")) is marks
    for have, marks in ((50, True), (51, False)):
        new = of("a", (have, "w", "", OLD), (1000 - have, "v", "", frozenset({"id"})))
        assert (told(WAS[0], new, WAS[0]).reason.startswith("60 answers")) is marks
    old = of("a", (59, "w", "", NEW), (1, "v", "", OLD))
    assert told(old, of("a", (60, "w", "", OLD)), old).reason.startswith("nothing in the form"), "one lacks it"


def test_three_marks_are_named() -> None:
    found = told(WAS[0], of("a", (60, "w", "", OLD | set("pqrs"))), of("a", (60, "", "", OLD | set("pqrs"))))
    assert found.reason == "60 of 60 answers have p, q and r, as only those of the release that was taken back do"


def test_without_answers_of_one_of_the_phases_no_marks_can_be_told() -> None:
    found = told([], WAS[1], WAS[0])
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason == "no good answer is known of the phase baseline"
    made = Made().load("rolled-back", start=7)
    assert answers.check(made.events, phase="rolled-back").reason == (
        "the answers of the phase rolled-back are not known: its samples are not there"
    )


def test_bad_answers_and_attempts_that_were_not_the_last_tell_nothing() -> None:
    made = Made()
    start = made.history.record(raw("workload.start", file="samples.bin", at=0.0, began=0.0))
    rows = np.zeros(4, SAMPLE)
    rows["n"], rows["flags"], rows["server"] = np.arange(4), [OK | FINAL, OK, FINAL, 0], 1
    made.load("rolled-back", start=start.id, first=0, last=4)
    stream = Stream(start.id, "", "subject", 0.0, 0.0, "", ("a",), {1: "w"}, rows, "", releases={1: "4.1.0"})
    found = answers.check(made.events, phase="rolled-back", samples=Samples((stream,)), release="4.1.0", named=True)
    assert found.reason == "1 answers name 4.1.0"


def test_an_answer_of_somebody_who_was_never_named_names_no_release_and_nobody_gave_it() -> None:
    made = Made()
    start = made.history.record(raw("workload.start", file="samples.bin", at=0.0, began=0.0))
    rows = np.zeros(5, SAMPLE)
    rows["n"], rows["flags"], rows["server"] = np.arange(5), OK | FINAL, [0, 0, 1, 1, 2]
    made.load("rolled-back", start=start.id, first=0, last=5)
    stream = Stream(
        start.id, "", "subject", 0.0, 0.0, "", ("a",), {1: "w"}, rows, "", releases={1: "4.1.0", 2: "4.1.0"}
    )
    found = answers.check(made.events, phase="rolled-back", samples=Samples((stream,)), release="4.1.0", named=True)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "2 of 5 good answers name no release")
    other = answers.check(made.events, phase="rolled-back", samples=Samples((stream,)), release="9", named=True)
    assert other.reason == "3 of 5 name 4.1.0, not 9 (w gave 2)"


def test_a_form_that_several_servers_give_is_that_of_all() -> None:
    was = of("a", (30, "w", "", OLD), (30, "v", "", OLD))
    found = told(was, of("a", (60, "w", "", frozenset({"id"}))), of("a", (60, "w", "", frozenset({"id"}))))
    assert "60 of 60 answers lack state" in found.reason
    two = told(*WAS, of("a", (10, "v", "4.1.1", NEW), (5, "v", "4.1.2", NEW)))
    assert two.reason.endswith("(v gave 15)")
