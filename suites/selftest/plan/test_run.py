"""A run: its directory, its history, what it records of itself."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any, cast

import pytest

from harness import __version__
from harness.engine import Engine, Swept
from harness.errors import NoSpace, NotReady, UsageError
from harness.events import RunStart
from harness.history import read
from harness.plan.machine import machine, versions
from harness.plan.run import Options, Run
from harness.plan.run_id import new_run_id
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select


class FakeEngine:
    def describe(self) -> str:
        return "Docker 20.10.24 (API 1.41)"

    def name_in(self, error: BaseException) -> None:
        """Errors of the engine only."""


ENGINE = cast(Engine, FakeEngine())


def test_names_of_runs_sort_by_time_and_differ() -> None:
    names = [new_run_id() for _ in range(50)]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", name) for name in names)
    assert len(set(names)) > 40


def test_a_run_gets_a_directory_of_its_own_with_its_history(tmp_path: Path) -> None:
    with Run(ENGINE, Options(out=tmp_path / "deep" / "runs")) as run:
        run.history.record(raw("note", text="a"))
    assert run.directory == tmp_path / "deep" / "runs" / run.id
    assert len(read(run.directory / "events.jsonl")) == 1


def test_a_part_of_a_run_gets_a_directory_in_the_runs_and_a_second_one_does_not_overwrite_it(tmp_path: Path) -> None:
    options = Options(out=tmp_path, id="r1", name="test_a")
    for _ in range(3):
        with Run(ENGINE, options):
            pass
    assert sorted(path.name for path in (tmp_path / "r1").iterdir()) == ["test_a", "test_a-2", "test_a-3"]


def test_a_directory_that_cannot_be_written_is_the_callers_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        Run(ENGINE, Options(out=tmp_path / "file", id="r1"))
    assert (caught.value.where, caught.value.got) == (f"{tmp_path}/file/r1", "Not a directory")
    assert caught.value.hint == "name another with --out"


def test_a_full_disk_is_not_the_callers_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(NoSpace):
        Run(ENGINE, Options(out=tmp_path, id="r1"))


def test_the_start_says_what_runs_where_and_what_was_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept = Swept(environments=("h9",))
    monkeypatch.setattr("harness.plan.run.sweep", lambda _engine: swept)
    with Run(ENGINE, Options(out=tmp_path), RunStart(stack="tiny", command=["gate"])) as run:
        run.start()
    start, note = read(run.directory / "events.jsonl")
    assert start.kind == "run.start"
    assert start.data["harness"] == __version__
    assert (start.data["run"], start.data["engine"]) == (run.id, "Docker 20.10.24 (API 1.41)")
    assert (start.data["stack"], start.data["command"]) == ("tiny", ["gate"])
    assert start.data["machine"] == json.loads(json.dumps(machine()))
    assert start.data["versions"] == versions()
    assert note.data["text"] == str(swept)


def test_the_machine_is_described_and_not_named() -> None:
    found = machine()
    assert found.keys() == {"system", "release", "architecture", "python", "cpus", "memory_bytes"}
    assert found["memory_bytes"] > 1 << 20


def test_the_versions_of_what_evidence_depends_on_are_told_as_far_as_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {"docker": "7.1", "httptools": "0.6", "numpy": "2.1", "toxiproxy-python": "0.1.1"}

    def version(name: str) -> str:
        if name not in there:
            raise PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr("harness.plan.machine.version", version)
    assert versions() == there
    there["pytest-testinfra"] = "10.1"
    assert versions() == there


def test_the_end_has_the_verdict_the_exit_code_and_the_digest_of_what_came_before(tmp_path: Path) -> None:
    with Run(ENGINE, Options(out=tmp_path)) as run:
        run.history.record(raw("note", text="before"))
        run.end(Verdict("run", Outcome.FAIL, "because"), 1)
    (end,) = select(run.history.events, "run.end")
    before = (run.directory / "events.jsonl").read_bytes().splitlines(keepends=True)[0]
    sealed = {"events": 1, "sha256": hashlib.sha256(before).hexdigest()}
    assert end.data == {"outcome": "fail", "reason": "because", "exit_code": 1, **sealed}


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [(NotReady("web-1 did not become ready"), "web-1 did not become ready", 2), (ValueError("x"), "ValueError", None)],
    ids=["ours", "another"],
)
def test_an_error_makes_the_run_unknown_and_is_recorded(
    error: Exception, what: str, code: int | None, tmp_path: Path
) -> None:
    with Run(ENGINE, Options(out=tmp_path)) as run:
        verdict = run.failed(error)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, what)
    (event,) = select(run.history.events, "run.error")
    assert (event.data["what"], event.data["exit_code"]) == (what, code)
    assert event.data["message"] == str(error)
