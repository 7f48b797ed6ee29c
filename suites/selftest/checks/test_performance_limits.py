"""Performance at its limits: what is compared, what a stall explains, and a recovery that comes too late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks import performance
from harness.checks._evidence import BUSY
from harness.samples import Samples, Stream
from harness.verdict import Outcome, Verdict
from harness.workload.samples import RunningSamples
from suites.raw import raw
from suites.selftest.checks.builder import Made
from suites.selftest.checks.witnessed import Requests, judged, witness


def compared(before: dict[str, Any], after: dict[str, Any], **asked: Any) -> Verdict:
    made = Made().load("baseline", **before).load("deployed", **after)
    return performance.check(made.events, phase="deployed", **asked)


def test_as_slow_as_is_allowed_is_not_slower() -> None:
    """Three times and 50 ms."""
    usual = {"p50": 0.0625, "p95": 0.125}
    assert compared(usual, {"p50": 0.2374, "p95": 0.4249})
    assert compared(usual, {"p50": 0.24, "p95": 0.4249}).outcome is Outcome.FAIL
    slow = compared(usual, {"p50": 0.2374, "p95": 0.43})
    assert (slow.outcome, slow.reason, slow.evidence) == (
        Outcome.FAIL, "p95 430 ms, 125 ms before: more than 3 times that and 50 ms", (0, 1),
    )  # fmt: skip


def test_what_fails_more_often_by_the_slack_is_as_before() -> None:
    before = {"ok": 490, "failed": 10}
    assert compared(before, {"ok": 485, "failed": 15}, error_slack=0.01)
    worse = compared(before, {"ok": 484, "failed": 16}, error_slack=0.01)
    assert worse.outcome is Outcome.FAIL
    assert worse.reason.startswith("3.2 % of 500 requests failed, 2 % in the baseline")
    assert worse.evidence == (0, 1)


@pytest.mark.parametrize(("lateness", "known"), [(0.05, True), (0.06, False), (None, False)])
@pytest.mark.parametrize("phase", ["baseline", "deployed"])
def test_a_load_that_was_late_itself_proves_nothing(lateness: float | None, known: bool, phase: str) -> None:
    late: dict[str, Any] = {"lateness_p95": lateness}
    found = compared(late if phase == "baseline" else {}, late if phase == "deployed" else {"p50": 9.0})
    if known:
        assert "was late" not in found.reason
        return
    assert found.outcome is Outcome.UNKNOWN
    said = "unknown" if lateness is None else "60 ms"
    assert found.reason == f"the workload itself was late in the phase {phase} (p95 {said}), so its times prove nothing"


def test_without_an_answer_there_is_nothing_to_compare() -> None:
    nothing = compared({}, {"p50": None, "p95": None})
    assert nothing.reason == (
        "there is no p50 to compare: no request was answered; there is no p95 to compare: no request was answered"
    )
    failed = compared({}, {"p50": None, "p95": None, "ok": 0, "failed": 500})
    assert (failed.outcome, "to compare" in failed.reason) == (Outcome.FAIL, False)
    before = compared({"p50": None, "p95": None, "ok": 0, "failed": 500}, {})
    assert before.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("was", "now", "known"), [(0.22, 0.12, True), (0.22, 0.1, False), (0.19, 0.0, True)])
def test_a_baseline_under_stalls_is_compared_where_the_machine_is_no_better_now(
    was: float, now: float, known: bool
) -> None:
    """Each window lasts for ten seconds; the baseline is recorded at second 100, and the phase at second 121."""
    made = witness(witness(witness(Made(), 0.0), was, first=90, seconds=10), now, first=111, seconds=10)
    made.clock.advance(100.0)
    made.load("baseline")
    made.clock.advance(20.0)
    found = judged("performance", made.load("deployed"))
    assert ("the baseline is too slow to compare with" in found.reason) is not known
    if not known:
        assert "the machine stood still for 22 % of the baseline and 10 % of this window" in found.reason


def later(share: float, *, first: int = 110, seconds: int = 100, gap: float = 200.0, within: float = 30.0) -> Verdict:
    """The first window, recorded at second 101, is slow, and the next one, so long after it, is as the baseline; in
    between the machine stood still for a share of some seconds.
    """
    made = witness(witness(Made(), 0.0, seconds=400), share, first=first, seconds=seconds)
    made.clock.advance(100.0)
    made.load("baseline").load("deployed", p50=0.5)
    made.clock.advance(gap - 1.0)
    return judged("performance", made.load("later"), again=["later"], within=within)


def test_a_recovery_that_came_too_late_proves_nothing_where_the_machine_stood_still_meanwhile() -> None:
    """Of 200 s, 30 s are allowed, and a stall explains four times its length."""
    found = later(0.435)
    assert (found.outcome, found.look, found.stalled) == (Outcome.UNKNOWN, BUSY, True)
    assert found.reason.startswith(
        "the machine stood still for 43.5 s of these 200.0 s, so this proves nothing: as in "
    )
    assert "again only 200.0 s after the first window began, later than 30 s" in found.reason
    assert later(0.42).outcome is Outcome.FAIL
    assert later(0.435, first=300).outcome is Outcome.FAIL, "not after it"
    ran = later(0.0)
    assert (ran.outcome, ran.look) == (Outcome.FAIL, "what is slow: the queue, the cache, the database's connections")


def test_a_recovery_right_in_time_passes() -> None:
    found = later(0.0, gap=30.0)
    assert found.outcome is Outcome.PASS
    assert found.reason.startswith("as in the baseline again 30.0 s after the first window began: p50 10 ms")
    assert later(0.0, gap=30.5).outcome is Outcome.FAIL
    never = Made().load("baseline").load("deployed", p50=0.5).load("later", p50=0.5)
    said = judged("performance", never, again=["later"], within=30.0).reason
    assert said.startswith("not as in the baseline again, in window 2, 1.0 s after the first window began: p50 500 ms")


def test_a_recovery_at_a_time_that_is_not_known_is_unknown() -> None:
    made = Made().load("baseline").load("deployed", p50=0.5, began=None).load("later")
    found = judged("performance", made, again=["later"], within=30.0)
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason.startswith("as in the baseline again at a time that is not known: p50 10 ms")


def test_a_kind_that_is_slow_proves_nothing_where_a_stall_explains_all_but_half_of_it() -> None:
    """Twenty answers, half a second apart; of the p50, ten may be slow. A stall explains the first three."""
    for unexplained, outcome in ((10, Outcome.UNKNOWN), (11, Outcome.FAIL)):
        requests = Requests(0.0)
        requests.kinds = ("read", "resume")
        mine = np.arange(1000) % 25 == 0
        requests.rows["request"] = mine
        requests.history.record(
            raw("witness", environment="h1", place="door", begin=60.0, end=61.0, stood=0.9, busy=1.0)
        )
        slow = (requests.at(10.0, 11.1) | requests.at(13.0, 12.9 + unexplained / 2)) & mine
        assert slow.sum() == 3 + unexplained
        requests.rows["latency"][slow] = 0.5
        found = requests.verdict("performance")
        assert found.outcome is outcome, found
    assert found.reason.startswith("p50 of the resume requests 500 ms, 10 ms before")
    assert len(found.evidence) == 2


SLOW: dict[str, Any] = {"p95": 0.2}


def spoilt(*windows: tuple[dict[str, Any], bool], within: float) -> Verdict:
    """Windows that begin twenty seconds apart; the machine stood still for half of each that it spoilt."""
    made, stood = Made(), dict[int, float]()
    made.clock.advance(100.0)
    made.load("baseline")
    names = [f"window-{number}" for number in range(1, len(windows) + 1)]
    for name, (data, spoils) in zip(names, windows, strict=True):
        made.clock.advance(19.0)
        end = int(made.clock.monotonic())
        stood.update(dict.fromkeys(range(end - 10, end), 0.5 * spoils))
        made.load(name, **data)
    for second in range(200):
        witness(made, stood.get(second, 0.0), first=second, seconds=1)
    return performance.check(made.events, phase=names[0], again=names[1:], within=within)


def test_a_spoilt_window_is_no_reason_against_one_that_was_good_in_time() -> None:
    found = spoilt((SLOW, True), ({}, False), within=20.0)
    assert found.outcome is Outcome.PASS
    assert "; at first: the machine stood still for 5.0 s of these 10.0 s, so this proves nothing" in found.reason


def test_a_further_window_that_began_in_time_and_was_spoilt_leaves_a_late_recovery_unknown() -> None:
    found = spoilt((SLOW, False), (SLOW, True), ({}, False), within=20.0)
    assert (found.outcome, found.look, found.stalled) == (Outcome.UNKNOWN, BUSY, True)
    assert found.reason.startswith("as in the baseline again only 40.0 s after the first window began, later than 20 s")
    assert "; before: not as in the baseline again, in window 2, 20.0 s after" in found.reason
    assert spoilt((SLOW, False), (SLOW, True), ({}, False), within=19.0).outcome is Outcome.FAIL, "it began too late"
    assert spoilt((SLOW, False), (SLOW, False), ({}, False), within=20.0).outcome is Outcome.FAIL


def test_no_time_to_recover_is_given_but_on_request() -> None:
    made = Made().load("baseline").load("deployed", **SLOW).load("later")
    assert performance.check(made.events, phase="deployed", again=["later"]).outcome is Outcome.FAIL


def test_a_phase_of_several_windows_begins_with_the_first() -> None:
    made = Made().load("baseline").load("deployed", **SLOW).load("deployed", **SLOW).load("later").load("later")
    found = performance.check(made.events, phase="deployed", again=["later"], within=2.0)
    assert found.outcome is Outcome.PASS
    assert found.reason.startswith("as in the baseline again 2.0 s after the first window began")


def test_the_stalls_of_a_baseline_shorter_than_a_second_are_a_share_of_its_own_length() -> None:
    made = witness(witness(Made(), 0.3, seconds=100), 0.0, first=100)
    made.clock.advance(100.0)
    made.load("baseline", seconds=0.5)
    made.clock.advance(20.0)
    assert "for 30 % of the baseline and 0 % of this window" in judged("performance", made.load("deployed")).reason


# -- one by one --------------------------------------------------------------------------------------------------------


def kinds(every: int = 2) -> Requests:
    """One of so many requests resumes; no stall but what is recorded."""
    requests = Requests(0.0)
    requests.kinds = ("read", "resume")
    requests.rows["request"] = np.arange(1000) % every == 0
    return requests


def test_what_is_slow_in_all_is_not_told_once_more_by_kind() -> None:
    requests = kinds()
    requests.rows["latency"][requests.at(10.0, 20.0)] = 0.5
    found = requests.verdict("performance")
    assert found.outcome is Outcome.FAIL
    assert "requests 5" not in found.reason, "p50 of the read requests 500 ms"


def test_a_slow_kind_proves_nothing_in_a_window_that_the_machine_spoilt_as_a_whole() -> None:
    """The machine stood still at its beginning, and the kind was asked for long after: 20 of 500 requests."""
    for stood, outcome in ((0.9, Outcome.UNKNOWN), (0.0, Outcome.FAIL)):
        requests = kinds(25)
        requests.history.record(
            raw("witness", environment="h1", place="door", begin=60.0, end=62.5, stood=2.5 * stood, busy=1.0)
        )
        late = requests.at(16.0, 20.0) & (np.arange(1000) % 10 == 0)
        requests.rows["request"][requests.at(10.0, 20.0)] = 0
        requests.rows["request"][late], requests.rows["latency"][late] = 1, 0.15
        found = requests.verdict("performance")
        assert found.outcome is outcome, found
        assert "p50 of the resume requests 150 ms, 10 ms before" in found.reason


@pytest.mark.parametrize(
    ("unexplained", "outcome"),
    [(25, Outcome.UNKNOWN), (26, Outcome.FAIL), (250, Outcome.UNKNOWN), (251, Outcome.FAIL)],
)
def test_a_quantile_proves_nothing_where_stalls_explain_all_but_its_share_of_the_slow_answers(
    unexplained: int, outcome: Outcome
) -> None:
    """Of 500 answers, 5 % may be slow with the same p95, and half with the same p50."""
    requests = Requests(0.0)
    stall = {"environment": "h1", "place": "door", "begin": 60.0, "end": 61.0, "busy": 1.0}
    requests.history.record(raw("witness", stood=0.9, **stall))
    slow = requests.at(10.0, 10.5) | requests.at(14.0, 13.99 + unexplained / 50)
    assert slow.sum() == 25 + unexplained
    requests.rows["latency"][slow] = 0.3
    if unexplained > 100:  # the p95 is as it was
        requests.rows["latency"][requests.at(0.0, 1.0)] = 0.3
    found = requests.verdict("performance")
    assert found.outcome is outcome, found


def test_requests_that_were_saved_of_one_of_the_phases_alone_are_not_compared_one_by_one() -> None:
    requests = kinds()
    other = requests.history.record(raw("workload.start", at=50.0, began=1000.0, arm="subject", rate=50.0))
    running = RunningSamples(requests.rows["intended"], 1000.0, requests=requests.kinds)
    running.add(requests.rows)
    for phase, first, last, start in (("baseline", 0, 500, other.id), ("deployed", 500, 1000, requests.start.id)):
        requests.history.record(running.window(phase, first, last, last / 50, start))
    stream = Stream(requests.start.id, "", "subject", 50.0, 1000.0, "", requests.kinds, {}, requests.rows)
    found = performance.check(requests.history.events, phase="deployed", samples=Samples((stream,)))
    assert found.outcome is Outcome.PASS
    assert performance.check(requests.history.events, phase="deployed").outcome is Outcome.PASS, "nor without any"


def test_a_control_that_was_slow_in_the_first_second_of_the_window_alone_is_slower_as_well() -> None:
    """That is a tenth of its answers, and more than the p95 lets pass."""
    requests = Requests(0.0)
    beside = requests.rows.copy()
    beside["latency"][requests.at(10.0, 11.0)] = 0.3
    requests.rows["latency"][requests.at(15.0, 20.0)] = 0.3
    start = requests.history.record(
        raw("workload.start", file="control.bin", at=50.0, began=1000.0, arm="control", rate=50.0, timeout=5.0)
    )
    running = RunningSamples(requests.rows["intended"], 1000.0)
    running.add(requests.rows)
    for phase, first, last in (("baseline", 0, 500), ("deployed", 500, 1000)):
        requests.history.record(running.window(phase, first, last, last / 50, requests.start.id))
    ours = Stream(requests.start.id, "", "subject", 50.0, 1000.0, "", (), {}, requests.rows)
    control = Stream(start.id, "", "control", 50.0, 1000.0, "", (), {}, beside)
    events = requests.history.events
    assert performance.check(events, phase="deployed", samples=Samples((ours,))).outcome is Outcome.FAIL
    found = performance.check(events, phase="deployed", samples=Samples((ours, control)))
    assert found.outcome is Outcome.UNKNOWN
    assert "the untouched control was slower as well (p95 300 ms, 10 ms before)" in found.reason
