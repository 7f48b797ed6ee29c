"""`harness chaos`: campaigns on the tiny stack, what ends them, what goes on, and what is said of bad input."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from fixtures import tiny
from harness import signals
from harness.chaos.ledger import Ledger
from harness.chaos.records import Kept
from harness.cli import run
from harness.engine import Engine
from harness.verdict import Outcome
from suites.selftest.chaos.made import ABOUT, plan
from suites.selftest.chaos.test_ledger import filled
from suites.selftest.commands.support import World, clean, eventually, left_of

BRIEF = ("--plan-seconds", "60", "--no-shrink", "--keep-free", "0")


@pytest.fixture(autouse=True)
def lever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of this test alone."""
    path = tmp_path / "state" / "stop-chaos"
    monkeypatch.setenv("HARNESS_STOP_CHAOS", str(path))
    return path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """The exit code of a command, and what it said, on one line."""
    code = run([str(word) for word in words])
    seen = capsys.readouterr()
    assert "Traceback" not in seen.out + seen.err
    return code, " ".join((seen.out + seen.err).split())


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((tiny.STACK,), "A campaign without an end"),
        ((tiny.STACK, "--plans", "0"), "--plans"),
        ((tiny.STACK, "--minutes", "0"), "--minutes"),
        ((tiny.STACK, "--plans", "1", "--shard", "3/2"), "no shard"),
        ((tiny.STACK, "--plans", "1", "--seed", "-1"), "--seed"),
        ((tiny.STACK, "--plans", "1", "--plan-seconds", "5"), "within these bounds"),
        ((tiny.STACK, "--plans", "1", "--to", "9"), "9"),
        (("nowhere.yaml", "--plans", "1"), "nowhere.yaml"),
        (("report", "nowhere.sqlite"), "no ledger"),
        (("merge", "nowhere.sqlite"), "no ledger"),
        (("merge",), "LEDGERS"),
    ],
    ids=lambda one: " ".join(map(str, one))[-40:] if isinstance(one, tuple) else None,
)
def test_a_mistake_in_the_call_is_named_before_anything_is_done(
    words: tuple[object, ...], wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    code, text = said(capsys, "chaos", *words)
    assert (code, wanted in text) == (4, True), text
    assert list(tmp_path.iterdir()) == []


def test_the_lever_keeps_campaigns_from_beginning_until_it_is_taken_away(
    lever: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "chaos", "stop", "--why", "release day")[0] == 0
    code, text = said(capsys, "chaos", tiny.STACK, "--plans", 1)
    assert code == 4
    assert "release day" in text
    assert "harness chaos allow" in text
    assert "may begin again" in said(capsys, "chaos", "allow")[1]
    assert not lever.exists()
    assert "nothing kept" in said(capsys, "chaos", "allow")[1]


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (("pass", "pass"), 0),
        (("pass", "fail", "unknown"), 1),
        (("pass", "unknown"), 2),
        ((), 2),
    ],
)
def test_a_report_has_the_exit_code_of_what_was_found_and_nothing_judged_is_no_pass(
    outcomes: tuple[str, ...], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = filled(tmp_path / "a.sqlite", *(plan(n, Outcome(one)) for n, one in enumerate(outcomes, 1)))
    page = tmp_path / "page.html"
    assert said(capsys, "chaos", "report", ledger, "--html", page)[0] == code
    assert page.read_text().startswith("<!doctype html>")


def test_a_report_may_be_of_one_campaign_and_names_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = filled(tmp_path / "a.sqlite", plan(1))
    assert said(capsys, "chaos", "report", ledger, "--campaign", ABOUT.id)[0] == 0
    code, text = said(capsys, "chaos", "report", ledger, "--campaign", "nothing")
    assert (code, ABOUT.id in text) == (4, True)


def test_ledgers_are_merged_and_a_broken_one_leaves_everything_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = filled(tmp_path / "1.sqlite", plan(1)), filled(tmp_path / "2.sqlite", plan(2, Outcome.FAIL))
    into = tmp_path / "all.sqlite"
    assert said(capsys, "chaos", "merge", one, two, "--into", into)[0] == 0
    assert said(capsys, "chaos", "report", into)[0] == 1
    (tmp_path / "3.sqlite").write_text("no")
    code, text = said(capsys, "chaos", "merge", one, tmp_path / "3.sqlite", "--into", tmp_path / "new.sqlite")
    assert (code, "not a ledger" in text) == (4, True)
    assert not (tmp_path / "new.sqlite").exists()


def test_a_stack_whose_releases_cannot_be_taken_back_has_no_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    one_way = tmp_path / "one-way.yaml"
    one_way.write_text('x-harness: {deployer: {one_way: {"1.1.0": "it drops a column"}}}\n')
    code, text = said(capsys, "chaos", tiny.STACK, "-f", one_way, "--plans", 1)
    assert code == 4
    assert "cannot be taken back" in text


# -- with an engine ----------------------------------------------------------------------------------------------------


def kept(world: World) -> Kept:
    """The only campaign of a world's ledger."""
    with Ledger(world.directory / "chaos.sqlite", new=False) as made:
        (name,) = made.ids()
        return made.campaign(name)


@pytest.mark.sampled
@pytest.mark.containers
def test_a_deployer_that_lies_is_found_and_what_was_found_says_how_it_is_run_again(world: World) -> None:
    ended = world.harness(
        "chaos", tiny.STACK, "--seed", "1", "--plans", "4", "--until-failure", *BRIEF, timeout=300, TINY_DEPLOYER="lies"
    )
    clean(ended)
    assert ended.code == 1, ended.text
    (finding,) = kept(world).findings
    assert (Path(finding.plans[0].run) / "events.jsonl").is_file()
    assert finding.plans[0].plan is not None
    assert f"harness replay {finding.plans[0].run}" in "".join(ended.out.split("\n   ")).replace("\n", "")


@pytest.mark.sampled
@pytest.mark.containers
def test_two_interrupts_end_a_plan_now_and_leave_nothing_and_the_campaign_goes_on(
    world: World, harness_engine: Engine
) -> None:
    words = ("chaos", tiny.STACK, "--seed", "3", *BRIEF)
    going = world.start(*words, "--plans", "1")
    runs = world.directory / "runs" / "chaos"
    going.wait_for(
        lambda: [path for path in runs.glob("*/1/runs/*/events.jsonl") if "deployer" in path.read_text()],
        "a deployment",
    )
    going.interrupt()
    going.wait_for(lambda: "no further plan begins; 1 under way" in going.err.read_text(), "the first one's answer")
    heard = time.monotonic()
    going.wait_for(lambda: time.monotonic() - heard > signals.APART, "a signal of its own")
    going.interrupt()
    ended = going.end()
    clean(ended)
    assert ended.code == 130, ended.text
    (one,) = kept(world).plans
    assert (one.number, one.state, one.outcome) == (1, "done", Outcome.UNKNOWN)
    (run_of,) = runs.glob("*/1/runs/2*")
    assert left_of(harness_engine, run_of) == {}
    assert eventually(lambda: not world.processes()), world.processes()
    again = world.start(*words, "--plans", "1")
    again.wait_for(lambda: len(kept(world).plans) == 2, "the second plan")
    again.process.kill()
    again.process.wait()
    assert [(plan.number, plan.state) for plan in kept(world).plans] == [(1, "done"), (2, "started")]


def test_a_plan_that_was_lost_is_told_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = filled(tmp_path / "a.sqlite", plan(1))
    with sqlite3.connect(ledger) as made:
        made.execute("UPDATE plan SET state = 'started', owner = 'nobody/0/1/1'")
    with Ledger(ledger) as opened:
        assert [one.number for one in opened.begin(ABOUT)] == [1]
    code, text = said(capsys, "chaos", "report", ledger)
    assert code == 2
    assert "(of these 1 lost)" in text
