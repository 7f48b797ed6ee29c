"""A made run of the gate under faults: three cases, one of which failed, with the load of each."""

from __future__ import annotations

from dataclasses import replace

from harness.clock import ManualClock
from harness.history import History
from harness.report import Report
from harness.samples import Samples
from harness.verdict import Outcome
from suites.raw import raw
from suites.selftest.report.loaded import loaded

CASES = {
    "cache.stale at rollback": Outcome.PASS,
    "cache.stale at rollback (load 2, twice)": Outcome.FAIL,
    "latency at deploy-1": Outcome.UNKNOWN,
}


def under_faults(cases: dict[str, Outcome] | None = None) -> tuple[Report, Samples]:
    """The run and its samples."""
    clock = ManualClock()
    history = History(clock=clock)
    history.record(raw("run.start", stack="reference", command=["harness", "gate"], **{"from": "4.1.0", "to": "4.1.1"}))
    (stream, *_) = loaded()[1].streams
    streams = []
    for number, (name, outcome) in enumerate((cases or CASES).items(), 1):
        with history.scope(environment=f"h{number}", scenario=name):
            with history.phase("rollback"), history.step("rollback", f"roll back, case {number}"):
                fault = history.record(raw("fault.inject", title=f"fault of case {number}"))
                clock.advance(6.0)
                history.record(raw("fault.heal", start=fault.id, bit=True, gone=True, reason="touched"))
                history.record(raw("probe.release", replica=f"web-{number}", release="4.1.0", error=None))
            reason = "as it should be" if outcome is Outcome.PASS else "a key is left"
            verdict = {
                "check": "trace",
                "outcome": str(outcome),
                "reason": reason,
                "evidence": [fault.id],
                "look": "it",
            }
            history.record(raw("verdict", phase="rolled-back", **verdict))
        streams.append(replace(stream, environment=f"h{number}", at=6.0 * (number - 1)))
        clock.advance(4.0)
    return Report.of(history.events), Samples(tuple(streams))
