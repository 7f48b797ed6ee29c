"""Options and arguments that several commands have. Nothing here runs anything, so that a dry run is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError
from harness.stack import Stack

if TYPE_CHECKING:
    from harness.report.since import Earlier

stack_argument = click.argument("stack", type=click.Path(path_type=Path), metavar="STACK")
override_option = click.option(
    "-f", "--override", "overrides", type=click.Path(path_type=Path), multiple=True,
    help="A Compose file to merge into STACK, as `docker compose -f` does; may be repeated.",
)  # fmt: skip
from_option = click.option(
    "--from", "old", metavar="RELEASE", help="The release that runs; by default the stack's first."
)
to_option = click.option("--to", "new", metavar="RELEASE", help="The release to deploy; by default the stack's last.")
out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), show_default=True,
    help="The directory in which each run gets its own.",
)  # fmt: skip
keep_option = click.option(
    "--keep", type=click.Choice(["never", "failed", "always"]), default="never", show_default=True,
    help="Which environments to leave up at the end, to look into.",
)  # fmt: skip


def _earlier(_context: click.Context, _option: click.Parameter, value: Path | None) -> Earlier | None:
    if value is None:
        return None
    from harness.report.since import earlier  # not before it is needed

    return earlier(value)


since_option = click.option(
    "--since", type=click.Path(path_type=Path), metavar="RUN", callback=_earlier,
    help="Say what changed since an earlier run: its directory, or its events.jsonl.",
)  # fmt: skip


def releases(stack: Stack, old: str | None, new: str | None) -> tuple[str, str]:
    """The two releases in question: as asked for, else the first and the last that the stack declares.

    Raises:
        UsageError: the stack has no such release, fewer than two, or both are the same.
    """
    known = list(stack.harness.releases)
    if len(known) < 2 and not (old and new):
        raise UsageError(
            "There are no two releases to go between",
            where=f"{stack.file}: x-harness.releases",
            got=", ".join(known) or "none",
            expected='at least two, e.g. {"4.1.0": {}, "4.1.1": compose.4.1.1.yaml}',
        )
    old, new = old or known[0], new or known[-1]
    for release in (old, new):
        stack.at(release)  # raises if there is none
    if old == new:
        raise UsageError("The release to deploy is the one that runs", got=f"--from {old} --to {new}")
    return old, new
