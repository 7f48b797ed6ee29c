"""What a stall of the machine explains, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness import checks
from harness.checks._witness import WitnessedStalls
from harness.checks.logs import ExpectedLog
from harness.history import Event
from harness.samples import CANARY, FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.arms import Arms
from suites.selftest.checks.builder import LOG, REPLICAS, Made
from suites.selftest.checks.witnessed import before, judged, witness


def stood(made: Made, begin: float = 10.0, end: float = 15.0) -> float:
    return WitnessedStalls(made.events).stood(begin, end)


def test_what_the_witness_reported_is_added_up() -> None:
    assert stood(witness(Made(), 0.5)) == pytest.approx(2.5)
    assert (
        WitnessedStalls(witness(Made(), 0.5).events).explains(10.0, 15.0)
        == "the machine stood still for 2.5 s of these 5.0 s"
    )


def test_without_a_witness_nothing_is_explained() -> None:
    assert stood(Made()) == 0.0
    assert WitnessedStalls(Made().events).explains(10.0, 15.0) == ""


def test_a_stall_that_is_short_against_the_stretch_explains_nothing() -> None:
    assert WitnessedStalls(witness(Made(), 0.19).events).explains(10.0, 60.0) == ""
    assert WitnessedStalls(witness(Made(), 0.21).events).explains(10.0, 60.0)


def test_a_stall_explains_a_few_times_its_length_and_no_more() -> None:
    found = WitnessedStalls(witness(Made(), 0.2).events)  # 1 s of 5
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
    return WitnessedStalls(made.events).stood(50.0, 60.0)


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


def test_a_canary_that_came_late_on_a_machine_that_stood_still_proves_nothing() -> None:
    for share, outcome in ((0.01, Outcome.FAIL), (0.9, Outcome.UNKNOWN)):
        made = logs(before(share))
        events: tuple[Event, ...] = made.events
        only = [event for event in events if event.kind != "probe.log" or event.data["replica"] == "backend-2"]
        found = checks.call(
            checks.find("logs"), only, canary(made), "deployed", {"release": "4.1.1", "logs": LOGS[1:2]}
        )
        assert found.outcome is outcome, (share, found)


def late_canary(share: float, *, first: int, come: float | None = None) -> Verdict:
    """One that backend-2 answered 5 s before the last report of its log, at second 98; the machine stood still for a
    share of each of five seconds. Its record came so long after the answer, or never.
    """
    made = witness(witness(Made(), 0.0, seconds=110), share, seconds=5, first=first)
    made.clock.advance(100.0)
    found = canary(logs(made))
    looks = {} if come is None else {"canaries": {"c1-0": made.clock.now() - 5.0 + come}, "canary_looks": {"c1-0": 0.0}}
    made.log("deployed", "backend-2", **looks)
    only = [event for event in made.events if event.kind != "probe.log" or event.data["replica"] == "backend-2"]
    return checks.call(checks.find("logs"), only, found, "deployed", {"release": "4.1.1", "logs": LOGS[1:2]})


@pytest.mark.parametrize("come", [None, 4.9])
def test_a_stall_explains_a_canary_for_one_and_a_half_times_its_length_right_after_the_answer(
    come: float | None,
) -> None:
    assert late_canary(0.6, first=99, come=come).outcome is Outcome.UNKNOWN
    assert late_canary(0.4, first=99, come=come).outcome is Outcome.FAIL, "too short"
    assert late_canary(0.6, first=90, come=come).outcome is Outcome.FAIL, "over before the answer"
    assert late_canary(0.6, first=105, come=come).outcome is Outcome.FAIL, "after the record was due"


def test_any_stall_that_is_long_enough_explains_what_has_no_length_of_its_own() -> None:
    assert WitnessedStalls(witness(Made(), 0.4).events).explains(10.0, 10.5)
