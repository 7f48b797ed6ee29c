"""What commands print: nothing that somebody else wrote acts on the terminal of whoever called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harness
from harness.commands.say import say
from suites.selftest.commands.support import World, clean

PRINTS = re.compile(r"click\.s?echo\(|\.show\(\)|(?<![.\w])print\(|sys\.std(out|err)\.write")
# Prints past `say`, on purpose: a replica's log is what was asked for, as it is; and `say` itself.
AS_IT_IS = {
    "click.echo(annotation)",
    "click.echo(replica(pick(engine, environment), name).logs(tail=tail), nl=False)",
    "click.secho(clean_lines(visible(text)), **style)",
}
FILES = [*sorted((Path(harness.__file__).parent / "commands").glob("*.py")), Path(harness.__file__).parent / "cli.py"]


def test_a_line_shows_control_characters_and_keeps_its_ends(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2J\tb\nc\u202e")
    assert capsys.readouterr().out == "a\\x1b[2J b\nc\\u202e\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_command_prints_in_another_way(file: Path) -> None:
    lines = [line.strip() for line in file.read_text().splitlines() if PRINTS.search(line)]
    assert set(lines) <= AS_IT_IS


def test_an_argument_with_an_escape_sequence_is_shown_and_not_passed_on(bare: World) -> None:
    for words in (("gate", "\x1b[2Jnowhere.yaml"), ("\x1b[2Jgate",), ("gate", "--\x1b[2J"), ("down", "--\x1b[31m")):
        ended = bare.inside(*words, DOCKER_HOST="unix:///nonexistent/docker.sock")
        clean(ended)
        assert ended.code == 4, ended.text
        assert "\x1b[2J" not in ended.text
        assert "\\x1b[" in ended.err


def test_a_wrong_call_is_answered_with_its_usage(bare: World) -> None:
    ended = bare.inside("gate", "--colour")
    assert ended.err.splitlines()[:2] == ["Usage: harness gate [OPTIONS] STACK", "Try 'harness gate -h' for help."]
    assert ended.err.splitlines()[3].startswith("Error: No such option")
