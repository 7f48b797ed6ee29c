"""A hot-fix and its rollback, measured: as a team's own test reads, with recovery beside a control."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import reference
from harness.deploy import Deployer
from harness.plan.load import ComparedWorkload
from harness.plan.subject import Subject
from harness.stack import Stack, load
from harness.verdict import Outcome, Verdict

# What a busy machine makes of a measurement is unknown, and says so; it is no fault of the release.
MACHINE = ("itself was late", "untouched control is slower", "needs ", "requests that were due")


def measured(verdict: Verdict) -> bool:
    """It passed, or the machine was too busy to tell."""
    return bool(verdict) or (verdict.outcome is Outcome.UNKNOWN and any(words in verdict.reason for words in MACHINE))


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """The reference stack, measured less precisely than a release would be, in a third of the time."""
    short = tmp_path / "short.yaml"
    wanted = "{baseline: 15s, hold: 10s, within: 10s, tolerance: {p50: 40%, p95: 100%}, confidence: 95%}"
    short.write_text(f"x-harness: {{recovery: {wanted}}}\n", encoding="utf-8")
    return load(reference.STACK, [short])


@pytest.mark.sampled
@pytest.mark.paired
@pytest.mark.timeout(900)
def test_a_hot_fix_can_be_taken_back(
    environment: Subject, deployer: Deployer, workload: ComparedWorkload, release_from: str, release_to: str
) -> None:
    before = environment.fingerprint()
    baseline = workload.baseline()
    deployer.deploy(release_to)
    for backend in environment["backend"]:
        assert backend.host.file("/srv/backend/current").linked_to == f"/srv/backend/releases/{release_to}"
        assert backend.log("/var/log/backend/backend.log").advances(within=2)
    deployer.rollback()
    assert environment.runs(release_from)
    assert environment.fingerprint() == before
    verdict = workload.recovered(baseline)
    assert measured(verdict), verdict
    assert not verdict or "against the control" in verdict.reason
