"""The deployment failed by its own account, before anything was taken back."""

from __future__ import annotations

from harness.diagnoses._case import Case, Diagnosis, ids, names
from harness.diagnoses._kinds import DEPLOYMENT
from harness.diagnoses._shared import follow


def diagnose(case: Case) -> Diagnosis | None:
    """The first deployment did not succeed, or says so and did not reach every replica."""
    attempt = next((one for one in case.deployments if one.nth == 1 and one.end is not None), None)
    if attempt is None:
        return None
    now = {name: event.body.release for name, event in attempt.after.releases.items()}
    missed = tuple(name for name, release in now.items() if release == case.old and case.old != case.new)
    back = f" and left {names(missed, tuple(now))} on {case.old}" if missed else ""
    if not attempt.well:
        said = f"the deployment of {case.new} failed{back}; it {attempt.ended}"
    elif missed:
        said = (
            f"the deployment of {case.new} says that it succeeded, and left {names(missed, tuple(now))} on {case.old}"
        )
    else:
        return None
    return Diagnosis(
        said,
        DEPLOYMENT,
        ids(attempt.ids, attempt.after.releases.values()),
        "the deployer's output, and what the release needs to be deployed",
        follow(attempt),
    )
