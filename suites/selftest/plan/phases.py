"""What a history has of a phase in which all is well, but for what a test wants otherwise."""

from __future__ import annotations

from harness.plan.trial import Trial
from suites.raw import raw
from suites.selftest.plan.made import OLD

CHECKS = {"release", "restarts", "errors", "containers", "logs", "health", "registry", "convergence"}


def fill(
    made: Trial,
    phase: str,
    release: str = OLD,
    *,
    p95: float = 0.02,
    bad: int = 0,
    lateness: float = 0.001,
    began: float = 0.0,
    silence: float = 0.2,
    **other: str,
) -> None:
    """Everything as it should be on a release; `other` names a replica that runs another one."""
    history = made.history
    with history.scope(environment="h1", phase=phase):
        for name in made.fleet_names:
            history.record(raw("probe.health", replica=name, ok=True, error=None))
            for _ in range(2):
                history.record(raw("probe.replica", replica=name, list=[[7, 1, "python3", 5.0, "S"]], error=None))
        for name in made.fleet_names:  # asked when the hold ends
            history.record(raw("probe.release", replica=name, release=other.get(name.replace("-", "_"), release)))
        for name in made.fleet_names:
            history.record(
                raw("probe.log", replica=name, path="/var/log/web.log", records=40, by_release={release: 40},
                unparsed=0, errors=0, error_lines=[], newest=None, seconds=4.0, silence=silence, state="ok", error=None,
            ))  # fmt: skip
        for name in made.names:
            history.record(
                raw("probe.container", replica=name, status="running", started="10:00", exit_code=None,
                oom_killed=False, error=None,
            ))  # fmt: skip
        history.record(raw("probe.registry", release=release, error=None))
        history.record(
            raw("workload", intended=100, sent=100, ok=100 - bad, failed=bad, shed=0, seconds=4.0, p50=0.01, p95=p95,
            p99=0.3, lateness_p95=lateness, statuses={}, errors={}, longest_outage=0.0, served_by={}, began=began,
        ))  # fmt: skip
