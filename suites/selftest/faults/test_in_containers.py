"""Faults on real links: the load of the harness, and what replicas say to each other."""

from __future__ import annotations

import pytest

from fixtures import reference, tiny
from harness.errors import FaultUnproven
from harness.faults.injection import Faults
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.verdict import Outcome

TINY = pytest.mark.harness(stack=str(tiny.STACK))
REFERENCE = pytest.mark.harness(stack=str(reference.STACK), release_from="4.1.0", release_to="4.1.1")
ASK = """python3 -c "import urllib.request as r; print(r.urlopen('http://web-2:8080/version', timeout=5).read())" """


@TINY
def test_a_link_that_is_down_refuses_its_consumer_which_its_kernel_proves(environment: Subject, faults: Faults) -> None:
    control = environment.replica("control-1")
    with faults.down("control", "web-2") as off:
        answer = control.run(ASK)
        assert "Connection refused" in answer.stderr
        assert off.evidence().figures["control-1 -> web-2:8080"]["refused"] == 1
    assert control.run(ASK).exit_code == 0
    with pytest.raises(FaultUnproven, match="did not bite"), faults.down("control", "web-2"):
        pass


@TINY
def test_a_fault_of_a_plan_under_load_is_judged(trial: Trial) -> None:
    trial.workload.start()
    step = {"fault": "latency", "from": "entrypoint", "to": "web", "ms": 50}
    with trial.phase("deployed"), trial.fault(step, "deployed") as slow:
        slow.bites(within=30)
    assert [(verdict.check, verdict.outcome) for verdict in trial.verdicts] == [("faults", Outcome.PASS)]


@REFERENCE
def test_faults_between_replicas_of_the_reference_stack_bite_and_are_gone(trial: Trial, faults: Faults) -> None:
    trial.workload.start()
    for fault in (
        faults.latency("backend-2", "cache", ms=20),
        faults.jitter("backend", "database", ms=20),
        faults.bandwidth("one", "cache", kb_per_s=50),
        faults.slicing("backend-1", "cache", size=3),
        faults.reset("backend-3", "cache"),
        faults.down("backend-1", "database"),
        faults.timeout("backend-2", "database", ms=200),
        faults.data_limit("lb", "backend", bytes=100),
        faults.slow_connect("lb", "backend", ms=20),
        faults.partition(["backend-1"], ["database"]),
        faults.partition("all", "cache"),
        faults.partition(halves="all"),
    ):
        with fault as on:
            assert on.bites(within=30)
        assert on.proven, on.fault.title()
