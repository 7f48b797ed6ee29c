"""An overload that keeps itself alive is told from one that ends with its cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks import metastable
from harness.checks.metastable import check
from harness.clock import ManualClock
from harness.history import Event, History
from harness.samples import FINAL, OK, SHED, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import raw

RATE, BASE, AFTER = 50.0, 20.0, 40.0


def judged(
    *,
    bad_for: float = 0.0,
    failing: float = 0.0,
    retries: int = 0,
    retried: float = 0.0,
    latency: float = 0.005,
    ages: tuple[float | None, ...] = (),
    pushed: tuple[int, int] | None = None,
    after: float = AFTER,
    stood: float = 0.0,
    shed: bool = False,
    other_age: float | None = None,
    problem: str = "",
    **parameters: Any,
) -> Verdict:
    """Twenty seconds of baseline, then a phase: everything fails for `bad_for` seconds, then the share `failing`.

    `retries` further attempts of every request, one more of the share `retried`,
    `latency` after the baseline, `ages` of the oldest job in the phase.
    """
    history = History(clock=ManualClock())
    start = history.record(
        raw("workload.start", at=0.0, began=0.0, environment="h1", arm="subject", rate=RATE, timeout=1.0)
    )
    due = np.arange(0.0, BASE + after, 1 / RATE)
    made = np.zeros(len(due), SAMPLE)
    made["intended"], made["n"], made["flags"], made["outcome"], made["latency"] = (
        due,
        np.arange(len(due)),
        OK | FINAL,
        200,
        0.005,
    )
    later = due >= BASE
    made["latency"][later] = latency
    bad = later & ((due < BASE + bad_for) | (np.arange(len(due)) % 100 < 100 * failing))
    made["flags"][bad], made["outcome"][bad] = FINAL, 503
    share = made[later][:: round(1 / retried)] if retried else made[:0]
    again = np.concatenate([np.repeat(made[later], retries), share])
    again["flags"] = 0
    if shed:
        again["outcome"] = SHED
    for second in range(int(BASE), int(BASE + after)):
        history.record(raw("witness", place="door", begin=second, end=second + 1.0, stood=stood, busy=1.0))
    for phase, begin, seconds in (("baseline", 0.0, BASE), ("after", BASE, after)):
        history.record(raw("workload", phase=phase, start=start.id, began=begin, seconds=seconds))
    history.record(raw("probe.queue", phase="baseline", depth=1, age=0.2))
    if other_age is not None:
        history.record(raw("probe.queue", phase="other", depth=1, age=other_age))
    for age in ages:
        history.record(raw("probe.queue", phase="after", depth=1, age=age))
    if other_age is not None:
        history.record(raw("probe.queue", phase="other", depth=1, age=other_age))
    if pushed is not None:
        history.record(raw("workload", phase="push", intended=pushed[0], ok=pushed[1]))
        parameters["push"] = "push"
    events: tuple[Event, ...] = history.events
    stream = Stream(start.id, "h1", "subject", 0.0, 0.0, "", (), {}, np.concatenate([made, again]), problem)
    return check(events, phase="after", samples=Samples((stream,)), **{"outage": 5.0, "utilisation": 0.5, **parameters})


def test_what_comes_back_in_its_time_and_stays_passes() -> None:
    verdict = judged(bad_for=6.0, ages=(3.0, 0.1))
    assert verdict.outcome is Outcome.PASS, verdict
    assert "goodput is back after 6 s of 10 s" in verdict.reason


def test_the_time_allowed_grows_with_the_outage_and_the_utilisation_and_the_restart() -> None:
    assert judged(bad_for=12.0).outcome is Outcome.FAIL
    assert judged(bad_for=12.0, restart=3.0)
    assert judged(bad_for=12.0, utilisation=0.6)
    assert judged(bad_for=12.0, outage=7.0)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"bad_for": 99.0}, "goodput is 0 % of what is offered"),
        ({"failing": 0.05}, "of what is offered, long after the trigger"),
        ({"retries": 2}, "3.00 attempts for each request"),
        ({"retried": 0.1}, "1.10 attempts for each request"),
        ({"latency": 0.5}, "requests are in flight"),
        ({"ages": (0.1, 9.0)}, "the oldest job waits for 9.0 s"),
        ({"pushed": (100, 80)}, "the push was not absorbed: 80 of 100"),
    ],
)
def test_whatever_keeps_the_overload_alive_fails_in_its_own_words(what: dict[str, Any], words: str) -> None:
    verdict = judged(**what)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("pushed", "outcome"),
    [((100, 99), Outcome.PASS), ((100, 98), Outcome.FAIL), ((20, 20), Outcome.PASS), ((19, 19), Outcome.UNKNOWN)],
)
def test_a_push_that_is_absorbed_is_said(pushed: tuple[int, int], outcome: Outcome) -> None:
    found = judged(pushed=pushed)
    assert found.outcome is outcome, found
    if outcome is Outcome.FAIL:
        assert len(found.evidence) == 1, "the window of the push"
    assert ("a push was absorbed" in found.reason) is (outcome is Outcome.PASS)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"after": 5.0}, "has to hold for 10 s"),
        ({"bad_for": 35.0, "outage": 50.0}, "before the end, and has to hold"),
        ({"utilisation": 1.0}, "has to be below 1"),
        ({"pushed": (5, 5)}, "too few to say anything"),
        ({"push": "push"}, "the push was not measured"),
    ],
)
def test_without_evidence_it_is_unknown(what: dict[str, Any], words: str) -> None:
    verdict = judged(**what)
    assert verdict.outcome is not Outcome.PASS
    assert words in verdict.reason


def test_a_queue_that_was_not_asked_for_its_oldest_job_is_not_judged_by_it() -> None:
    assert judged(ages=(None, None))


@pytest.mark.parametrize("what", [{"bad_for": 12.0}, {"failing": 0.05}, {"retries": 2}, {"latency": 0.5}])
def test_what_a_stall_explains_proves_nothing_and_a_failure_rests_on_the_windows(what: dict[str, Any]) -> None:
    assert judged(stood=0.6, **what).outcome is Outcome.UNKNOWN
    found = judged(stood=0.0, **what)
    assert (found.outcome, len(found.evidence)) == (Outcome.FAIL, 2)


def test_the_limits_are_included() -> None:
    assert judged(after=10.0), "as long as it has to hold"
    assert judged(after=9.9).reason == "it was watched for 10 s, and has to hold for 10 s"
    assert judged(bad_for=10.0), "as late as is allowed"
    assert judged(bad_for=11.0).outcome is Outcome.FAIL
    assert judged(bad_for=30.0, outage=30.0), "ten seconds before the end"
    late = judged(bad_for=31.0, outage=40.0)
    assert (late.outcome, late.reason) == (
        Outcome.UNKNOWN, "goodput came back 9 s before the end, and has to hold for 10 s",
    )  # fmt: skip
    assert judged(failing=0.01), "99 % of what is offered"
    assert judged(retried=0.05), "1.05 attempts"
    assert judged(utilisation=0.0)
    assert judged(utilisation=-0.1).outcome is Outcome.UNKNOWN


def test_twenty_requests_in_the_last_seconds_tell_something() -> None:
    assert judged(held=0.4)
    few = judged(held=0.38)
    assert (few.outcome, few.reason) == (Outcome.UNKNOWN, "only 19 requests were due in the last 0.38 s")
    none = judged(held=0.001)
    assert (none.outcome, none.reason) == (Outcome.UNKNOWN, "only 0 requests were due in the last 0.001 s")


def test_a_pass_tells_when_goodput_was_back_and_how_many_attempts_a_request_took() -> None:
    assert judged().reason == "goodput is back after 0 s of 10 s and held, 1.00 attempts a request"
    pushed = judged(retried=0.05, pushed=(100, 100))
    assert pushed.reason == "goodput is back after 0 s of 10 s and held, 1.05 attempts a request; a push was absorbed"


def test_requests_that_were_not_sent_are_no_attempts() -> None:
    assert judged(retries=2, shed=True)


def test_the_age_of_a_job_in_another_phase_is_none_of_this_one() -> None:
    assert judged(ages=(0.1,), other_age=99.0)
    found = judged(ages=(9.0,), other_age=99.0)
    assert found.reason == "the oldest job waits for 9.0 s, 0.2 s in the baseline"


def test_samples_that_are_torn_leave_it_unknown() -> None:
    found = judged(problem="the file is torn")
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "the file is torn")


def test_work_in_flight_is_the_rate_times_what_it_takes_and_may_grow_by_a_factor_and_one() -> None:
    """Fifty requests a second of 5 ms are a quarter of one; of half a second, 25."""
    assert judged(latency=0.5).reason.startswith("25.0 requests are in flight, 0.2 in the baseline")
    most = (metastable.OVERLOADED * 0.25 + 1.0) / RATE
    assert judged(latency=most * 0.98)
    assert judged(latency=most * 1.02).outcome is Outcome.FAIL


def test_an_old_job_rests_on_the_last_look_at_the_queue() -> None:
    found = judged(ages=(0.1, 9.0), other_age=1.0)
    assert (found.outcome, len(found.evidence)) == (Outcome.FAIL, 1)
    assert found.evidence[0] == judged(ages=(0.1, 9.0)).evidence[0] + 1, "the phase's own, and none that came later"
    assert judged(ages=(metastable.AGE + 0.2,))
    assert judged(ages=(metastable.AGE + 0.3,)).outcome is Outcome.FAIL
