"""`harness selftest`: the harness under test by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.errors import UsageError
from harness.selftest.variants import FILE, Variants, read

F = TypeVar("F", bound=Callable[..., Any])
TINY = Path("fixtures/tiny/compose.yaml")  # in a checkout; the package does not hold it

stack_argument = click.argument("stack", type=click.Path(path_type=Path), metavar="[STACK]", required=False)
variants_option = click.option(
    "--variants", "file", type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file that names the variants of the stack; by default {FILE} beside it.",
)  # fmt: skip
seed_option = click.option("--seed", type=int, default=1, show_default=True, help="Of the table of runs.")
jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="How many run side by side."
)
list_option = click.option("--list", "listed", is_flag=True, help="Print the runs, and start none.")
case_option = click.option("--case", "case", type=click.IntRange(0), help="Repeat only the run of this number.")


def limit_option(seconds: float) -> Callable[[F], F]:
    """How long a gate may take."""
    return click.option(
        "--limit", type=click.FloatRange(10, 3600), default=seconds, show_default=True,
        help="Seconds after which a gate counts as hanging.",
    )  # fmt: skip


def out_option(name: str) -> Callable[[F], F]:
    """Where the results of a self-test go."""
    return click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("runs") / f"selftest-{name}",
        show_default=True, help="The directory of the results; called again with it, the self-test goes on.",
    )  # fmt: skip


@click.group()
def selftest() -> None:
    """Test the harness itself: gates of a stack whose right verdict is known."""


def variants_of(stack: Path | None, file: Path | None) -> Variants:
    """The variants of the stack, read and checked.

    Raises:
        UsageError: there is no stack, or its variants are wrong.
    """
    if stack is None and not TINY.exists():
        raise UsageError(
            "There is no stack to test the harness with",
            where=str(Path.cwd()),
            got=f"no {TINY}",
            expected="a Compose file with a file of variants beside it, or a checkout of the harness",
            hint="name the stack, or call this in a checkout; see docs/verdicts.md",
        )
    found = read(stack or TINY, file)
    found.check()
    return found


@selftest.command()
@stack_argument
@variants_option
@click.option("--runs", type=click.IntRange(0), default=300, show_default=True, help="How many runs must take effect.")
@seed_option
@jobs_option
@click.option("--only", multiple=True, metavar="TARGET", help="Spoil only this; may be repeated. See --list.")
@click.option("--undisturbed/--no-undisturbed", default=True, show_default=True, help="First each variant, unspoilt.")
@limit_option(600.0)
@list_option
@case_option
@out_option("honesty")
def honesty(stack: Path | None, file: Path | None, **options: Any) -> int:
    """Spoil the harness itself while it gates, and see whether it stays honest.

    Its processes, what it writes and what it reads are stopped, killed, delayed, doubled, cut off and garbled, one in
    each gate, in every phase. No gate of a defect may pass, and none of the clean stack may fail. STACK is a Compose
    file with a file of variants beside it; by default the tiny stack of a checkout. Exit code: 0 nothing was found,
    1 something was, 2 fewer runs took effect than were asked for.
    """
    from harness.selftest import calling

    return calling.honesty(variants_of(stack, file), **options)


@selftest.command()
@stack_argument
@variants_option
@click.option("--clean", type=click.IntRange(0), default=20, show_default=True, help="Gates of the clean stack.")
@click.option("--repeat", type=click.IntRange(0), default=4, show_default=True, help="Gates of each defect.")
@click.option("--defects", type=click.IntRange(0), default=5, show_default=True, help="How many of the defects.")
@seed_option
@jobs_option
@limit_option(900.0)
@list_option
@case_option
@out_option("starvation")
def starvation(stack: Path | None, file: Path | None, **options: Any) -> int:
    """Starve gates of the machine, and see whether they stay honest.

    Loops that create processes, CPU burners and writers to the disk run beside each gate, and its replicas are
    throttled. No gate of a defect may pass, and none of the clean stack may fail. STACK and the exit code are those of
    `harness selftest honesty`.
    """
    from harness.selftest import calling

    return calling.starvation(variants_of(stack, file), **options)


REFERENCE = Path("fixtures/reference/compose.yaml")  # in a checkout; the package does not hold it

only_option = click.option("--only", multiple=True, metavar="NAME", help="Only this overlay; may be repeated.")
record_option = click.option(
    "--record", "recorded", is_flag=True, help="Keep what was seen beside the stack, for docs/detection.md."
)


def corpus_of(stack: Path | None) -> Path:
    """The stack whose corpus is meant.

    Raises:
        UsageError: none is named, and this is no checkout.
    """
    if stack is None and not REFERENCE.exists():
        raise UsageError(
            "There is no stack with a corpus",
            where=str(Path.cwd()),
            got=f"no {REFERENCE}",
            expected="a Compose file with defects/ and variants/ beside it, or a checkout of the harness",
            hint="name the stack, or call this in a checkout; see docs/detection.md",
        )
    return stack or REFERENCE


@selftest.command()
@stack_argument
@only_option
@click.option("--turn", type=click.IntRange(0), help="Only a sample that is another one each turn.")
@click.option("--size", type=(click.IntRange(0), click.IntRange(0)), default=(6, 2), show_default=True,
              metavar="DEFECTS VARIANTS", help="Of the sample of a turn.")  # fmt: skip
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Gates of each overlay.")
@click.option("--runs", type=click.IntRange(1), help="End after so many more gates; the same call goes on from there.")
@click.option("--gate", "arguments", multiple=True, metavar="WORD", help="A word for `harness gate`; may be repeated.")
@seed_option
@jobs_option
@limit_option(600.0)
@list_option
@record_option
@out_option("detection")
def detection(stack: Path | None, **options: Any) -> int:
    """Gate every defect and every harmless variant of a corpus, and see what is caught.

    In random order; a gate is not told what was done to its stack. STACK is a Compose file with defects/ and variants/
    beside it; by default the reference stack of a checkout. Exit code: 0 every defect was caught and nothing harmless
    alarmed, 1 something was missed, alarmed or found, 2 not all gates had a verdict.
    """
    from harness.selftest import detecting

    return detecting.detection(corpus_of(stack), **options)


@selftest.command()
@stack_argument
@only_option
@click.option("--stock/--no-stock", default=True, show_default=True, help="Look at the stock stack as well.")
@jobs_option
@record_option
def prove(stack: Path | None, **options: Any) -> int:
    """Show without the gate that the defects of a corpus are defects.

    Each stack is brought up, the deployer is called, and what can be seen then is compared with what the defect says;
    and with the stock stack, which must not show it. Exit code: 0 all was seen, 1 something was not.
    """
    from harness.selftest import detecting

    return detecting.proofs(corpus_of(stack), **options)
