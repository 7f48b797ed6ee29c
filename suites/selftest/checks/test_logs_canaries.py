"""Canaries: what was answered must be in the log of who answered it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.samples import CANARY, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made

BEGAN = 1_333_525_500.0  # of the load, by the clock of `Made`
SERVERS = {1: "backend-1", 2: "backend-2"}
EXPECTED = [ExpectedLog(replica, LOG, 2.0, canary_within=2.0) for replica in ("backend-1", "backend-2")]


def samples(*rows: tuple[int, float, int, int], problem: str = "") -> Samples:
    """(number, due, server, flags); each is answered after 0.1 s."""
    records = np.zeros(len(rows), SAMPLE)
    for record, (number, due, server, flags) in zip(records, rows, strict=True):
        record["n"], record["intended"], record["server"], record["flags"], record["latency"] = (
            number, due, server, flags, 0.1,
        )  # fmt: skip
    return Samples((Stream(0, "h1", "subject", 0.0, BEGAN, "c1", ("GET /",), SERVERS, records, problem),))


def judged(found: Samples | None, first: Any = (), second: Any = (), **data: Any) -> Verdict:
    """Both logs were watched from 5 s to 11 s and 12 s after the load began; these keys were seen, with seconds."""
    made = Made().load("deployed", environment="h1")
    made.clock.advance(10.0)
    for replica, keys in (("backend-1", first), ("backend-2", second)):
        made.log(
            "deployed", replica, environment="h1", seconds=made.clock.now() - BEGAN - 5.0,
            canaries={key: BEGAN + seen for key, seen in keys}, **data,
        )  # fmt: skip
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=EXPECTED, samples=found)


GOOD = CANARY | OK


def test_a_canary_in_the_log_of_who_answered_it_passes() -> None:
    assert judged(samples((7, 6.0, 1, GOOD)), [("c1-7", 6.2)])


def test_a_canary_that_is_not_in_the_log_fails_with_its_number_and_time() -> None:
    verdict = judged(samples((120, 6.0, 2, GOOD), (121, 6.1, 1, GOOD)), [("c1-121", 6.2)])
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == f"canary c1-120, answered by backend-2 at 07:45:06, is not in its log ({LOG}) after 2 s"


def test_the_log_of_another_replica_will_not_do_where_it_is_known_who_answered() -> None:
    assert judged(samples((7, 6.0, 2, GOOD)), [("c1-7", 6.2)]).outcome is Outcome.FAIL


def test_where_nobody_knows_who_answered_any_log_will_do() -> None:
    assert judged(samples((7, 6.0, 0, GOOD)), (), [("c1-7", 6.2)])
    verdict = judged(samples((7, 6.0, 0, GOOD)))
    assert verdict.outcome is Outcome.FAIL
    assert "answered by a replica that is not known" in verdict.reason
    assert "is not in any of 2 logs" in verdict.reason


def test_a_canary_that_came_too_late_fails() -> None:
    verdict = judged(samples((7, 6.0, 1, GOOD)), [("c1-7", 9.1)])
    assert "came into its log 2.5 s later at the earliest" in verdict.reason


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((7, 6.0, 1, CANARY), "was not answered"),
        ((7, 6.0, 1, OK), "is none"),
        ((7, 1.0, 1, GOOD), "was sent before the watch"),
        ((7, 9.5, 1, GOOD), "could still come"),
        ((7, 6.0, 3, GOOD), "was answered by somebody without a log"),
    ],
)
def test_a_canary_that_cannot_be_judged_is_left_out_and_alone_it_proves_nothing(row: Any, why: str) -> None:
    found = samples(row)
    if row[2] == 3:
        found = Samples((Stream(0, "h1", "subject", 0.0, BEGAN, "c1", (), {3: "lb-1"}, found.streams[0].records),))
    verdict = judged(found)
    assert verdict.outcome is Outcome.UNKNOWN, why
    assert "no canary was answered while the logs were watched long enough" in verdict.reason


def test_a_missing_canary_is_unknown_where_a_part_of_the_log_is_lost() -> None:
    lost = [{"what": "what was written to inode 1 after byte 5 is lost"}]
    found = judged(samples((7, 6.0, 1, GOOD)), losses=lost)
    assert (found.outcome, "more" in found.reason) == (Outcome.UNKNOWN, False), "one was answered"
    assert ", is not in its log (/var/log/backend/backend.log), of which not everything could be read" in found.reason


def test_without_samples_or_with_damaged_ones_nothing_is_known() -> None:
    assert "there are no samples" in judged(None).reason
    verdict = judged(samples((7, 6.0, 1, GOOD), problem="the file is torn"), [("c1-7", 6.2)])
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the file is torn" in verdict.reason


def test_canaries_of_another_environment_are_none_of_this_one() -> None:
    other = samples((7, 6.0, 1, GOOD)).streams[0]
    stream = Stream(0, "h2", "control", 0.0, BEGAN, "c1", (), SERVERS, other.records)
    assert judged(Samples((stream,))).outcome is Outcome.UNKNOWN


def test_a_log_without_declared_canaries_needs_none() -> None:
    made = Made().load("deployed").log("deployed")
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=[ExpectedLog("backend-1", LOG, 2.0)])


def test_a_record_that_a_long_look_found_may_have_come_right_after_the_look_before() -> None:
    answered = samples((7, 6.0, 1, GOOD))
    late = [("c1-7", 6.1 + 4.5)]
    assert judged(answered, late).outcome is Outcome.FAIL
    assert judged(answered, late, canary_looks={"c1-7": 4.6})


def test_a_canary_that_may_have_come_while_the_last_look_was_under_way_is_left_out() -> None:
    missed = judged(samples((6, 5.5, 1, GOOD), (7, 7.0, 2, GOOD)), [("c1-6", 5.7)])
    assert missed.outcome is Outcome.FAIL
    long = judged(samples((6, 5.5, 1, GOOD), (7, 7.0, 2, GOOD)), [("c1-6", 5.7)], looked=BEGAN + 8.0)
    assert long, "it was asked for 1 s after the answer, which may take 2 s"


def answered(number: int, due: float, server: int, *, after: float = 0.5, sent: float = 0.0) -> Samples:
    """One canary that was sent so long after it was due, and answered so long after that. Exact in binary."""
    found = samples((number, due, server, GOOD))
    found.streams[0].records["sent"], found.streams[0].records["latency"] = sent, sent + after
    return found


def test_a_canary_counts_from_when_it_was_sent_and_not_from_when_it_was_due() -> None:
    assert judged(answered(7, 4.75, 2, sent=0.5)).outcome is Outcome.FAIL
    assert judged(answered(7, 4.75, 2, sent=0.0)).outcome is Outcome.UNKNOWN


def test_the_limits_of_what_is_judged_are_included() -> None:
    assert judged(answered(7, 5.0, 1)).outcome is Outcome.FAIL, "sent when the watch began"
    assert judged(answered(7, 8.0, 1)).outcome is Outcome.FAIL, "due right at the last look, half a second before 11 s"
    assert judged(answered(7, 8.25, 1)).outcome is Outcome.UNKNOWN, "could still come after the last look"
    assert judged(answered(7, 6.0, 1), [("c1-7", 9.0)]), "2 s after the answer, with half a second of a look"


def test_where_several_logs_have_a_canary_the_first_record_counts() -> None:
    nobody = answered(7, 6.0, 0)
    for first, second in ((9.75, 6.75), (6.75, 9.75), (6.75, 6.75)):
        assert judged(nobody, [("c1-7", first)], [("c1-7", second)])
    assert judged(nobody, [("c1-7", 9.75)], [("c1-7", 9.75)]).outcome is Outcome.FAIL


def test_a_canary_after_one_that_was_answered_by_somebody_without_a_log_is_judged() -> None:
    both = samples((6, 5.5, 3, GOOD), (7, 6.0, 2, GOOD)).streams[0]
    stream = Stream(0, "h1", "subject", 0.0, BEGAN, "c1", (), SERVERS | {3: "lb-1"}, both.records)
    verdict = judged(Samples((stream,)))
    assert verdict.outcome is Outcome.FAIL
    assert "canary c1-7" in verdict.reason


def test_a_canary_that_may_be_in_a_log_that_was_not_watched_is_left_out() -> None:
    made = Made().load("deployed", environment="h1")
    made.clock.advance(10.0)
    made.log("deployed", "backend-1", environment="h1", seconds=6.0)
    found = logs.check(
        made.events, phase="deployed", release="4.1.1", logs=EXPECTED, samples=samples((7, 6.0, 0, GOOD))
    )
    assert found.outcome is Outcome.UNKNOWN
    assert "no canary was answered while the logs were watched" in found.reason


def test_a_canary_that_is_late_or_missing_rests_on_the_reports_of_its_log() -> None:
    late = judged(samples((7, 6.0, 1, GOOD)), [("c1-7", 9.1)])
    assert late.evidence == (1,)
    assert judged(samples((7, 6.0, 2, GOOD))).evidence == (2,)
