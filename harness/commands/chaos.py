"""`harness chaos`."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import from_option, override_option, releases, stack_argument, to_option
from harness.commands.say import say
from harness.errors import PASS, UsageError

if TYPE_CHECKING:
    from harness.chaos.records import Kept

LEDGER = Path("chaos.sqlite")


class RunByDefault(click.Group):
    """A group whose arguments go to its command `run` where they begin with no command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` in front of them."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=RunByDefault)
def chaos() -> None:
    """Run campaigns of random plans, and report what they found.

    `harness chaos STACK` is `harness chaos run STACK`.
    """


@chaos.command()
@stack_argument
@override_option
@from_option
@to_option
@click.option("--seed", type=click.IntRange(min=0), help="Of the plans; by default a new one. The same goes on.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="No plan begins that would end later.")
@click.option("--plans", type=click.IntRange(1), help="End after so many plans more.")
@click.option("--until-failure", is_flag=True, help="No plan begins after the first that fails.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many plans run at once.")
@click.option("--shard", metavar="PART/PARTS", default="1/1", help="Only this part of the plans, such as 3/10.")
@click.option("--steps", type=click.IntRange(1), help="How many steps a plan may have.")
@click.option("--plan-seconds", type=click.FloatRange(min=1), help="How long a plan may take, as estimated before.")
@click.option("--shrink/--no-shrink", default=True, show_default=True, help="Cut down the plans that fail.")
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False), default=LEDGER, show_default=True,
              help="The file that keeps the results; several campaigns may use it.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs/chaos"), show_default=True,
              help="The directory of the runs.")  # fmt: skip
@click.option("--keep-free", type=click.FloatRange(min=0), default=1.0, show_default=True, metavar="GB",
              help="No plan begins while less is free where the runs are kept.")  # fmt: skip
def run(stack: Path, overrides: tuple[Path, ...], old: str | None, new: str | None, **options: Any) -> int:
    """Run random plans on STACK, each in an environment of its own, until a limit is reached or Ctrl-C.

    What came of each is kept in the ledger, before it runs and after; called again with the same seed, the campaign
    goes on. Exit code: 0 everything passed, 1 something failed, 2 something could not be judged.
    """
    from harness.chaos.seeds import Shard
    from harness.commands.chaosing import Call, campaign
    from harness.stack import load

    if options["minutes"] is None and options["plans"] is None and not options["until_failure"]:
        raise UsageError(
            "A campaign without an end", expected="--minutes, --plans or --until-failure",
            hint="harness chaos run compose.yaml --minutes 30",
        )  # fmt: skip
    found = load(stack, overrides)
    shard, seed = Shard.parse(options.pop("shard")), options.pop("seed")
    seed = secrets.randbelow(2**31) if seed is None else seed
    return campaign(Call(found, *releases(found, old, new), seed=seed, shard=shard, **options))


@chaos.command()
@click.argument("ledger", type=click.Path(path_type=Path), default=LEDGER)
@click.option("--campaign", "names", multiple=True, metavar="ID", help="Only this campaign; may be repeated.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write one HTML file as well.")
def report(ledger: Path, names: tuple[str, ...], page: Path | None) -> int:
    """Print what the campaigns of LEDGER found and tried. Exit code: 0 nothing, 1 findings, 2 too little was judged."""
    from harness.chaos.summary import exit_code, show
    from harness.report.terminal import Steady

    found = _kept(ledger, names)
    show(Steady(), found)
    if page is not None:
        from harness.chaos.page import save

        say(f"\npage: {save(found, page)}")
    return exit_code(found)


@chaos.command()
@click.argument("ledgers", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), default=Path("merged.sqlite"),
              show_default=True, help="The ledger to make; one of those that are merged is added to.")  # fmt: skip
def merge(ledgers: tuple[Path, ...], into: Path) -> int:
    """Make one ledger of several: those of the shards of a campaign, or of many nights."""
    from harness.chaos.merging import merge as merged

    names = merged(ledgers, into)
    say(f"{into}: {len(names)} campaign{'s' * (len(names) != 1)} of {len(ledgers)} ledgers")
    say(f"report:  harness chaos report {shlex.quote(str(into))}")
    return PASS


@chaos.command()
@click.option("--why", default="", help="For those who look at a campaign that ended.")
def stop(why: str) -> int:
    """Stop every campaign of this user on this machine, in good order. None begins until `harness chaos allow`."""
    from harness.chaos.stopping import lever, pull

    pull(lever(), why)
    say(f"every campaign stops, and none begins while this file is there: {lever()}")
    return PASS


@chaos.command()
def allow() -> int:
    """Let campaigns begin again after `harness chaos stop`."""
    from harness.chaos.stopping import lever, release

    was = release(lever())
    say("campaigns may begin again" if was else f"nothing kept campaigns from beginning: there is no {lever()}")
    return PASS


def _kept(path: Path, names: Sequence[str]) -> list[Kept]:
    from harness.chaos.ledger import Ledger

    with Ledger(path, new=False) as made:
        return [made.campaign(name) for name in names or made.ids()]
