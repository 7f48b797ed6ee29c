"""`harness checklist` as people type it: exit codes, what is written, and clear words for what cannot be."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import clock
from harness.cli import run
from harness.engine import Engine
from harness.errors import NoEngine
from suites.selftest.checklist.made import NOW, VOUCHED, World, world

pytest.importorskip("cryptography", reason="the extra `checklist` is not installed")


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock.SystemClock, "now", lambda _self: NOW)


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The images that an engine has, which answers in place of this machine's."""
    images = {"redis:7": "sha256:" + "ab" * 32}

    class Answering:
        def find(self, name: str) -> SimpleNamespace | None:
            return SimpleNamespace(id=images[name]) if name in images else None

    monkeypatch.setattr(Engine, "connect", lambda: nullcontext(SimpleNamespace(images=Answering())))
    return images


@pytest.fixture
def made(tmp_path: Path) -> World:
    found = world(tmp_path)
    found.run()
    found.write("vouched.json", json.dumps(VOUCHED))
    return found


def harness(*words: str | Path) -> int:
    return run(["checklist", *map(str, words)])


def make(made: World, *more: str | Path) -> int:
    return harness("make", made.root / "compose.yaml", "--run", made.root / "runs/run", "--out", made.out, *more)


def test_from_make_to_verify_each_command_says_what_it_did(made: World, capsys: pytest.CaptureFixture[str]) -> None:
    keys = made.root / "keys"
    assert make(made, "--suite", made.root / "vouched.json") == 1  # it waits for a person
    assert {one.name for one in made.out.iterdir()} == {"checklist.json", "checklist.md", "checklist.html"}
    assert harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them") == 0
    assert harness("show", made.out) == 0
    assert harness("keygen", "--as", "ada", "--out", keys) == 0
    assert harness("sign", made.out / "checklist.json", "--as", "ada", "--key", keys / "ada.key") == 0
    assert harness("verify", made.out, "--keys", keys) == 0
    assert harness("verify", made.out) == 2
    said = capsys.readouterr().out
    assert "support-knows is ticked by ada: told them" in said
    assert re.search(r"ada signed \d+ of \d+ items", said)
    assert "it holds" in said
    assert "the key of ada" in said
    assert max(map(len, said.splitlines())) <= 130
    assert "image: 1 of 1 tags stand for what the runs had" in said
    made.write("web/app.py", "other\n")
    assert harness("verify", made.out, "--keys", keys) == 1
    assert "web/app.py changed" in capsys.readouterr().out


def test_no_line_of_verify_is_wider_than_the_terminal_and_nothing_is_left_out(
    made: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(made)
    seen = []
    for columns in (80, 46, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        capsys.readouterr()
        harness("verify", made.out)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= columns
        seen.append(" ".join(" ".join(lines).split()))
    assert seen[0] == seen[1] == seen[2]
    assert any(line.startswith("      ") for line in lines) is False  # at 200 columns every sentence is a line


def test_without_an_engine_verify_says_that_it_did_not_ask_and_does_not_hold(
    made: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = made.root / "keys"
    make(made, "--suite", made.root / "vouched.json")
    harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them")
    harness("keygen", "--as", "ada", "--out", keys)
    harness("sign", made.out, "--as", "ada", "--key", keys / "ada.key")
    assert harness("verify", made.out, "--keys", keys) == 0

    def none() -> Engine:
        raise NoEngine("No container engine answers")

    monkeypatch.setattr(Engine, "connect", none)
    assert harness("verify", made.out, "--keys", keys) == 2
    assert "image: not asked: no engine answers" in capsys.readouterr().out


def test_an_item_that_is_unknown_makes_2_and_one_that_failed_1(made: World) -> None:
    assert make(made) == 1
    harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them")
    assert harness("show", made.out) == 2


def test_what_people_ticked_or_signed_is_not_written_over(made: World, capsys: pytest.CaptureFixture[str]) -> None:
    make(made)
    assert make(made) == 1  # nobody gave their word yet
    harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them")
    before = (made.out / "checklist.json").read_bytes()
    assert make(made) == 4
    assert "the word of ada" in capsys.readouterr().err
    assert (made.out / "checklist.json").read_bytes() == before


def test_a_damaged_one_is_not_written_over_either(made: World, capsys: pytest.CaptureFixture[str]) -> None:
    make(made)
    (made.out / "checklist.json").write_text('{"format": "rollback-harn')
    assert make(made) == 4
    assert "The checklist is damaged" in capsys.readouterr().err
    assert (made.out / "checklist.json").read_text() == '{"format": "rollback-harn'


def test_who_ticks_after_a_signature_is_told_who_has_to_sign_again(
    made: World, capsys: pytest.CaptureFixture[str]
) -> None:
    make(made, "--suite", made.root / "vouched.json")
    keys = made.root / "keys"
    harness("keygen", "--as", "ada", "--out", keys)
    harness("sign", made.out, "--as", "ada", "--key", keys / "ada.key")
    assert "not ticked, and signed so: support-knows" in capsys.readouterr().out
    harness("tick", made.out, "support-knows", "--as", "bob", "--why", "told them")
    assert "ada signed it as it was before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["verify", "nowhere.json"], "The checklist does not exist"),
        (["show", "torn.json"], "The checklist is damaged"),
        (["verify", "torn.json"], "The checklist is damaged"),
        (["sign", "torn.json", "--as", "ada", "--key", "x.key"], "The checklist is damaged"),
        (["tick", "torn.json", "a", "--as", "ada", "--why", "b"], "The checklist is damaged"),
        (["show", "compose.yaml"], "The checklist is damaged"),
        (["tick", "out", "runbook", "--as", "ada", "--why", "I am sure"], "not for a person to tick"),
        (["tick", "out", "support-knows", "--as", "", "--why", "I am sure"], "not a name to sign with"),
        (["sign", "out", "--as", "ada", "--key", "compose.yaml"], "Others can read this key"),
        (["verify", "out", "--keys", "nowhere"], "There are no keys here"),
        (["make", "compose.yaml", "--run", "nowhere"], "There is no run here"),
        (["make", "compose.yaml", "--run", "compose.yaml"], "The history is damaged"),
        (["make", "compose.yaml", "--suite", "compose.yaml"], "what tests vouched for is damaged"),
        (["make", "compose.yaml", "--to", "9"], "The stack has no such release"),
        (["make", "nowhere.yaml"], "does not exist"),
        (["keygen", "--as", "../x"], "not a name to sign with"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_bad_input_is_told_in_clear_words_without_a_traceback(
    made: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    make(made)
    (made.root / "torn.json").write_bytes((made.out / "checklist.json").read_bytes()[:500])
    (made.root / "compose.yaml").chmod(0o644)
    before = (made.out / "checklist.json").read_bytes()
    monkeypatch.chdir(made.root)
    assert harness(*words) in (3, 4)
    said = capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said
    assert "the harness itself failed" not in said
    assert (made.out / "checklist.json").read_bytes() == before


def test_a_clock_that_went_back_is_told_and_nothing_is_changed(
    made: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(made)
    before = (made.out / "checklist.json").read_bytes()
    monkeypatch.setattr(clock.SystemClock, "now", lambda _self: NOW - 86400)
    assert harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them") == 2
    assert "The clock is before what the checklist holds" in capsys.readouterr().err
    assert (made.out / "checklist.json").read_bytes() == before
    assert harness("verify", made.out) in (1, 2)


def test_a_directory_that_cannot_be_written_leaves_what_was_there(
    made: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(made)
    before = (made.out / "checklist.json").read_bytes()

    def full(*_args: object, **_words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.files.opened", full)
    assert harness("tick", made.out, "support-knows", "--as", "ada", "--why", "told them") == 3
    assert "the disk is full" in capsys.readouterr().err
    assert (made.out / "checklist.json").read_bytes() == before


def test_a_release_of_a_mistake_in_the_block_is_named_with_its_place(
    made: World, capsys: pytest.CaptureFixture[str]
) -> None:
    file = made.root / "compose.yaml"
    file.write_text(file.read_text().replace("support-knows:", "gate.deployed:"))
    assert make(made) == 4
    said = capsys.readouterr().err
    assert "the harness's own" in said
    assert re.search(r"line \d+", said)
