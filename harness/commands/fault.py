"""`harness fault`: list and explain faults, and inject them into an environment that is up."""

from __future__ import annotations

import textwrap
import time
from typing import Any

import click
import yaml

from harness import faults
from harness.commands.by_hand import environment_option
from harness.commands.say import say
from harness.engine import Engine
from harness.environment.attached import attach
from harness.environment.found import environments, pick
from harness.errors import INTERNAL, PASS, UNKNOWN, HarnessError, UsageError
from harness.faults import holding
from harness.faults.cache import take_marks
from harness.faults.docs import described
from harness.history import History
from harness.stack.quantities import seconds

WIDTH = 80
MINUTES = "10m"


@click.group()
def fault() -> None:
    """List and explain faults, and inject them into an environment that is up."""


@fault.command("list")
@environment_option
def list_(environment: str | None) -> int:
    """List every fault, and those that are on in the environments that are up."""
    wide = max(map(len, faults.names()))
    for name in faults.names():
        say(f"{name:<{wide}}  {textwrap.shorten(_first_line(name), WIDTH - wide - 2, placeholder=' ...')}")
    if environment is None:
        try:
            with Engine.connect() as engine:
                known = [one.id for one in environments(engine)]
        except HarnessError:  # no engine: then nothing is up
            known = []
    else:
        known = [environment]
    for one in known:
        for _, state in holding.known(one):
            if state.turn == "on" and state.alive:
                left = max(0, round(state.until - time.time()))
                say(f"{one}: {state.number}: {state.title}, for another {left} s", bold=True)
    return PASS


@fault.command()
@click.argument("name")
def explain(name: str) -> int:
    """Say what a fault simulates, how, what it needs, and the outage that it is modelled on."""
    found = faults.find(name)
    say(found.fault_name(), bold=True)
    for line in textwrap.wrap(described(found), WIDTH):
        say(line)
    for head, text in (
        ("simulates", found.simulates), ("how", found.how), ("needs", found.needs), ("modelled on", found.outage),
    ):  # fmt: skip
        lines = textwrap.wrap(text or "-", WIDTH - 13, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines):
            say(f"{head + ':' if number == 0 else '':<13}{line}")
    for field, one in found.model_fields.items():
        default = one.get_default(call_default_factory=True)
        told = "required" if one.is_required() else "optional" if default in ((), None) else f"default {default!r}"
        say(f"{'parameters:' if field == next(iter(found.model_fields)) else '':<13}{one.alias or field} ({told})")
    return PASS


@fault.command()
@environment_option
@click.option("--for", "duration", default=MINUTES, show_default=True, help="After which it is healed by itself.")
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[KEY=VALUE]...")
def inject(environment: str | None, duration: str, name: str, parameters: tuple[str, ...]) -> int:
    """Inject a fault, which stays until `harness fault heal`, or until its time is over.

    KEY=VALUE are its parameters, as a plan has them; VALUE is YAML: from=backend-2 to=cache ms=300. A process of its
    own holds it: whatever becomes of this command or of that process, the fault is healed.
    """
    step = {"fault": name, **dict(_parameter(one) for one in parameters)}
    faults.from_data(step)  # before anything is asked
    with Engine.connect() as engine:
        found = pick(engine, environment)
    state = holding.hold(holding.Order(found.id, step, seconds(duration)))
    if state.turn == "failed":
        say(state.said, err=True, fg="red")
        return state.code or INTERNAL
    say(f"{found.id}: {state.number}: {state.title}: on, for {duration} at most")
    say(f"  harness fault heal -e {found.id} {state.number}")
    return PASS


@fault.command()
@environment_option
@click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]...")
def heal(environment: str | None, numbers: tuple[int, ...]) -> int:
    """Heal faults: those of these numbers, or all that are on. Healing what is healed does no harm."""
    with Engine.connect() as engine:
        found = pick(engine, environment)
    known = [(place, state) for place, state in holding.known(found.id) if not numbers or state.number in numbers]
    strange = sorted(set(numbers) - {state.number for _, state in known})
    if strange:
        raise UsageError(
            "There is no such fault", where=f"environment {found.id}", got=str(strange[0]),
            expected="a number that `harness fault inject` said", hint="`harness fault list` shows those that are on",
        )  # fmt: skip
    worst = PASS
    for place, state in known:
        if not numbers and state.turn != "on":
            continue
        already = not state.alive
        worst = max(worst, _tell(found.id, holding.heal(place, state), already=already))
    if not numbers and not any(state.turn == "on" for _, state in known):
        say(f"{found.id}: no fault is on")
    return worst


@fault.command()
@environment_option
@click.argument("name")
def mark(environment: str | None, name: str) -> int:
    """Keep what the caches hold now, under a NAME, for cache.stale and cache.other-version."""
    with Engine.connect() as engine:
        kept = take_marks(attach(engine, pick(engine, environment), History()), name)
    for replica, count in kept.items():
        say(f"{name}: {count} keys of {replica}")
    if not kept:
        raise UsageError("There is no cache to mark", expected="a Redis or Valkey in `x-harness: servers`")
    return PASS


def _tell(environment: str, state: holding.State, *, already: bool) -> int:
    head = f"{environment}: {state.number}: {state.title}"
    if state.turn == "failed":
        say(f"{head}: {state.said}", err=True, fg="red")
        return state.code or UNKNOWN
    if already and state.turn == "on":
        say(f"{head}: its process was killed; the keeper, a process for this case, healed it", fg="yellow")
    elif already:
        say(f"{head}: healed before")
    else:
        bit = {True: "it bit", False: "it touched nothing", None: "whether it touched anything is not known"}[state.bit]
        say(f"{head}: healed; {bit}: {state.said}")
    return PASS


def _parameter(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not found or not key:
        raise UsageError("A parameter has no value", got=text, expected="KEY=VALUE, such as ms=300")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError("A parameter is no YAML", got=text, expected='KEY=VALUE, such as keys=["plan:*"]') from error


def _first_line(name: str) -> str:
    return described(faults.find(name))
