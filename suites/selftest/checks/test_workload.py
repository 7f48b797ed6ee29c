"""The windows of a phase as one measurement, and when that measures nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks._evidence import Findings
from harness.checks._workload import WindowTotals, measured, milliseconds, percent, window
from harness.samples import Samples
from suites.selftest.checks.builder import Made


def totals(made: Made) -> WindowTotals:
    found = window(made.events, "p")
    assert isinstance(found, WindowTotals)
    return found


def test_windows_add_up_and_the_worst_of_them_counts() -> None:
    made = Made()
    usual = {"intended": 10, "sent": 9, "ok": 6, "failed": 2, "shed": 1, "closed": 1, "repeated": 3, "seconds": 2.0}
    for p50, p99, blind, outage in ((0.1, 0.4, 0.3, 1.0), (0.2, None, 0.1, 0.5)):
        made.load("p", **usual, p50=p50, p95=0.3, p99=p99, lateness_p95=p50 / 10, blind=blind, longest_outage=outage)
    found = totals(made.load("other"))
    assert (found.intended, found.sent, found.ok, found.failed, found.shed) == (20, 18, 12, 4, 2)
    assert (found.closed, found.repeated, found.seconds) == (2, 6, 4.0)
    assert (found.p50, found.p95, found.p99, found.lateness) == (0.2, 0.3, 0.4, 0.02)
    assert (found.blind, found.outage) == (0.3, 1.0)
    assert (found.bad, found.tried, found.share) == (6, 20, 0.3)
    assert found.events == made.events[:2]


def test_what_a_window_does_not_know_is_nothing() -> None:
    found = totals(Made().load("p", p99=None, blind=None, lateness_p99=None, longest_outage=None, sent=0, shed=0))
    assert (found.p99, found.blind, found.outage, found.share) == (None, 0.0, 0.0, 0.0)
    older = totals(Made().load("p", blind=None, lateness_p99=0.7))
    assert older.blind == 0.7, "an older history knows how late the generator was"


def test_the_three_most_frequent_reasons_are_told_and_the_same_in_several_windows_is_added_up() -> None:
    made = Made().load("p", errors={"timeout": 2, "reset": 3, "refused": 1, "closed": 1})
    found = totals(made.load("p", errors={"timeout": 2}))
    assert found.reasons == ("4 x timeout", "3 x reset", "1 x refused")
    assert found.why == " (4 x timeout, 3 x reset, 1 x refused)"
    assert totals(Made().load("p")).why == ""


def test_failures_that_are_alike_are_told_by_request_outcome_and_server() -> None:
    alike = {"request": "resume", "outcome": "timeout", "count": 2, "first": 0.0, "last": 0.0, "examples": []}
    found = totals(Made().load("p", failures=[{**alike, "server": ""}, {**alike, "server": "backend-1"}]))
    assert found.reasons == ("2 x resume with timeout", "2 x resume with timeout by backend-1")


def why(**data: Any) -> list[str]:
    """What is not known of a window."""
    findings = Findings("made")
    measured(findings, Made().load("p", **data).events, "p")
    return [sentence.split(" of the phase")[0].split(" in the phase")[0] for sentence in findings.unknown]


def test_the_limits_of_what_measures_anything_are_included() -> None:
    assert why(intended=20, sent=20) == []
    assert why(intended=19, sent=19) == ["only 19 requests were due"]
    assert why(intended=100, sent=90, shed=5) == []
    assert why(intended=100, sent=90, shed=4) == ["only 94 % of the requests due"]
    assert why(blind=0.5) == []
    assert why(blind=0.51) == ["the load generator stood still for 0.5 s"]


@pytest.mark.parametrize(
    ("sent", "closed", "known"), [(20, 1, True), (20, 2, False), (1000, 5, True), (1000, 6, False)]
)
def test_one_closed_connection_is_chance_and_so_are_five_in_a_thousand(sent: int, closed: int, known: bool) -> None:
    assert (why(intended=sent, sent=sent, closed=closed) == []) is known


def test_a_blind_generator_may_see_more_another_time() -> None:
    for blind, stalled in ((0.1, False), (0.6, True)):
        findings = Findings("made")
        measured(findings, Made().load("p", blind=blind).events, "p")
        assert findings.stalled is stalled


def test_a_window_that_measures_nothing_is_none_and_says_why() -> None:
    findings = Findings("made")
    assert measured(findings, Made().load("other").events, "p") is None
    assert findings.unknown == ["no workload was measured in the phase p"]
    findings = Findings("made")
    made = Made().add("workload.start", at=0.0, began=0.0, file="s.bin").load("p", start=0)
    assert measured(findings, made.events, "p", Samples()) is None
    assert findings.unknown == ["the requests of the phase p are not all there: no samples of its load"]


def test_shares_and_times_are_told_as_people_do() -> None:
    assert [percent(share) for share in (0.0, 0.004, 0.0123, 0.0999, 0.1, 0.124, 1.0)] == [
        "0 %", "0.4 %", "1.2 %", "10 %", "10 %", "12 %", "100 %",
    ]  # fmt: skip
    assert [milliseconds(seconds) for seconds in (0.0004, 0.0123, 0.9999, 1.0, 1.54)] == [
        "0.4 ms", "12.3 ms", "1e+03 ms", "1 s", "1.54 s",
    ]  # fmt: skip
