"""What the rules say together: which comes first, what goes on, what is not known."""

from __future__ import annotations

import pytest

from harness import diagnoses
from harness.diagnoses import Case, Diagnosis, diagnose
from harness.events import VerdictGiven
from harness.history import of
from suites.selftest.diagnoses.made import NEW, OLD, GateRun


def test_where_no_rule_fits_it_is_not_known() -> None:
    run = GateRun().rolled_back().failed("rolled-back", "made-up")
    found = diagnose(run.events)
    assert found.found == ()
    assert found.headline == "what caused the failures is not known: no diagnosis fits them"
    assert found.unexplained == tuple(event.id for event in of(run.events, VerdictGiven))


def test_six_failing_checks_of_one_toggling_rollback_are_one_diagnosis() -> None:
    run = GateRun().rolled_back().attempt("rollback", "second-rollback").seen("rolled-back-twice", NEW)
    run.failed("rolled-back-twice", "release", "logs", "registry", "convergence", "no-change", "trace", "deployer")
    found = diagnose(run.events)
    assert [one.sentence for one in found.found] == ["the second rollback went forward to 4.1.1"]
    assert found.unexplained == ()


def test_another_cause_is_never_hidden_behind_the_first() -> None:
    run = GateRun().rolled_back(OLD, OLD, NEW).failed("rolled-back", "release", "acknowledged", "made-up")
    found = diagnose(run.events)
    assert [one.name for one in found.found] == ["left-behind", "work-lost"]
    (rest,) = found.unexplained
    assert [event.body.check for event in of(run.events, VerdictGiven) if event.id == rest] == ["made-up"]


def test_a_replica_that_was_left_does_not_explain_what_differs_elsewhere() -> None:
    run = GateRun().rolled_back(OLD, OLD, NEW).failed("rolled-back", "release")
    run.differs("rolled-back", "files", "/run/deploy.lock", {"type": "file", "mode": "0644", "owner": "0:0"})
    found = diagnose(run.events)
    assert [one.name for one in found.found] == ["left-behind"]
    assert len(found.unexplained) == 1


def test_what_is_found_again_later_has_the_same_cause_and_what_is_found_new_has_not() -> None:
    run = GateRun().rolled_back().failed("rolled-back", "acknowledged", reason="12 pieces of 500 are lost: ab12cd34-7")
    run.attempt("rollback", "second-rollback").seen("rolled-back-twice", OLD)
    run.failed("rolled-back-twice", "acknowledged", reason="12 pieces of 900 are lost: ab12cd34-7")
    run.failed("rolled-back-twice", "made-up")
    found = diagnose(run.events)
    (one,) = found.found
    assert len(one.explains) == 2
    assert len(found.unexplained) == 1


def test_what_was_seen_comes_before_what_only_says_what_failed() -> None:
    run = GateRun().deployed().failed("deployed", "performance").attempt("rollback", "rollback")
    run.seen("rolled-back", OLD, OLD, NEW).failed("rolled-back", "release")
    assert [one.name for one in diagnose(run.events).found] == ["left-behind", "slower"]


def test_of_two_environments_with_the_same_fault_it_is_said_once() -> None:
    run = GateRun()
    for environment in ("h1", "h2"):
        with run.history.scope(environment=environment):
            run.seen("baseline", OLD).rolled_back(OLD, OLD, NEW).failed("rolled-back", "release")
    (one,) = diagnose(run.events).found
    assert len(one.explains) == 2


def test_a_rule_that_breaks_costs_nothing_but_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: Case) -> Diagnosis | None:
        raise LookupError("no such thing")

    known = diagnoses.find
    monkeypatch.setattr(diagnoses, "find", lambda name: broken if name == "slower" else known(name))
    run = GateRun().rolled_back(OLD, OLD, NEW).failed("rolled-back", "release", "performance")
    found = diagnose(run.events)
    assert [one.name for one in found.found] == ["left-behind"]
    assert found.problems == ("the diagnosis slower could not be asked: LookupError: no such thing",)


def test_no_diagnosis_changes_a_verdict() -> None:
    run = GateRun().rolled_back(OLD, OLD, NEW).failed("rolled-back", "release")
    before = [event.to_json() for event in run.events]
    diagnose(run.events)
    assert [event.to_json() for event in run.events] == before


def test_the_rollback_of_half_a_deployment_is_told_as_that() -> None:
    run = GateRun().attempt("deploy", "half-deploy", None, how="stopped").seen("half-deploy", NEW, OLD, OLD)
    run.attempt("rollback", "half-rollback").seen("half-rolled-back", NEW, OLD, OLD)
    run.failed("half-rolled-back", "release")
    (one,) = diagnose(run.events).found
    assert one.sentence == "backend-1 was left on 4.1.1 by the rollback of half a deployment"


def test_an_attempt_of_which_the_end_is_missing_is_not_guessed_at() -> None:
    run = GateRun().deployed()
    run.add("deployer.start", "rollback", verb="rollback", release=None, command=["x"], place="control-1")
    run.seen("rolled-back", NEW).failed("rolled-back", "release")
    assert diagnose(run.events).found == ()
