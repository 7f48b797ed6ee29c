"""The outage of April 2012 on the reference stack, as a test: it happens again.

That the same hot-fix passes once deployctl is fixed is what suites/gate tests on the same stack.

`harness incident` does both and prints the timeline beside the original's.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures import reference
from harness.plan.incident import Incident, replay, timeline
from harness.plan.run import Run
from harness.plan.runner import run
from harness.plan.trial import Trial
from harness.stack import Stack, load

# What is slow, and what has recovered, is for the stack to say and not for many neighbours.
pytestmark = pytest.mark.paired

SCRIPT = reference.ROOT / "incident.yaml"


@pytest.fixture
def incident() -> Incident:
    return Incident.load(SCRIPT)


@pytest.fixture
def broken_trial(harness_run: Run, incident: Incident, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """The reference stack as it was in April 2012: the hot-fix that breaks the logs, and the old deployctl."""
    broken: Stack = load(incident.stack, incident.override)
    environment = harness_run.environment(broken, incident.old, test=request.node.nodeid)
    samples = harness_run.samples(environment)
    with harness_run.history.scope(environment=environment.id), environment, Trial(environment, samples) as trial:
        yield trial


def test_every_link_of_the_causal_chain_happens_again_and_in_the_originals_order(
    broken_trial: Trial, incident: Incident
) -> None:
    assert run(replay(incident, broken_trial.stack), broken_trial)
    ours = [key for _, key, _ in timeline(broken_trial.history.events)]
    theirs = [row.event for row in incident.original if row.event]
    assert [key for key in ours if key in theirs] == theirs
