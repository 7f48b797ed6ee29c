"""Checks that are called by name: what their verdicts are held against, and parameters from a saved history."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import pytest

from harness import checks
from harness.checks import queue
from harness.checks._evidence import BUSY
from harness.history import Event
from harness.samples import Samples
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import REPLICAS, Made
from suites.selftest.checks.witnessed import judged, witness


def says(outcome: Outcome, *evidence: int, stalled: bool = False) -> checks.Check:
    """A check that always says the same."""

    def check(events: Iterable[Event], *, phase: str, limit: int = 3, names: tuple[str, ...] = ()) -> Verdict:
        return Verdict("made", outcome, f"{limit} of {phase}", evidence, "here", stalled=stalled)

    return check


def called(made: Made, check: checks.Check, **parameters: object) -> Verdict:
    return checks.call(check, made.events, Samples(), "deployed", parameters)


# -- damaged histories -----------------------------------------------------------------------------------------------


def damaged() -> Made:
    """Event 1 of three is damaged."""
    made = Made().add("note", "deployed", text="before")
    return made.add("probe.queue", "deployed", depth="deep", age=[]).add("note", "deployed", text="after")


def test_a_pass_over_a_damaged_event_proves_nothing_whatever_it_rests_on() -> None:
    found = called(damaged(), says(Outcome.PASS, 0, 2))
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason == (
        "event 1 of the history (probe.queue) is damaged: depth, age, so this proves nothing: 3 of deployed"
    )
    assert found.look == "what became of the history (events.jsonl)"
    assert (found.check, found.evidence) == ("made", (0, 2))


def test_a_failure_counts_unless_it_rests_on_the_damaged_event() -> None:
    assert called(damaged(), says(Outcome.FAIL, 0, 2)).outcome is Outcome.FAIL
    assert called(damaged(), says(Outcome.FAIL, 0, 1)).outcome is Outcome.UNKNOWN


def test_what_is_unknown_already_keeps_its_own_reason() -> None:
    assert called(damaged(), says(Outcome.UNKNOWN, 1)).reason == "3 of deployed"


def test_the_first_damaged_event_is_named() -> None:
    made = damaged().add("probe.queue", "deployed", depth="deep")
    assert called(made, says(Outcome.PASS, 0)).reason.startswith("event 1 of the history")


# -- deployers that gave up -----------------------------------------------------------------------------------------


def gave_up(*ends: tuple[int, float | None], share: float, later: bool = False) -> Verdict:
    """What a failed check says after deployers that ended with these codes after these seconds."""
    made = witness(Made(), share)
    made.clock.advance(100.0)
    for code, seconds in ends:
        made.history.record(
            raw("deployer.end", start=0, verb="deploy", release="4.1.1", exit_code=code, ended="exit", seconds=seconds)
        )
    if not later:
        made.add("note", "deployed", text="judged")
    return called(made, says(Outcome.FAIL))


def test_a_deployer_gives_up_for_a_stall_of_a_second_and_a_quarter_of_its_time() -> None:
    assert gave_up((1, 4.0), share=0.25).outcome is Outcome.UNKNOWN
    assert gave_up((1, 3.9), share=0.25).outcome is Outcome.FAIL, "shorter than a second in all"
    assert gave_up((1, 40.0), share=0.24).outcome is Outcome.FAIL, "less than a quarter of its time"
    assert gave_up((1, None), share=1.0).outcome is Outcome.FAIL, "nobody knows how long it ran"


def test_a_deployer_that_gave_up_says_when_the_machine_may_tell() -> None:
    found = gave_up((1, 10.0), share=0.5)
    assert found.look == BUSY
    assert found.reason.startswith(
        "the deploy failed while the machine stood still for 5.0 s of these 10.0 s, so this "
    )


def test_any_of_several_deployers_may_have_given_up() -> None:
    assert gave_up((0, 10.0), (1, 10.0), share=0.5).outcome is Outcome.UNKNOWN
    assert gave_up((1, 1.0), (1, 10.0), share=0.5).outcome is Outcome.UNKNOWN


def test_a_deployer_that_gave_up_after_the_phase_explains_nothing_of_it() -> None:
    made = witness(Made(), 0.5)
    made.clock.advance(100.0)
    made.add("note", "deployed", text="judged").ended("rolled-back", "rollback", exit_code=1)
    assert called(made, says(Outcome.FAIL)).outcome is Outcome.FAIL
    assert gave_up((1, 10.0), share=0.5, later=True).outcome is Outcome.FAIL, "the phase has no events at all"


# -- stalls ----------------------------------------------------------------------------------------------------------


def in_a_phase(share: float, phase: str = "deployed", begin: float = 20.0) -> Made:
    """Ten seconds of a phase in the middle of a history, which the machine stood still for this share of."""
    made = witness(Made(), 0.0, seconds=100)
    witness(made, share, seconds=10, first=int(begin))
    made.clock.advance(20.0)
    for at in range(11):
        made.add("note", phase, text=str(at))
    return made


def test_what_is_unknown_may_be_measured_again_where_the_machine_stood_still_in_the_phase() -> None:
    assert called(in_a_phase(0.9), says(Outcome.UNKNOWN)).stalled
    assert not called(in_a_phase(0.0), says(Outcome.UNKNOWN)).stalled
    assert not called(in_a_phase(0.9, begin=60.0), says(Outcome.UNKNOWN)).stalled, "it stood still at another time"
    assert not called(in_a_phase(0.9, "baseline"), says(Outcome.UNKNOWN)).stalled, "and in another phase"


def test_a_check_that_says_itself_that_the_machine_stood_still_is_believed() -> None:
    assert called(in_a_phase(0.0), says(Outcome.UNKNOWN, stalled=True)).stalled


def test_what_is_known_needs_no_measuring_again() -> None:
    for outcome in (Outcome.PASS, Outcome.FAIL):
        assert not called(in_a_phase(0.9), says(outcome, 0)).stalled


# -- parameters ------------------------------------------------------------------------------------------------------


def test_a_saved_verdict_whose_parameters_are_taken_no_more_is_unknown_with_all_that_is_known_of_it() -> None:
    saved = {"limit": 3, "colour": "red"}
    found = checks.again("made", says(Outcome.PASS, 0), Made().events, Samples(), "deployed", saved)
    assert (found.check, found.outcome, found.parameters) == ("made", Outcome.UNKNOWN, saved)
    assert found.reason == "today's check cannot be asked as it was then: it takes no colour"
    assert found.look == "the version of the harness that saved the run (run.start)"


def test_a_long_explanation_is_cut() -> None:
    saved = {f"parameter-{number}": 1 for number in range(100)}
    found = checks.again("made", says(Outcome.PASS, 0), Made().events, Samples(), "deployed", saved)
    assert len(found.reason) == len("today's check cannot be asked as it was then: ") + 200


@pytest.mark.parametrize("name", ["events", "phase", "samples", "return"])
def test_what_the_history_gives_cannot_be_given_as_a_parameter(name: str) -> None:
    check = checks.find("recovery" if name == "samples" else "queue")
    with pytest.raises(TypeError, match=rf"^it takes no {name}$"):
        checks.call(check, (), Samples(), "deployed", {name: "x"})
    said = checks.refusal(check, {name: "x"})
    assert said is not None
    assert said.startswith("no parameter but ")
    assert name not in said.removeprefix("no parameter but ").split(", ")


def test_a_refusal_names_what_there_is_and_what_is_wrong() -> None:
    check = says(Outcome.PASS, 0)
    assert checks.refusal(check, {"limit": 4, "names": ["a"]}) is None
    assert checks.refusal(check, {"colour": 1}) == "no parameter but limit, names"
    assert checks.refusal(check, {"limit": 4, "names": 3}) == "names: input should be a valid tuple"


def test_a_check_without_parameters_says_so() -> None:
    def check(events: Iterable[Event], *, phase: str) -> Verdict:
        raise NotImplementedError

    assert checks.refusal(check, {"limit": 1}) == "no parameter"


def test_the_parts_of_a_check_are_its_name_and_what_it_was_given() -> None:
    assert checks.parts_of(queue.check) == ("queue", {})
    assert checks.parts_of(partial(queue.check, within=30.0)) == ("queue", {"within": 30.0})
    assert checks.parts_of(checks.find("log-mix"))[0] == "log-mix"


def test_only_checks_that_ask_for_the_samples_get_them() -> None:
    assert checks.needs_samples("recovery")
    assert not checks.needs_samples("queue")


# -- verdicts in a history -------------------------------------------------------------------------------------------


def test_a_verdict_comes_back_from_the_history_as_it_was() -> None:
    verdict = Verdict("queue", Outcome.UNKNOWN, "it stood still", (3, 4), "the witness", {"within": 5.0}, stalled=True)
    event = checks.given(verdict, groundwork=True, link={"chain": 1})
    back = checks.verdict_of(event)
    assert (back, back.parameters, back.stalled) == (verdict, {"within": 5.0}, True)
    assert (event.groundwork, event.link) == (True, {"chain": 1})
    assert not checks.given(verdict).groundwork


@pytest.mark.parametrize("said", ["", "PASS", "passed", "true"])
def test_an_outcome_that_is_none_of_the_three_is_unknown(said: str) -> None:
    assert checks.outcome_of(said) is Outcome.UNKNOWN
    assert checks.outcome_of("pass") is Outcome.PASS


def test_the_baseline_is_no_failure_of_the_release() -> None:
    found = checks.as_groundwork(judged("health", Made().health("deployed", True, False, True), replicas=REPLICAS))
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason.startswith("the baseline is not sound, before anything was deployed: ")
    assert checks.as_groundwork(Verdict("a", Outcome.PASS, "good")).reason == "good"
