"""`harness plan`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.commands.options import keep_option, out_option, override_option, releases, stack_argument
from harness.commands.say import say, show_plans
from harness.commands.shrink import shrink
from harness.errors import PASS, UsageError, unwritable
from harness.events import RunStart
from harness.plan.plan import Plan, load
from harness.redaction import Redactor
from harness.stack import Stack
from harness.stack import load as load_stack

if TYPE_CHECKING:
    from harness.environment import Keep
    from harness.plan.toolkit import ProxiedLink


F = TypeVar("F", bound=Callable[..., Any])


def between(command: F) -> F:
    """The options of a command that takes a plan: what is merged into the stack, and its releases."""
    old = click.option("--from", "old", metavar="RELEASE", default="", help="What {from} stands for.")
    new = click.option("--to", "new", metavar="RELEASE", default="", help="What {to} stands for.")
    return override_option(old(new(command)))


def written_option(what: str) -> Callable[[F], F]:
    """Where the command writes what it makes; it prints it otherwise."""
    return click.option("--out", "out", type=click.Path(path_type=Path, dir_okay=False), help=f"Write {what} there.")


perhaps_stack = click.argument("stack", type=click.Path(path_type=Path), required=False)
yaml_option = click.option("--yaml", "form", flag_value="yaml", help="As a file that `harness plan run` takes.")
json_option = click.option("--json", "form", flag_value="json", help="The same as JSON.")


@click.group()
def plan() -> None:
    """Show and run plans: what is done to an environment, step by step."""


@plan.command()
@click.argument("name", metavar="PLAN")
@perhaps_stack
@between
@yaml_option
@json_option
def show(name: str, stack: Path | None, overrides: tuple[Path, ...], old: str, new: str, form: str | None) -> int:
    """Print a plan, numbered.

    PLAN is a file, or `gate` or `incident`: the plans of `harness gate STACK` and `harness incident`. STACK is the
    Compose file that the gate's plans are made for; with it, a plan from a file is checked against the stack.
    """
    plans = _named(name, stack, overrides, old, new)
    if form is None:
        show_plans(plans)
    else:
        _print(plans, form)
    return PASS


@plan.command(name="random")
@stack_argument
@between
@click.option("--seed", type=int, required=True, metavar="N", help="The same seed gives the same plan.")
@click.option(
    "--count", type=click.IntRange(1, 1000), default=1, show_default=True, help="Plans of so many seeds from N on."
)
@click.option("--steps", type=click.IntRange(1), default=60, show_default=True, help="So many in each plan at most.")
@click.option(
    "--seconds", type=click.FloatRange(1.0), default=180.0, show_default=True, help="So long at most, as estimated."
)
@yaml_option
@json_option
def random_(
    stack: Path, overrides: tuple[Path, ...], old: str, new: str, seed: int, count: int, steps: int, seconds: float,
    form: str | None,
) -> int:  # fmt: skip
    """Print random plans for STACK, drawn from a seed: a deployment and its rollback, with what may go wrong meanwhile.

    Nothing is run. With --yaml or --json the output is a file that `harness plan run` takes.
    """
    from harness.plan.random import Bounds, generate

    found = load_stack(stack, overrides)
    between, bounds = releases(found, old, new), Bounds(steps, seconds)
    made = [generate(found, *between, number, bounds) for number in range(seed, seed + count)]
    if form is not None:
        _print([one.plan for one in made], form)
        return PASS
    for number, one in enumerate(made):
        said = (
            f"about {one.seconds:.0f} s, {len(one.plan.every)} steps, seed {one.seed}; it tests:",
            *map(str, one.elements),
        )
        say(("\n" if number else "") + "\n".join((*one.plan.lines(), *said)))
    return PASS


@plan.command()
@click.argument("file", type=click.Path(path_type=Path))
@stack_argument
@between
@click.option("--seed", type=click.IntRange(min=0), help="Of what faults leave to chance; by default a new one.")
@out_option
@keep_option
def run(
    file: Path, stack: Path, overrides: tuple[Path, ...], old: str, new: str, seed: int | None, out: Path, keep: Keep
) -> int:
    """Run the plan in FILE on STACK, in an environment of its own. Exit codes as of `harness gate`."""
    from harness.commands.running import report_on
    from harness.engine import Engine
    from harness.plan.gating import in_environment
    from harness.plan.run import Options, Run, of_stack
    from harness.verdict import combine

    found = load_stack(stack, overrides)
    wanted = _for_stack(load(file, old, new), found)
    said = of_stack(found, (wanted.old, *wanted.releases()))
    facts = RunStart(**said, from_=wanted.old, to=wanted.new, command=sys.argv[1:])
    options = Options(out=out, keep=keep, seed=seed, redactor=Redactor(found.secrets))
    with Engine.connect() as engine, Run(engine, options, facts) as under_way:
        return report_on(under_way, found, lambda: combine(in_environment(under_way, found, wanted)))


plan.add_command(shrink)


@plan.command("import")
@click.argument("experiment", type=click.Path(path_type=Path))
@perhaps_stack
@between
@click.option(
    "--link",
    "links",
    metavar="PROXY=CONSUMER:SERVICE[:PORT]",
    multiple=True,
    help="Which link a proxy of the experiment's Toxiproxy stands for; may be repeated.",
)
@click.option(
    "--entrypoint",
    "entrypoints",
    metavar="HOST:PORT",
    multiple=True,
    help="What the experiment's URLs call the stack's entrypoint, e.g. localhost:8080; may be repeated.",
)
@click.option(
    "--rollback-strategy",
    "strategy",
    type=click.Choice(["default", "always", "never", "deviated"]),
    default=None,
    help="When its rollbacks are run, as of `chaos run`; left out, as the experiment says.",
)
@written_option("the plan")
def import_(
    experiment: Path, stack: Path | None, overrides: tuple[Path, ...], old: str, new: str, links: tuple[str, ...],
    entrypoints: tuple[str, ...], strategy: str | None, out: Path | None,
) -> int:  # fmt: skip
    """Make a plan of EXPERIMENT, an experiment of the Chaos Toolkit, JSON or YAML.

    With STACK the plan is checked against it. Nothing that the experiment names is imported or run. What a plan cannot
    do is refused, with its place; see docs/chaos-toolkit.md.
    """
    from harness.chaostoolkit.experiment import load as load_experiment
    from harness.plan.toolkit import imported

    found = load_stack(stack, overrides) if stack is not None else None
    made = imported(
        load_experiment(experiment), found, old=old, new=new, links=dict(map(_link, links)), entrypoints=entrypoints,
        strategy=strategy or "",
    )  # fmt: skip
    if found is not None:
        _for_stack(made.plan, found)
    for note in made.notes:
        say(f"note: {note}", err=True)
    _give(made.to_yaml(), out)
    return PASS


@plan.command()
@click.argument("file", type=click.Path(path_type=Path))
@stack_argument
@between
@click.option("--runs", default="runs", show_default=True, help="The directory in which the experiment saves its runs.")
@written_option("the experiment")
def export(
    file: Path, stack: Path, overrides: tuple[Path, ...], old: str, new: str, runs: str, out: Path | None
) -> int:
    """Make an experiment of the Chaos Toolkit of the plan in FILE, for `chaos run`.

    The experiment runs the plan on STACK and shows each of its steps as an activity; see docs/chaos-toolkit.md.
    """
    from harness.plan.toolkit import experiment_of

    made = _for_stack(load(file, old, new), load_stack(stack, overrides))
    found = experiment_of(made, str(stack), runs, [str(one) for one in overrides])
    _give(json.dumps(found, indent=2, ensure_ascii=False) + "\n", out)
    return PASS


def _link(written: str) -> tuple[str, ProxiedLink]:
    from harness.plan.toolkit import ProxiedLink

    proxy, _, link = written.partition("=")
    parts = link.split(":")
    if not proxy or len(parts) not in (2, 3) or not all(parts) or (len(parts) == 3 and not parts[2].isdigit()):
        raise UsageError(
            "--link is not understood", got=written, expected="PROXY=CONSUMER:SERVICE:PORT, e.g. redis=web:cache:6379"
        )
    return proxy, ProxiedLink(parts[0], parts[1], int(parts[2]) if len(parts) == 3 else None)


def _give(text: str, out: Path | None) -> None:
    """Print a file, or write it."""
    if out is None:
        say(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable("The file cannot be written", out, error) from error


def _print(plans: Sequence[Plan], form: str) -> None:
    """Print them as files: several YAML documents, or a JSON list, where there are several."""
    if form == "yaml":
        say("---\n".join(one.to_yaml() for one in plans), nl=False)
    else:
        found = [one.to_data() for one in plans]
        say(json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False))


def _named(name: str, stack: Path | None, overrides: tuple[Path, ...], old: str, new: str) -> tuple[Plan, ...]:
    if name == "gate":
        from harness.plan.gate import Gate

        if stack is None:
            raise UsageError("The plans of the gate are made for a stack", hint="harness plan show gate compose.yaml")
        found = load_stack(stack, overrides)
        return Gate(found, *releases(found, old, new)).plans()
    if name == "incident":
        from harness.commands.incident import SCRIPT
        from harness.plan.incident import Incident, replay

        script = Incident.load(stack or SCRIPT)
        return (replay(script, load_stack(script.stack, script.override)),)
    made = load(Path(name), old, new)
    return (made if stack is None else _for_stack(made, load_stack(stack, overrides)),)


def _for_stack(made: Plan, stack: Stack) -> Plan:
    """The plan, checked against a stack.

    Raises:
        UsageError: it makes no sense there.
    """
    if not made.old:
        raise UsageError(
            "The plan does not say which release runs at the beginning",
            where=made.name,
            expected=f"from: one of {', '.join(stack.harness.releases) or 'the releases of the stack'}",
            hint="add `from:` to the plan, or give --from",
        )
    stack.at(made.old)
    made.check(stack)
    return made
