"""Evidence that is taken away from a running command is the harness's own fault, never a verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from fixtures import tiny
from harness.commands.running import report_on
from harness.engine import Engine, Swept
from harness.environment.evidence import save_evidence
from harness.errors import INTERNAL, HistoryError
from harness.files import Kept
from harness.history import EVENTS, read
from harness.plan.run import Options, Run
from harness.probes.readback import probe as readback
from harness.samples.records import counted
from harness.stack import Readback
from harness.verdict import Outcome, Verdict
from harness.workload import Workload
from suites.raw import fields, raw, select
from suites.selftest.commands.support import ROUND_TRIP, World
from suites.selftest.plan.made import tiny_stack
from suites.selftest.plan.test_run import FakeEngine
from suites.selftest.probes.test_readback import Says
from suites.selftest.workload.made import spec
from suites.selftest.workload.server import good, serving


def open_to_others(directory: Path) -> list[str]:
    """What of a directory others could read or enter."""
    every = [path for path in (directory, *directory.rglob("*")) if not path.is_symlink()]
    return sorted(str(path) for path in every if path.stat().st_mode & 0o077)


PASS = Verdict("run", Outcome.PASS, "all checks passed")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that needs no engine, because nothing is brought up in it."""
    monkeypatch.setattr("harness.plan.run.sweep", lambda _engine: Swept())
    return Run(cast(Engine, FakeEngine()), Options(out=tmp_path, owner="a test"))


@pytest.fixture
def generous() -> Iterator[None]:
    """A umask that forbids nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize(
    "harm", [Path.unlink, replace, lambda path: os.truncate(path, 0)], ids=["deleted", "replaced", "emptied"]
)
def test_a_history_that_was_taken_away_ends_the_run_as_its_own_fault(
    run: Run, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], object]
) -> None:
    def work() -> Verdict:
        harm(run.directory / EVENTS)
        return PASS

    with pytest.raises(HistoryError) as caught, run:
        report_on(run, tiny_stack(), work)
    assert caught.value.exit_code == INTERNAL
    assert caught.value.where == str(run.directory / EVENTS)
    assert run.history.events[-1].data["exit_code"] == INTERNAL
    said = capsys.readouterr().out
    assert "UNKNOWN" in said
    assert "PASS" not in said


def test_one_that_is_taken_away_after_everything_was_judged_is_found_at_the_end(run: Run) -> None:
    with pytest.raises(HistoryError, match="was changed while the run wrote to it"), run:  # noqa: PT012
        assert report_on(run, tiny_stack(), lambda: PASS) == 0
        (run.directory / EVENTS).unlink()


def test_a_run_that_could_not_save_all_of_its_evidence_is_no_pass(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> Verdict:
        start = run.history.record(raw("workload.start", environment="h1", file="samples-h1.bin")).id
        file = Kept(run.directory / "samples-h1.bin")
        full = counted(file, OSError(28, "No space left on device"))
        run.history.record(raw("workload.saved", start=start, final=True, samples=full, promises=None))
        return PASS

    with run:
        assert report_on(run, tiny_stack(), work) == 2
    (end,) = select(read(run.directory / EVENTS), "run.end")
    assert end.data["outcome"] == "unknown"
    assert "could not be saved (No space left on device)" in end.data["reason"]


@pytest.mark.usefixtures("generous")
def test_everything_that_a_run_leaves_is_for_its_owner_only(run: Run, tmp_path: Path) -> None:
    """Also where the umask forbids nothing; the directory that was given keeps its mode."""

    def work() -> Verdict:
        with (
            serving(good) as server,
            Workload(
                spec(server.port, acknowledged="{key}"), run.history, samples=run.directory / "samples-h1.bin"
            ) as load,
        ):
            load.baseline(0.2)
        readback(run.history, Says("a"), Readback.model_validate({"in": "web", "command": ["ask"]}), "k", None)
        save_evidence(run.directory / "evidence" / "h1", [], run.history, {})
        failed = Verdict("release", Outcome.FAIL, "another one runs")
        run.history.record(raw("verdict", **fields(failed), phase="deployed"))
        return failed

    before = tmp_path.stat().st_mode
    with run:
        assert report_on(run, tiny_stack(), work) == 1
    assert tmp_path.stat().st_mode == before
    found = {path.relative_to(run.directory).parts[0] for path in run.directory.rglob("*")}
    assert found >= {
        "events.jsonl", "samples-h1.bin", "promises-h1.jsonl", "evidence", "report.html", "postmortem.md", "junit.xml",
        "summary.md", "allure-results", "allurerc.json",
    }  # fmt: skip
    assert open_to_others(run.directory) == []


@pytest.mark.sampled
@pytest.mark.containers
@pytest.mark.usefixtures("generous")
def test_a_gate_whose_history_is_deleted_under_it_ends_with_3_and_names_it(world: World) -> None:
    gate = world.gate(tiny.STACK, *ROUND_TRIP)
    gate.until("workload.start")
    (directory,) = world.directories()
    (directory / EVENTS).unlink()
    ended = gate.end()
    assert ended.code == INTERNAL, ended.text
    assert "A file of the run was changed while the run wrote to it" in ended.err
    assert str(directory / EVENTS) in ended.err
    assert "PASS" not in ended.out
    assert (directory / "evidence").is_dir()
    assert open_to_others(world.runs) == []
