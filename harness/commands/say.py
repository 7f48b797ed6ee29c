"""The one way in which a command prints for people: nothing that somebody else wrote acts on their terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from harness.errors import visible
from harness.printable import clean_lines

if TYPE_CHECKING:
    from harness.plan.plan import Plan


def say(text: object = "", **style: Any) -> None:
    """Print a line. `style` is click's: `err=True`, `fg="red"`, `bold=True`, ...

    Escape sequences in the text are shown and not passed on (`harness.errors.visible`), and what a CI would take for a
    command is neutralised (`harness.printable`). What a user asked for as it is, such as a replica's log, does not come
    through here.
    """
    click.secho(clean_lines(visible(text)), **style)


def show_plans(plans: Iterable[Plan]) -> None:
    """Print plans, with their steps numbered."""
    say("\n\n".join("\n".join(one.lines()) for one in plans))
