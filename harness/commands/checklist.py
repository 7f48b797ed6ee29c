"""`harness checklist`."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import from_option, override_option, releases, stack_argument, to_option
from harness.commands.say import say
from harness.errors import FAIL, PASS, UNKNOWN, HarnessError, UsageError, unwritable

if TYPE_CHECKING:
    from harness.checklist.document import Checklist
    from harness.checklist.tags import Lookup

FILE = "checklist.json"
file_argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
as_option = click.option("--as", "name", required=True, metavar="NAME", help="Who says so.")


@click.group()
def checklist() -> None:
    """The pre-release checklist: what was verified, what a person has to say, who signed, and whether it still
    holds.
    """


@checklist.command()
@stack_argument
@override_option
@from_option
@to_option
@click.option("--run", "runs", type=click.Path(path_type=Path), multiple=True, metavar="RUN",
              help="A run of the gate, e.g. runs/latest; may be repeated.")  # fmt: skip
@click.option("--suite", "suites", type=click.Path(path_type=Path), multiple=True, metavar="RESULTS",
              help="What tests vouched for, as pytest --vouched-for wrote it; may be repeated.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("checklist"), show_default=True,
              help="The directory of the documents.")  # fmt: skip
def make(
    stack: Path, overrides: tuple[Path, ...], old: str | None, new: str | None, runs: tuple[Path, ...],
    suites: tuple[Path, ...], out: Path,
) -> int:  # fmt: skip
    """Make the checklist of a release: checklist.json, checklist.md and
    checklist.html.

    STACK is a Compose file with an x-harness block. Exit code: 0 every item is ticked, 1 one failed or waits
    for a person, 2 one is unknown.
    """
    from harness.checklist.making import Sources
    from harness.checklist.making import make as put_together
    from harness.clock import SystemClock
    from harness.stack import load

    found = load(stack, overrides)
    for warning in found.warnings:
        say(f"warning: {warning}", err=True, fg="yellow")
    old, new = releases(found, old, new)
    out = out.absolute()
    file = out / FILE
    _refuse_signed(file)
    made = put_together(Sources(found, old, new, runs, suites), out.resolve(), SystemClock().now())
    _write(made, file)
    _show(made)
    say(f"checklist: {out}")
    return _code(made)


@checklist.command()
@file_argument
@click.argument("item", metavar="ITEM")
@as_option
@click.option("--why", required=True, help="Why it may be ticked.")
def tick(file: Path, item: str, name: str, why: str) -> int:
    """Tick an item that waits for a person.

    ITEM is its key. An item that is unknown or failed is ticked by evidence alone.
    """
    from harness.checklist.document import read
    from harness.checklist.ticking import tick as ticked
    from harness.clock import SystemClock

    file = _file(file)
    before = read(file)
    made = ticked(before, item, name, why, SystemClock().now())
    _write(made, file)
    say(f"{item} is ticked by {name}: {why}")
    covering = [one.by for one in made.signatures if item in one.items]
    if covering:
        say(f"{', '.join(dict.fromkeys(covering))} signed it as it was before: sign it again")
    return PASS


@checklist.command()
@file_argument
@as_option
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The private key, as keygen wrote it.")
@click.option("--item", "items", multiple=True, metavar="ITEM", help="Sign this item alone; may be repeated.")
def sign(file: Path, name: str, key: Path, items: tuple[str, ...]) -> int:
    """Sign the checklist as it stands, or some of its items."""
    from harness.checklist.document import State, read
    from harness.checklist.signing import sign as signed
    from harness.clock import SystemClock

    file = _file(file)
    before = read(file)
    made = signed(before, name, key, SystemClock().now(), items)
    _write(made, file)
    say(f"{name} signed {len(made.signatures[-1].items)} of {len(made.items)} items")
    loose = [one for one in made.items if one.state not in (State.TICKED, State.LEFT_OUT)]
    if loose:
        say(f"not ticked, and signed so: {', '.join(one.key for one in loose if one.key in made.signatures[-1].items)}")
    return PASS


@checklist.command()
@file_argument
@click.option(
    "--keys", type=click.Path(path_type=Path), help="A directory of public keys, NAME.pub: whose word counts."
)
def verify(file: Path, keys: Path | None) -> int:
    """Say what has changed since, what has expired, and who signed what.

    Exit code: 0 all of it holds, is signed and every item is ticked; 1 not; 2 something cannot be told.
    """
    from harness.checklist.document import read
    from harness.checklist.signing import known
    from harness.checklist.terminal import verified as told
    from harness.checklist.verifying import verify as verified
    from harness.clock import SystemClock
    from harness.stack import load
    from harness.verdict import Outcome

    file = _file(file)
    found = read(file)
    names = known(keys) if keys is not None else {}
    with ExitStack() as connections:
        connect = partial(_images, connections)
        result = verified(found, file.resolve().parent, load, names, connect, SystemClock().now())
    for line, colour in told(found, result):
        say(line, fg=colour)
    outcomes = {Outcome.PASS: "it holds", Outcome.FAIL: "it does not hold", Outcome.UNKNOWN: "that it holds is unknown"}
    say(outcomes[result.outcome], bold=True)
    return result.outcome.exit_code


@checklist.command()
@as_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("keys"), show_default=True,
              help="The directory of the two files.")  # fmt: skip
def keygen(name: str, out: Path) -> int:
    """Make a pair of keys: NAME.key to sign with, for its owner only, and NAME.pub to give to others."""
    from harness.checklist.signing import generate

    try:
        secret, public = generate(name, out)
    except OSError as error:
        raise unwritable("The keys cannot be written", out, error) from error
    say(f"{secret}: keep it; who has it signs as {name}")
    say(f"{public}: give it to those who verify")
    return PASS


@checklist.command()
@file_argument
def show(file: Path) -> int:
    """Print the checklist."""
    from harness.checklist.document import read

    found = read(_file(file))
    _show(found)
    return _code(found)


def _images(connections: ExitStack) -> Lookup | None:
    """What asks the engine for an image; None where no engine answers. None is started for it."""
    from harness.engine import Engine

    try:
        images = connections.enter_context(Engine.connect()).images
    except HarnessError:
        return None
    return lambda name: found.id if (found := images.find(name)) is not None else None


def _file(file: Path) -> Path:
    return (file / FILE if file.is_dir() else file).absolute()


def _code(found: Checklist) -> int:
    from harness.checklist.document import State

    if found.of(State.FAILED) or found.of(State.OPEN):
        return FAIL
    return UNKNOWN if found.of(State.UNKNOWN) or not found.of(State.TICKED) else PASS


def _show(found: Checklist) -> None:
    from harness.checklist.terminal import lines

    for line, colour in lines(found):
        say(line, fg=colour)


def _refuse_signed(file: Path) -> None:
    """What somebody ticked or signed is not written over."""
    from harness.checklist.document import read

    if not file.exists():
        return
    before = read(file)
    by = [one.by for one in before.signatures] + [one.tick.by for one in before.items if one.tick is not None]
    if by:
        raise UsageError(
            "There is a checklist here that people ticked or signed", where=str(file),
            got=f"the word of {', '.join(dict.fromkeys(by))}",
            expected="a directory without one", hint="name another with --out, or move that one away",
        )  # fmt: skip


def _write(found: Checklist, file: Path) -> None:
    """The three forms; the JSON last, so that it is never newer than what people read of it."""
    from harness.checklist import html, markdown
    from harness.checklist.document import save
    from harness.files import write

    try:
        write(file.with_suffix(".md"), markdown.render(found))
        write(file.with_suffix(".html"), html.render(found))
        save(found, file)
    except OSError as error:
        raise unwritable("The checklist cannot be written", file.parent, error) from error
