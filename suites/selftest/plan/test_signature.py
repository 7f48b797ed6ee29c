"""What a failure is recognised by."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.diagnoses._kinds import UNKNOWN
from harness.events import DeployerEnd, DeployerStart, ProbeRelease, VerdictGiven
from harness.history import History
from harness.plan import signature
from harness.plan.signature import Signature, first_failure, plain, signature_of

SERVICES = {"web-1": "web", "web-2": "web", "web-12": "web", "cache-1": "cache"}


def verdict(check: str, outcome: str, reason: str = "because", evidence: tuple[int, ...] = ()) -> VerdictGiven:
    return VerdictGiven(check, outcome, reason, evidence, "", None)


def release(replica: str, runs: str) -> ProbeRelease:
    return ProbeRelease(replica=replica, release=runs, error=None)


def failed(reason: str, *, check: str = "made-up", seen: tuple[str, ...] = ("web-1", "web-2", "cache-1")) -> History:
    """A history in which a check failed over replicas that were seen."""
    history = History(clock=ManualClock())
    with history.scope(environment="h1", phase="rolled-back"):
        ids = [history.record(release(name, "1.1.0")).id for name in seen]
        history.record(verdict(check, "fail", reason, tuple(ids)))
    return history


def test_a_run_in_which_nothing_failed_has_none() -> None:
    history = History(clock=ManualClock())
    history.record(verdict("errors", "pass"))
    history.record(verdict("logs", "unknown"))
    assert signature_of(history.events) is None
    assert signature_of(()) is None


def test_the_verdict_on_the_whole_run_is_no_failure_of_its_own() -> None:
    history = History(clock=ManualClock())
    history.record(verdict("run", "fail"))
    assert signature_of(history.events) is None


def test_the_check_that_failed_first_counts() -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1"):
        history.record(verdict("errors", "pass"), phase="deployed")
        history.record(verdict("release", "fail"), phase="deployed")
        history.record(verdict("logs", "fail"), phase="rolled-back")
    found = signature_of(history.events)
    assert found is not None
    assert found.check == "release"


def test_of_a_check_that_was_asked_again_in_a_phase_the_last_verdict_counts() -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1", phase="rolled-back"):
        history.record(verdict("convergence", "fail"))
        history.record(verdict("convergence", "pass"))
        assert first_failure(history.events) is None
        history.record(verdict("logs", "fail"))
    first = first_failure(history.events)
    assert first is not None
    assert first.body.check == "logs"


def test_of_several_plans_one_alone_can_be_looked_at() -> None:
    history = History(clock=ManualClock())
    for scenario, check in (("round-trip", "logs"), ("half-deployment", "release")):
        with history.scope(environment=scenario, scenario=scenario, phase="deployed"):
            history.record(verdict(check, "fail"))
    found = {one: signature_of(history.events, one) for one in ("half-deployment", None, "other")}
    assert {name: one and one.check for name, one in found.items()} == {
        "half-deployment": "release", None: "logs", "other": None,
    }  # fmt: skip


def test_a_diagnosis_that_explains_it_is_its_cause() -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1"):
        start = history.record(DeployerStart("rollback", "1.0.0", ("x",), "control"), phase="rollback")
        history.record(DeployerEnd(start.id, "rollback", "1.0.0", 0, "exit", 1.0, None), phase="rollback")
        history.record(verdict("availability", "fail", "no request was answered in time for 2.0 s"), phase="rollback")
    found = signature_of(history.events)
    assert found == Signature("availability", "interrupted")  # which has no class, so that its name stands


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("web-1 runs 1.1.0, not 1.0.0", "web-2 runs 1.2.0, not 1.1.0; web-1 runs 1.2.0, not 1.1.0"),
        ("1 record was lost on web-1 (at 12:35:14)", "1 record was lost on web-12 (at 13:00:01)"),
        ("70 records from the future, by up to 7.5 s", "1 record from the future, by up to 12 s"),
        ("job 3f9a6c1e55d0 is gone", "job 00ffee1122aa is gone"),
        ("42, 43 and 44 of 50 failed", "7 of 50 failed"),
        ("task 6f1d8a52-9f3e-4b7c-8a51-0c9d7e6b5a41 hangs", "task 11111111-2222-4333-8444-555555555555 hangs"),
    ],
)
def test_what_differs_from_one_time_to_the_next_is_no_part_of_a_cause(first: str, second: str) -> None:
    assert plain(first, SERVICES) == plain(second, SERVICES)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("web-1 runs 1.1.0, not 1.0.0", "cache-1 runs 1.1.0, not 1.0.0"),
        ("web-1 is not healthy", "web-1 was paused"),
        ("errors in http2x", "errors in http"),
    ],
)
def test_other_services_and_other_words_are_another_cause(first: str, second: str) -> None:
    assert plain(first, SERVICES) != plain(second, SERVICES)


@given(st.integers(), st.floats(0, 1e6), st.sampled_from(["web-1", "web-2", "web-12"]), st.uuids())
def test_no_number_name_or_id_of_one_run_is_in_a_cause(count: int, seconds: float, replica: str, job: object) -> None:
    said = plain(f"{count} jobs of {replica} took {seconds:.3f} s, {job} among them", SERVICES)
    assert said == "# job of web took # s, # among them"


@given(st.text(max_size=400))
def test_any_reason_has_a_cause_that_fits_in_a_line(reason: str) -> None:
    assert len(plain(reason, SERVICES)) <= 160


def test_the_role_is_the_service_that_the_reason_names() -> None:
    found = signature_of(failed("cache-1 is not healthy, says web-1").events)
    assert found is not None
    assert found.role == "cache"


def test_the_role_is_that_of_the_evidence_where_the_reason_names_none() -> None:
    found = signature_of(failed("nothing was answered", seen=("web-1", "web-2")).events)
    assert found is not None
    assert found.role == "web"


def test_evidence_of_several_services_says_nothing_about_the_role() -> None:
    found = signature_of(failed("nothing was answered").events)
    assert found is not None
    assert found.role == ""


def test_a_replica_whose_name_begins_as_another_is_not_taken_for_it() -> None:
    found = signature_of(failed("web-12-old is left", seen=("web-1", "cache-1")).events)
    assert found is not None
    assert found.role == ""


def test_two_are_the_same_when_check_cause_and_role_are() -> None:
    one = Signature("release", "a part of the fleet goes back, the rest does not", "web")
    assert one.same(Signature("release", "a part of the fleet goes back, the rest does not", "web"))
    assert not one.same(Signature("release", "a part of the fleet goes back, the rest does not", "cache"))
    assert not one.same(Signature("release", "leftovers", "web"))
    assert not one.same(Signature("logs", "a part of the fleet goes back, the rest does not", "web"))
    assert not one.same(None)
    assert str(one) == "release: a part of the fleet goes back, the rest does not [web]"


def test_what_the_plan_does_after_the_step_that_failed_changes_nothing() -> None:
    history = History(clock=ManualClock())
    with history.scope(environment="h1", phase="deployed", plan_step=3):
        history.record(verdict("made-up", "fail", "cache-1 is gone"))
        history.record(release("web-1", "1.1.0"))
    short = signature_of(history.events)
    with history.scope(environment="h1", phase="rolled-back", plan_step=4):
        history.record(release("cache-1", "1.1.0"))  # from here on it is known that this is a replica
        history.record(verdict("release", "fail", "cache-1 runs 1.1.0"))
    assert short is not None
    assert signature_of(history.events) == short


def test_a_signature_without_a_role_names_none() -> None:
    assert str(Signature("logs", "leftovers")) == "logs: leftovers"


def test_asides_and_numbers_leave_no_trace_in_a_cause() -> None:
    assert (
        plain("3 records (at 12:00) of 5, 6 and 7 of web-1 are gone; more", SERVICES) == "# record of # of web are gone"
    )
    assert plain("2 of 3, 4 and 5 failed", SERVICES) == "# failed"


def test_a_replica_is_taken_for_its_own_service_where_one_name_is_in_another() -> None:
    services = {"web-1": "web", "web-1-b": "other", "api-web-1": "api"}
    assert plain("web-1-b and api-web-1 and web-1", services) == "other and api and web"


def test_the_service_of_a_replica_is_all_but_its_number() -> None:
    found = signature_of(failed("web-api-2 hangs", seen=("web-api-2", "web-1")).events)
    assert found is not None
    assert found.role == "web-api"


def test_the_longest_name_of_a_replica_is_replaced_first() -> None:
    services = {"web-1": "web", "a.web-1.b-2": "a.web-1.b"}
    for order in (services, dict(reversed(services.items()))):
        assert plain("a.web-1.b-2 hangs", order) == "a.web.b hangs"


def test_what_bears_no_number_is_nobodys_replica() -> None:
    found = signature_of(failed("nothing was answered", seen=("web-1", "database")).events)
    assert found is not None
    assert found.role == "web"
    alone = signature_of(failed("nothing was answered", seen=("database",)).events)
    assert alone is not None
    assert alone.role == ""


@pytest.mark.parametrize(("kind", "cause"), [("leftovers", "leftovers"), (UNKNOWN, "by-name")])
def test_a_cause_is_the_class_of_its_diagnosis_or_its_name_where_it_has_none(
    monkeypatch: pytest.MonkeyPatch, kind: str, cause: str
) -> None:
    found = SimpleNamespace(name="by-name", kind=kind)
    monkeypatch.setattr(signature, "diagnose", lambda _: SimpleNamespace(of=lambda _: found))
    told = signature_of(failed("web-1 is gone").events)
    assert told is not None
    assert told.cause == cause
