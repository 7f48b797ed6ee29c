"""Canaries through everything: the workload sends them, the replica logs them, the check looks for them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from fixtures import tiny
from harness.checks import logs
from harness.plan.run import Run
from harness.plan.trial import Trial
from harness.stack import load
from harness.verdict import Outcome

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

OVERRIDE = """x-harness:
  logs:
    web: !override
      - {path: /var/log/web.log, max_silence: 2s, format: json, release: release, canary: FIELD, canary_within: 1s}
  workload:
    canary: 500ms
    request: {path: "/things/{id}?key={key}"}
"""


@pytest.mark.parametrize(("field", "outcome"), [("path", Outcome.PASS), ("level", Outcome.FAIL)])
def test_a_canary_is_found_where_it_is_logged_and_missed_where_it_is_not(
    harness_run: Run, tmp_path: Path, request: pytest.FixtureRequest, field: str, outcome: Outcome
) -> None:
    (tmp_path / "canaries.yaml").write_text(OVERRIDE.replace("FIELD", field), encoding="utf-8")
    stack = load(tiny.STACK, [tmp_path / "canaries.yaml"], environ={})
    environment = harness_run.environment(stack, "1.0.0", test=request.node.nodeid)
    with (
        harness_run.history.scope(environment=environment.id),
        environment,
        Trial(environment, harness_run.samples(environment)) as trial,
    ):
        trial.workload.start()
        with trial.phase("watched"):
            trial.watch("watched", 4.0)
        verdict = trial.verdict(partial(logs.check, release="1.0.0"), phase="watched")
        assert verdict.outcome is outcome, verdict
        if outcome is Outcome.FAIL:
            assert "is not in any of 2 logs after 1 s" in verdict.reason
