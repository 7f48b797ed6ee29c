"""What was acknowledged is read by the other release and counted, on the tiny stack; a third rollback is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.events import WorkloadReads
from harness.history import History, of
from harness.plan.gating import in_environment
from harness.plan.run import Options, Run
from harness.stack import Stack, load
from suites.raw import select
from suites.selftest.plan.made import gate
from suites.selftest.there_and_back import there_and_back

pytestmark = [pytest.mark.containers, pytest.mark.sampled]

OVERRIDE = """services:
  web:
    environment: {TINY_RELEASE: MODE}
x-harness:
  workload:
    reads: 100%
    request:
      path: "/things/{id}?key={key}"
      acknowledged: "{key}"
      read: {path: "/kept/{key}", expect: {key: "{key}"}}
    effects:
      lines: {in: control, command: [cat, /srv/jobs]}
"""


def gated(directory: Path, engine: Engine, mode: str) -> History:
    """Deployed and taken back once."""
    (directory / "reads.yaml").write_text(OVERRIDE.replace("MODE", mode), encoding="utf-8")
    stack = load(tiny.STACK, [directory / "reads.yaml"], environ={})
    with Run(engine, Options(out=directory)) as run:
        in_environment(run, stack, there_and_back(gate(stack)))
        return run.history


def said(history: History, check: str) -> dict[str, tuple[str, str]]:
    found = select(history.events, "verdict", check=check)
    return {one.data["phase"]: (one.data["outcome"], one.data["reason"]) for one in found}


def test_what_both_releases_write_both_can_read_and_everything_happens_once(
    tmp_path: Path, harness_engine: Engine
) -> None:
    history = gated(tmp_path, harness_engine, "good")
    for check, phases in {
        "reads": ("baseline", "deployed", "rolled-back"), "reads-forward": ("rolled-back",),
        "effects": ("deployed", "rolled-back"),
    }.items():  # fmt: skip
        verdicts = said(history, check)
        assert set(phases) <= set(verdicts)
        assert {outcome for outcome, _ in verdicts.values()} == {"pass"}, verdicts
    (everything,) = (one.body for one in of(history.events, WorkloadReads) if one.body.every)
    assert everything.written == everything.asked == everything.good > 100


def test_what_the_new_release_writes_and_the_old_one_cannot_read_is_named(
    tmp_path: Path, harness_engine: Engine
) -> None:
    history = gated(tmp_path, harness_engine, "shouts")
    outcome, reason = said(history, "reads-forward")["rolled-back"]
    assert outcome == "fail"
    assert "written in the phase deploy, gave status 404" in reason
    assert said(history, "reads")["baseline"][0] == "pass"
    assert said(history, "reads")["rolled-back"][0] == "fail"


def test_what_happens_twice_is_named_with_its_effect(tmp_path: Path, harness_engine: Engine) -> None:
    outcome, reason = said(gated(tmp_path, harness_engine, "doubles"), "effects")["deployed"]
    assert outcome == "fail"
    assert "lines: more than one for" in reason


def declared(mode: str) -> Stack:
    override = tiny.STACK.parent / "compose.selftest.yaml"
    return load(tiny.STACK, [override], environ={"TINY_DEPLOYER": mode, "TINY_PACE": "0.2"})


def test_what_only_a_second_round_leaves_behind_is_found_after_the_third_rollback(
    tmp_path: Path, harness_engine: Engine
) -> None:
    wanted = gate(declared("piles"))
    with Run(harness_engine, Options(out=tmp_path)) as run:
        in_environment(run, wanted.stack, wanted.plans(["round-trip"])[0])
    trace = said(run.history, "trace")
    assert [phase for phase, (outcome, _) in trace.items() if outcome == "fail"] == ["rolled-back-again"]
    assert "/srv/piled" in trace["rolled-back-again"][1]
    failed = [one.data["phase"] for one in select(run.history.events, "verdict") if one.data["outcome"] == "fail"]
    assert failed == ["rolled-back-again"]
