"""What a stall of the machine explains, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness import checks
from harness.checks import availability
from harness.checks._witness import Witness
from harness.checks.logs import ExpectedLog
from harness.history import Event, History
from harness.samples import CANARY, FINAL, OK, SAMPLE, Samples, Stream
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.arms import Arms
from suites.selftest.checks.builder import LOG, REPLICAS, Made


def witness(made: Made, share: float = 0.0, *, busy: float = 1.0, seconds: int = 200, first: int = 0) -> Made:
    """A report for each second, in which the machine stood still for this share of it."""
    for at in range(first, first + seconds):
        made.history.record(
            raw(
                "witness",
                environment="h1",
                place="door",
                begin=float(at),
                end=at + 1.0,
                stood=share,
                busy=busy,
                steal=0.0,
            )
        )
    return made


def stood(made: Made, begin: float = 10.0, end: float = 15.0) -> float:
    return Witness(made.events).stood(begin, end)


def test_what_the_witness_reported_is_added_up() -> None:
    assert stood(witness(Made(), 0.5)) == pytest.approx(2.5)
    assert (
        Witness(witness(Made(), 0.5).events).explains(10.0, 15.0) == "the machine stood still for 2.5 s of these 5.0 s"
    )


def test_without_a_witness_nothing_is_explained() -> None:
    assert stood(Made()) == 0.0
    assert Witness(Made().events).explains(10.0, 15.0) == ""


def test_a_stall_that_is_short_against_the_stretch_explains_nothing() -> None:
    assert Witness(witness(Made(), 0.19).events).explains(10.0, 60.0) == ""
    assert Witness(witness(Made(), 0.21).events).explains(10.0, 60.0)


def test_a_stall_explains_a_few_times_its_length_and_no_more() -> None:
    found = Witness(witness(Made(), 0.2).events)  # 1 s of 5
    assert found.explains(10.0, 15.0, judged=5.0, allowed=1.0)
    assert found.explains(10.0, 15.0, judged=5.5, allowed=1.0) == ""


def test_what_the_witness_did_not_report_on_counts_as_a_stall() -> None:
    made = witness(Made(), seconds=5)
    made.clock.advance(20.0)
    made.add("note", text="later")
    assert stood(made, 5.0, 15.0) == pytest.approx(10.0)
    gap = witness(witness(Made(), seconds=5), seconds=5, first=9)
    assert stood(gap, 0.0, 14.0) == pytest.approx(4.0)


def used(made: Made, share: float) -> Made:
    """The replica uses this share of one processor."""
    for at in range(0, 200):
        made.clock.advance(1.0)
        made.history.record(raw("probe.replica", replica="backend-1", cpu=share * at, error=None))
    return made


def test_an_environment_that_keeps_the_machine_busy_itself_has_no_excuse() -> None:
    assert stood(used(witness(Made(), 0.5, busy=2.0), 1.8), 50.0, 60.0) == 0.0
    assert stood(used(witness(Made(), 0.5, busy=2.0), 0.8), 50.0, 60.0) == pytest.approx(5.0)


def throttled(limit: float | None, declared: float | None) -> float:
    made = Made()
    for at in range(0, 100):
        made.clock.advance(1.0)
        made.history.record(
            raw("probe.replica", replica="backend-1", cpu=0.0, throttled_seconds=0.6 * at, cpu_limit=limit,
            cpu_declared=declared, error=None,
        ))  # fmt: skip
    return Witness(made.events).stood(50.0, 60.0)


def test_a_replica_that_somebody_throttles_stands_still_and_one_at_its_own_limit_does_not() -> None:
    assert throttled(0.1, None) == pytest.approx(6.0)
    assert throttled(0.1, 0.5) == pytest.approx(6.0)
    assert throttled(0.5, 0.5) == 0.0
    assert throttled(None, None) == 0.0


# -- every finding about time ----------------------------------------------------------------------------------------

LOGS = [ExpectedLog(replica, LOG, max_silence=2.0, carries_time=True, canary_within=1.0) for replica in REPLICAS]


def logs(made: Made, **bad: Any) -> Made:
    made.load("deployed")
    for replica in REPLICAS:
        made.log("deployed", replica, **(bad if replica == "backend-2" else {}))
    return made


def canary(made: Made) -> Samples:
    """One that backend-2 answered 5 s before the end."""
    rows = np.zeros(1, SAMPLE)
    rows["intended"], rows["latency"], rows["outcome"] = made.clock.now() - 1005.0, 0.01, 200
    rows["server"], rows["flags"] = 2, OK | FINAL | CANARY
    return Samples((Stream(0, "", "subject", 0.0, 1000.0, "c1", (), {2: "backend-2"}, rows),))


def judged(name: str, made: Made, **parameters: Any) -> Verdict:
    samples = parameters.pop("samples", Samples())
    return checks.call(checks.find(name), made.events, samples, "deployed", parameters)


BAD: dict[str, Callable[[Made], Verdict]] = {
    "health": lambda made: judged("health", made.health("deployed", True, False, True), replicas=REPLICAS),
    "queue not drained": lambda made: judged(
        "queue", made.queue("baseline", 0).queue("deployed", *[50] * 12), within=5.0
    ),
    "queue too slow": lambda made: judged(
        "queue", made.queue("baseline", 0).queue("deployed", *[50] * 12, 0), within=5.0
    ),
    "queue filled again": lambda made: judged(
        "queue", made.queue("baseline", 0).queue("deployed", 50, 0, 60, 60, 60, 60), within=50.0
    ),
    "age": lambda made: judged(
        "queue", made.queue("baseline", 0, ages=[0.0]).queue("deployed", *[0] * 9, ages=[9.0] * 9), within=5.0
    ),
    "server down": lambda made: judged(
        "convergence", made.releases("deployed", *["4.1.1"] * 3).balancer("deployed", "UP", "DOWN", "UP"),
        replicas=REPLICAS, balancer=True,
    ),
    "silent": lambda made: judged("logs", logs(made, records=0, by_release={}), release="4.1.1", logs=LOGS[:2]),
    "silence": lambda made: judged("logs", logs(made, silence=3.1), release="4.1.1", logs=LOGS[:2]),
    "blocks": lambda made: judged(
        "logs", logs(made, times={"blocks": 3, "lag": 3.0}), release="4.1.1", logs=LOGS[:2]
    ),
    "backward": lambda made: judged(
        "logs", logs(made, times={"backward": 3, "step": 3.0}), release="4.1.1", logs=LOGS[:2]
    ),
    "error lines": lambda made: judged(
        "logs", logs(made, errors=3, error_lines=["ERROR: the database did not answer"]), release="4.1.1", logs=LOGS[:2]
    ),
    "performance": lambda made: judged("performance", made.load("baseline").load("deployed", p50=0.5, p95=0.9)),
    "performance too late": lambda made: judged(
        "performance", made.load("baseline").load("deployed", p50=0.5).load("later", began=made.clock.now() + 40.0),
        again=["later"], within=30.0,
    ),
}  # fmt: skip


def before(share: float) -> Made:
    """Two minutes under a witness; then something happens."""
    made = witness(Made(), share)
    made.clock.advance(100.0)
    return made


@pytest.mark.parametrize("name", BAD)
def test_a_finding_about_time_fails_on_a_machine_that_ran(name: str) -> None:
    found = BAD[name](before(0.01))
    assert found.outcome is Outcome.FAIL, found
    assert not found.stalled


@pytest.mark.parametrize("name", BAD)
def test_a_finding_about_time_proves_nothing_on_a_machine_that_stood_still(name: str) -> None:
    found = BAD[name](before(0.6))
    assert found.outcome is Outcome.UNKNOWN, found
    assert found.stalled
    assert "the machine stood still for" in found.reason
    assert "so this proves nothing" in found.reason


def test_what_is_no_matter_of_time_fails_on_any_machine() -> None:
    made = before(0.9).releases("deployed", "4.1.1", "4.1.0", "4.1.1")
    assert judged("release", made, release="4.1.1", replicas=REPLICAS).outcome is Outcome.FAIL


def test_a_deployer_that_gave_up_while_the_machine_stood_still_says_nothing_about_the_release() -> None:
    def release(made: Made, **end: Any) -> Verdict:
        made.ended("deploy", "deploy", **end).releases("deployed", *["4.1.0"] * 3)
        return judged("release", made, release="4.1.1", replicas=REPLICAS)

    found = release(before(0.6), exit_code=1)
    assert found.outcome is Outcome.UNKNOWN
    assert found.reason.startswith("the deploy failed while the machine stood still for ")
    assert release(before(0.6), exit_code=None, how="timeout").outcome is Outcome.FAIL  # that was put off already
    assert release(before(0.2), exit_code=1).outcome is Outcome.FAIL
    assert release(before(0.01), exit_code=1).outcome is Outcome.FAIL
    assert release(before(0.6), exit_code=0).outcome is Outcome.FAIL


def test_a_baseline_that_the_machine_made_slow_is_not_compared_with() -> None:
    made = witness(Made(), 0.5, seconds=50)
    made.clock.advance(40.0)
    made.load("baseline", p50=0.5, p95=0.9)
    witness(made, 0.01, seconds=100, first=50)
    made.clock.advance(60.0)
    found = judged("performance", made.load("deployed", p50=0.4, p95=0.8))
    assert found.outcome is Outcome.UNKNOWN
    assert "the baseline is too slow to compare with" in found.reason


def arms(made: Made, **slow: float) -> Arms:
    return Arms(history=made.history, control=False, **slow)  # type: ignore[arg-type]


def test_recovery_that_is_not_seen_on_a_machine_that_stood_still_proves_nothing() -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.6, Outcome.UNKNOWN)):
        assert arms(witness(Made(), share), slower=3.0).verdict().outcome is outcome
        assert arms(witness(Made(), share), failing=0.2).verdict().outcome is outcome


def test_an_overload_that_stays_on_a_machine_that_stood_still_proves_nothing() -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.6, Outcome.UNKNOWN)):
        found = arms(witness(Made(), share), failing=0.2)
        asked = {"phase": "rolled-back", "samples": found.samples, "outage": 5.0, "utilisation": 0.5}
        assert checks.find("metastable")(found.events, **asked).outcome is outcome


# -- availability, request by request ----------------------------------------------------------------------------------


class Requests:
    """Fifty requests a second for twenty seconds from second 50 on, the first ten of them the baseline."""

    def __init__(self, share: float = 0.01) -> None:
        self.made = before(share)
        self.history: History = self.made.history
        self.rows = np.zeros(1000, SAMPLE)
        self.rows["n"], self.rows["intended"] = np.arange(1000), np.arange(1000) / 50
        self.rows["latency"], self.rows["outcome"], self.rows["flags"] = 0.01, 200, OK | FINAL
        self.start = self.history.record(
            raw("workload.start", file="samples.bin", at=50.0, began=1000.0, arm="subject", rate=50.0, timeout=5.0)
        )

    def at(self, begin: float, end: float) -> Any:
        """The requests that were due between two seconds."""
        return (self.rows["intended"] >= begin) & (self.rows["intended"] < end)

    def freeze(self, begin: float, end: float) -> None:
        """Answers come when the service runs again."""
        part = self.at(begin, end)
        self.rows["latency"][part] = end - self.rows["intended"][part] + 0.01

    def stop_generator(self, begin: float, end: float) -> None:
        """It sends what was due when it runs again."""
        part = self.at(begin, end)
        self.rows["sent"][part] = end - self.rows["intended"][part]
        self.rows["latency"][part] += self.rows["sent"][part]

    def fail(self, part: Any) -> None:
        self.rows["outcome"][part], self.rows["flags"][part] = 503, FINAL

    def verdict(self, name: str = "availability", **parameters: Any) -> Verdict:
        from harness.workload.samples import Samples as Running

        running = Running(self.rows["intended"], 1000.0)
        running.add(self.rows)
        for phase, first, last in (("baseline", 0, 500), ("deployed", 500, 1000)):
            self.history.record(running.window(phase, first, last, last / 50, self.start.id))
        stream = Stream(self.start.id, "", "subject", 50.0, 1000.0, "", (), {}, self.rows)
        return checks.call(checks.find(name), self.made.events, Samples((stream,)), "deployed", parameters)


def test_a_sound_deployment_passes() -> None:
    assert Requests().verdict()


def test_a_service_that_stalls_and_answers_everything_late_was_out() -> None:
    requests = Requests()
    requests.freeze(12.0, 16.1)
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("no request was answered in time for 4.1 s, longer than 1 s")


def test_a_generator_that_stood_still_saw_nothing() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    for name in ("availability", "errors"):
        verdict = requests.verdict(name)
        assert verdict.outcome is Outcome.UNKNOWN, name
        assert "the load generator stood still for 2.0 s" in verdict.reason


def test_what_was_under_way_when_the_generator_stood_still_is_late_by_its_fault() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    under_way = requests.at(11.9, 12.0)
    requests.rows["latency"][under_way] = 14.0 - requests.rows["intended"][under_way]
    requests.fail(requests.at(11.96, 12.0))  # their time-outs were over when it ran again
    for name in ("availability", "errors"):
        assert requests.verdict(name).outcome is Outcome.UNKNOWN, name


def test_an_answer_is_not_late_by_the_time_in_which_the_generator_could_not_hear_it() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 12.6)
    requests.rows["latency"][requests.at(11.7, 12.0)] = 1.1  # half a second of it the service's
    assert requests.verdict()


def test_what_the_generator_sends_all_at_once_after_its_stall_may_be_answered_late() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 14.0)
    requests.freeze(14.0, 15.3)  # the service works off what came at once
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    longer = Requests()
    longer.stop_generator(12.0, 12.5)
    longer.freeze(12.5, 17.0)
    assert longer.verdict().outcome is Outcome.FAIL, "half a second does not explain it"


def test_an_outage_that_goes_on_after_the_generators_own_stall_is_one() -> None:
    requests = Requests()
    requests.stop_generator(12.0, 12.6)
    requests.fail(requests.at(12.6, 15.0))
    assert requests.verdict().outcome is Outcome.FAIL


def test_answers_that_come_late_count_as_none() -> None:
    requests = Requests()
    requests.rows["latency"][requests.at(13.0, 13.5)] = 1.5  # ten times the baseline's p99 is less than a second
    verdict = requests.verdict()
    assert verdict.outcome is Outcome.FAIL
    assert "5 % of 500 requests failed or were answered later than 1 s (25), more than 1 %" in verdict.reason


def test_the_latency_that_the_stack_declares_counts_and_else_ten_times_the_baselines() -> None:
    slow = Requests()
    slow.rows["latency"][:500], slow.rows["latency"][500:] = 1.4, 2.0
    assert slow.verdict()
    assert Requests().verdict(latency=0.005).outcome is Outcome.FAIL
    assert Requests().verdict(latency=0.02)


def test_without_a_baseline_no_answer_is_late_and_a_freeze_is_an_outage_even_so() -> None:
    requests = Requests()
    requests.freeze(12.0, 14.0)
    assert requests.verdict(baseline="none").outcome is Outcome.FAIL


@pytest.mark.parametrize("name", ["availability", "errors", "performance"])
def test_failures_on_a_machine_that_stood_still_prove_nothing(name: str) -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.6, Outcome.UNKNOWN)):
        requests = Requests(share)
        requests.fail(requests.at(12.0, 14.0))
        assert requests.verdict(name).outcome is outcome, (name, share)


def slow(share: float, begin: float, end: float) -> Requests:
    """One answer in twelve is slow, all of them in a row; in the two seconds before, the machine stood still."""
    requests = Requests()
    requests.rows["latency"][requests.at(begin, end)] = 0.4
    requests.history.record(
        raw(
            "witness", environment="h1", place="door", begin=48.0 + begin, end=50.0 + begin, stood=2.0 * share, busy=1.0
        )
    )
    return requests


def test_a_few_slow_answers_after_a_stall_prove_nothing_about_performance() -> None:
    """The stall is short against the window, and explains what makes up its p95."""
    found = slow(0.5, 10.0, 10.8).verdict("performance")
    assert found.outcome is Outcome.UNKNOWN, found
    assert found.stalled
    assert "the machine stood still for 1.0 s" in found.reason
    assert slow(0.0, 10.0, 10.8).verdict("performance").outcome is Outcome.FAIL


def test_late_answers_prove_nothing_where_the_machine_stood_still_for_a_good_part_of_them() -> None:
    """Also where it ran in the seconds before."""
    requests = Requests()
    requests.rows["latency"][requests.at(10.2, 10.4)] = 1.1
    witness = {"environment": "h1", "place": "door", "begin": 60.2, "end": 61.4, "busy": 1.0}
    requests.history.record(raw("witness", stood=0.4, **witness))
    assert requests.verdict().outcome is Outcome.UNKNOWN
    ran = Requests()
    ran.rows["latency"][ran.at(10.2, 10.4)] = 1.1
    ran.history.record(raw("witness", stood=0.1, **witness))
    assert ran.verdict().outcome is Outcome.FAIL


def test_slow_answers_that_no_stall_was_near_fail_whatever_was_before() -> None:
    late = slow(0.5, 10.0, 10.2)
    late.rows["latency"][late.at(15.0, 16.0)] = 0.4
    assert late.verdict("performance").outcome is Outcome.FAIL


def test_samples_that_are_not_all_there_are_no_evidence() -> None:
    requests = Requests()
    requests.verdict()
    events, rows = requests.made.events, requests.rows[:-10]
    stream = Stream(requests.start.id, "", "subject", 50.0, 1000.0, "", (), {}, rows)
    found = availability.check(events, phase="deployed", samples=Samples((stream,)))
    assert found.outcome is Outcome.UNKNOWN
    assert "490 samples, and 500 were counted" in found.reason


def test_a_canary_that_came_late_on_a_machine_that_stood_still_proves_nothing() -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.9, Outcome.UNKNOWN)):
        made = logs(before(share))
        events: tuple[Event, ...] = made.events
        only = [event for event in events if event.kind != "probe.log" or event.data["replica"] == "backend-2"]
        found = checks.call(
            checks.find("logs"), only, canary(made), "deployed", {"release": "4.1.1", "logs": LOGS[1:2]}
        )
        assert found.outcome is outcome, (share, found)
