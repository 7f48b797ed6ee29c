"""Nothing acknowledged is lost, nothing happens twice; what nobody promised is no loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks.acknowledged import check
from harness.clock import ManualClock
from harness.history import Event, History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.witnessed import PROMISES, acknowledged


def judged(
    there: dict[str, int] | None,
    *,
    promises: Any = PROMISES,
    at: float = 60.0,
    problem: str = "",
    promises_problem: str = "",
    unread: str = "",
    flags: int = OK | FINAL,
    latency: float = 0.0,
    **asked: Any,
) -> Verdict:
    """Ten requests a second that were all answered at once; the work was read back a minute later."""
    history, stream = acknowledged(
        at, flags, latency, promises=promises, problem=problem, promises_problem=promises_problem
    )
    read = history.record(raw("probe.readback", phase="p", **{"error": None, **asked}))
    events: tuple[Event, ...] = history.events
    found = Samples((stream,), {} if there is None else {read.id: there}, {read.id: unread} if unread else {})
    return check(events, phase="p", samples=found)


def all_there(**changes: int) -> dict[str, int]:
    return {**{what: 1 for _, what in PROMISES}, **{name.replace("_", "-"): count for name, count in changes.items()}}


def test_everything_that_was_acknowledged_is_there_once() -> None:
    verdict = judged(all_there())
    assert verdict.outcome is Outcome.PASS
    assert "all 10 pieces" in verdict.reason


def test_what_was_acknowledged_and_is_not_there_is_lost_and_named() -> None:
    there = all_there()
    del there["k-3"], there["k-7"]
    verdict = judged(there)
    assert verdict.outcome is Outcome.FAIL
    assert "2 pieces of 10 acknowledged are lost: k-3 and k-7" in verdict.reason


def test_what_happened_twice_is_named_with_how_often() -> None:
    verdict = judged(all_there(k_4=2))
    assert verdict.outcome is Outcome.FAIL
    assert "k-4 (2 times)" in verdict.reason


def test_what_nobody_was_promised_may_be_there_or_not() -> None:
    fewer = PROMISES[:8]  # two requests timed out
    assert "2 more are there" in judged(all_there(), promises=fewer).reason
    there = all_there()
    del there["k-9"]
    assert judged(there, promises=fewer)


def test_what_nobody_was_promised_must_not_happen_twice_either() -> None:
    assert judged(all_there(k_9=3), promises=PROMISES[:8]).outcome is Outcome.FAIL


def test_work_of_others_does_not_count() -> None:
    assert judged(all_there(another_1=5))


def test_what_was_acknowledged_before_the_readback_began_must_be_there_and_later_work_need_not() -> None:
    assert judged({"k-0": 1}, before=0.05)
    found = judged({"k-0": 1}, at=1.0, before=0.1)  # however short the time since
    assert found.outcome is Outcome.FAIL
    assert "1 piece of 2 acknowledged is lost: k-1" in found.reason


def test_a_history_of_an_earlier_version_is_judged_as_it_was() -> None:
    assert judged({"k-0": 1}, at=5.0)
    assert judged({"k-0": 1}, at=5.3).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"there": None}, "its file is missing"),
        ({"there": {}, "before": None}, "did not tell in time which work was acknowledged"),
        ({"there": {}, "error": "psql: connection refused"}, "could not be read back: psql"),
        ({"there": {}, "promises": ()}, "nothing was acknowledged"),
        ({"there": {}, "problem": "the samples are gone"}, "the samples are gone"),
    ],
)
def test_without_evidence_it_is_unknown(made: dict[str, Any], words: str) -> None:
    verdict = judged(made.pop("there"), **made)
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.reason


def test_what_another_workload_was_promised_is_not_looked_for_where_it_was_not_asked_for() -> None:
    assert judged({"k-0": 1}, key="another").outcome is Outcome.UNKNOWN
    assert judged(all_there(), key="k")


def test_a_promise_of_which_no_good_answer_is_there_does_not_vanish() -> None:
    """Nobody knows when it was made, so nobody knows whether it should have been there."""
    there = all_there()
    verdict = judged(there, promises=(*PROMISES, (10, "k-10")))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "do not say when k-10 was acknowledged" in verdict.reason


def test_a_promise_whose_answer_was_no_good_one_does_not_vanish() -> None:
    verdict = judged(all_there(), flags=FINAL)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "and 7 more" in verdict.reason


def test_promises_that_are_not_all_there_leave_it_unknown_whatever_was_found() -> None:
    verdict = judged(all_there(), promises_problem="promises.jsonl holds 9 promises, and the history counted 10")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "holds 9 promises" in verdict.reason


def test_a_readback_that_is_not_as_it_was_is_named() -> None:
    assert "readback-3.json was changed" in judged(None, unread="readback-3.json was changed").reason


def test_what_is_told_of_lost_and_of_repeated_work_rests_on_the_readback() -> None:
    lost = judged({"k-0": 1})
    assert lost.evidence == (1,)
    assert lost.reason == "9 pieces of 10 acknowledged are lost: k-1, k-2 and k-3 and 6 more"
    twice = judged(all_there(k_4=2))
    assert twice.evidence == (1,)
    assert twice.reason == "1 piece of work happened more than once: k-4 (2 times)"
    assert "2 pieces of work happened" in judged(all_there(k_4=2, k_5=2)).reason


def test_nothing_more_is_said_where_nothing_more_is_there() -> None:
    assert judged(all_there()).reason == "all 10 pieces of acknowledged work are there, once each"


def test_work_counts_from_its_answer_and_not_from_when_it_was_due() -> None:
    """The last request was due at 0.9 s; answered after half a second it may still be on its way at 1.0 s."""
    first = all_there()
    del first["k-9"]
    assert judged(first, before=1.0).outcome is Outcome.FAIL
    assert judged(first, before=1.0, latency=0.5)


def stood_still(share: float, seconds: float) -> Outcome:
    """Work is missing two seconds after it was acknowledged, while the machine stood still for a share of them."""
    clock = ManualClock()
    history = History(clock=clock)
    start = history.record(raw("workload.start", environment="h1"))
    for at in range(4):
        still = share if at >= 2 else 0.0
        history.record(raw("witness", place="door", begin=float(at), end=at + 1.0, stood=still, busy=1.0))
    clock.advance(2.0 + seconds)
    read = history.record(raw("probe.readback", phase="p", error=None, before=2.0))
    records = np.zeros(1, SAMPLE)
    records["flags"] = OK | FINAL
    stream = Stream(start.id, "h1", "subject", 0.0, 0.0, "k", (), {}, records, "", ((0, "k-0"),), "")
    return check(history.events, phase="p", samples=Samples((stream,), {read.id: {}}, {})).outcome


def test_what_is_on_its_way_because_the_machine_stood_still_is_not_lost() -> None:
    assert stood_still(0.5, 2.0) is Outcome.UNKNOWN
    assert stood_still(0.2, 2.0) is Outcome.FAIL, "a stall explains four times its length, which is 1.6 s"


def test_only_the_readback_of_the_phase_counts() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    history.record(raw("probe.readback", phase="another", error=None, before=1.0))
    assert check(history.events, phase="p").reason == "the acknowledged work was not read back"
