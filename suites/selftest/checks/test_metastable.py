"""An overload that keeps itself alive is told from one that ends with its cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks.metastable import check
from harness.clock import ManualClock
from harness.history import Event, History
from harness.samples import FINAL, OK, SAMPLE, Samples, Stream
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
    for phase, begin, seconds in (("baseline", 0.0, BASE), ("after", BASE, after)):
        history.record(raw("workload", phase=phase, start=start.id, began=begin, seconds=seconds))
    history.record(raw("probe.queue", phase="baseline", depth=1, age=0.2))
    for age in ages:
        history.record(raw("probe.queue", phase="after", depth=1, age=age))
    if pushed is not None:
        history.record(raw("workload", phase="push", intended=pushed[0], ok=pushed[1]))
        parameters["push"] = "push"
    events: tuple[Event, ...] = history.events
    stream = Stream(start.id, "h1", "subject", 0.0, 0.0, "", (), {}, np.concatenate([made, again]))
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
