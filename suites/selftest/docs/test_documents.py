"""What the documents tell to type exists, and what they point to is there."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from harness.cli import group
from suites.selftest.docs.markdown import (
    ROOT,
    Block,
    Command,
    anchors,
    blocks,
    commands,
    documents,
    links,
    named_files,
    prose,
)

DOCUMENTS = documents()


def every_command() -> list[Command]:
    return [command for file in DOCUMENTS for block in blocks(file) for command in commands(block)]


def of_ours(words: Sequence[str]) -> tuple[str, ...] | None:
    """The arguments of `harness`, however it is called; None where it is another command."""
    for before in ((), ("python", "-m"), ("python3", "-m"), ("exec",), ("sudo",)):
        rest = tuple(words[len(before) :])
        if tuple(words[: len(before)]) == before and rest and Path(rest[0]).name == "harness":
            return rest[1:]
    return None


HARNESS = [(command, ours) for command in every_command() if (ours := of_ours(command.words)) is not None]
IDS = [f"{command.file.stem}-{number}" for number, (command, _) in enumerate(HARNESS)]


def problem(arguments: Sequence[str]) -> str | None:
    """What our command line has against these arguments, without running anything; None for nothing."""
    words = [word for word in arguments if word not in ("-v", "--verbose")]
    current: click.Command = group
    context = click.Context(group, info_name="harness")
    try:
        return _refusal(current, context, words)
    except click.ClickException as error:
        return error.format_message()


def _refusal(current: click.Command, context: click.Context, words: list[str]) -> str | None:
    while isinstance(current, click.Group) and words and not words[0].startswith("-"):
        found = current.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        current, words = found, words[1:]
        context = click.Context(current, parent=context, info_name=current.name)
    if set(words) & {"--help", "-h", "--version"} or not words:
        return None
    current.make_parser(context).parse_args([word for word in words if word not in ("[...]", "...")])
    return None


# -- the reader of the documents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["harness gate x.yaml --to 2  # again"], [("harness", "gate", "x.yaml", "--to", "2")]),
        (["$ harness doctor", "all is well"], [("harness", "doctor")]),
        (["harness gate \\", "  x.yaml"], [("harness", "gate", "x.yaml")]),
        (["A=1 B='2 3' harness up x && harness ps | less"], [("harness", "up", "x"), ("harness", "ps"), ("less",)]),
        (["harness schema > schema.json"], [("harness", "schema")]),
        (["", "# nothing"], []),
    ],
)
def test_commands_are_found_in_a_block(lines: list[str], words: list[tuple[str, ...]]) -> None:
    found = commands(Block(Path("x.md"), 1, "console", tuple(lines)))
    assert [command.words for command in found] == words


def test_a_block_of_another_language_has_no_commands() -> None:
    assert list(commands(Block(Path("x.md"), 1, "yaml", ("harness gate",)))) == []


@pytest.mark.parametrize(
    ("arguments", "good"),
    [
        (["gate", "compose.yaml", "--from", "4.1.0", "--to", "4.1.1"], True),
        (["engine", "ensure"], True),
        (["gate", "--help"], True),
        (["gate", "compose.yaml", "--no-such-option"], False),
        (["no-such-command"], False),
        (["engine", "no-such-command"], False),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(arguments: list[str], good: bool) -> None:
    assert (problem(arguments) is None) is good


# -- the documents -----------------------------------------------------------------------------------------------------


def test_there_are_documents() -> None:
    assert {"README.md", "stack.md"} <= {file.name for file in DOCUMENTS}


@pytest.mark.parametrize(("command", "arguments"), HARNESS, ids=IDS)
def test_every_harness_command_that_is_shown_exists_with_its_options(
    command: Command, arguments: tuple[str, ...]
) -> None:
    assert problem(arguments) is None, str(command)


def test_every_script_that_is_shown_is_there_and_can_be_run() -> None:
    shown = {word for command in every_command() for word in command.words if word.startswith((".ci/", "./.ci/"))}
    for script in sorted(shown):
        assert (ROOT / script).is_file(), script
        subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_every_option_of_pytest_that_is_shown_is_known() -> None:
    shown = {
        word.split("=")[0]
        for command in every_command()
        if command.words[0] == "pytest" or command.words[:3] == ("python", "-m", "pytest")
        for word in command.words
        if word.startswith("--")
    }
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout  # fmt: skip
    assert not {option for option in shown if option not in told}


def pointers() -> Iterator[tuple[Path, str]]:
    for file in DOCUMENTS:
        for target in links(file):
            if "://" not in target and not target.startswith("mailto:"):
                yield file, target


def test_every_link_between_documents_resolves() -> None:
    broken = []
    for file, target in pointers():
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(f"{file.relative_to(ROOT)}: {target}")
    assert broken == []


def test_no_document_names_a_file_of_the_repository_that_is_not_there() -> None:
    missing = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in DOCUMENTS
        for name in named_files(file)
        if not (ROOT / name).exists()
    ]
    assert missing == []


def test_every_module_that_a_document_names_can_be_imported() -> None:
    named = {name for file in DOCUMENTS for name in re.findall(r"`(harness(?:\.[a-z_]+)+)`", prose(file))}
    for name in sorted(named):
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ImportError:
            assert hasattr(importlib.import_module(module), attribute), name
