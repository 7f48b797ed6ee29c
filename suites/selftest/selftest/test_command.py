"""`harness selftest`: what it says where no gate is run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fixtures import reference, tiny
from harness.cli import run
from harness.commands.selftest import selftest

pytestmark = pytest.mark.programs


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(selftest, [str(word) for word in words], standalone_mode=False)


def test_the_runs_of_a_table_can_be_listed_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    listed = called("honesty", tiny.STACK, "--list", "--runs", "40", "--seed", "9")
    assert listed.return_value == 0
    lines = listed.output.splitlines()
    assert "nothing done" in lines[1]
    assert sum("@" in line for line in lines) == 40
    assert max(map(len, lines)) <= 80
    starved = called("starvation", reference.STACK, "--list").output.splitlines()
    assert len(starved) == 20 + 4 * 5
    assert sum("clean" in line for line in starved) == 20


def test_the_gates_of_a_corpus_can_be_listed_whole_by_name_and_as_the_sample_of_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    lines = called("detection", reference.STACK, "--list").output.splitlines()
    assert sum("defect" in line.split() for line in lines) >= 50
    assert sum("harmless" in line.split() for line in lines) >= 20
    one = called("detection", reference.STACK, "--list", "--only", "left-in-drain").output.split()
    assert one == ["0", "defect", "left-in-drain"]
    sample = called("detection", reference.STACK, "--list", "--turn", "3").output.splitlines()
    assert [sum(kind in line.split() for line in sample) for kind in ("defect", "harmless")] == [6, 2]


def test_the_number_of_runs_that_are_not_spoilt_can_be_none() -> None:
    lines = called("honesty", tiny.STACK, "--list", "--runs", "3", "--no-undisturbed").output.splitlines()
    assert len(lines) == 4
    assert not any("nothing done" in line for line in lines)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["honesty", str(tiny.STACK), "--only", "generater"], "generator-reports"),
        (["honesty"], "There is no stack to test the harness with"),
        (["honesty", "nowhere.yaml"], "The variants of the stack cannot be read"),
        (["starvation", str(tiny.STACK), "--case", "400"], "The table has no such run"),
        (["detection"], "There is no stack with a corpus"),
        (["detection", str(tiny.STACK)], "The stack has no corpus"),
        (["detection", str(reference.STACK), "--only", "left-in-drian"], "There is no such overlay"),
        (["prove", str(reference.STACK), "--only", "left-in-drian"], "There is no such overlay"),
    ],
)
def test_a_mistake_in_the_call_is_told_with_what_to_do(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["selftest", *words]) == 4
    error = capsys.readouterr().err
    assert said in error
    assert "expected:" in error or "do:" in error
