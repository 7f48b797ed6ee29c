"""`harness links`: what passes through the links of an environment that is up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from harness.commands.by_hand import environment_option
from harness.commands.say import say
from harness.engine import Engine
from harness.environment.found import pick, proxy_of
from harness.errors import UsageError
from harness.proxy.client import ProxyClient, ProxyState


@click.command()
@environment_option
@click.argument("consumer", metavar="[CONSUMER]", required=False)
def links(environment: str | None, consumer: str | None) -> None:
    """Show the links that were used, what passed through them, and the toxics on them.

    With a CONSUMER (a replica, or `entrypoint`) all of its links, used or not.
    """
    with Engine.connect() as engine:
        found = pick(engine, environment)
        proxy = proxy_of(found)
        states = [state for state in proxy.proxies().values() if consumer in (None, _consumer(state))]
        if not states:
            known = ", ".join(dict.fromkeys(_consumer(state) for state in proxy.proxies().values()))
            raise UsageError(
                "No link begins there",
                where=f"environment {found.id}",
                got=consumer or "no link at all",
                expected=known,
            )
        rows = [row for state in states for row in _row(proxy, state, always=consumer is not None)]
        width = max((len(name) for name, _ in rows), default=0)
        for name, said in rows:
            say(f"{name:<{width}}  {said}")
        if consumer is None:
            say(f"{len(states) - len(rows)} of {len(states)} links were not used")


def _consumer(state: ProxyState) -> str:
    return state.name.partition(":")[0]


def _row(proxy: ProxyClient, state: ProxyState, *, always: bool) -> Iterator[tuple[str, str]]:
    """A link and what is to be said of it, if anything is."""
    consumer, target, port = state.name.rsplit(":", 2)
    said = [f"{toxic.type} ({toxic.stream})" for toxic in state.toxics] + ([] if state.enabled else ["down"])
    if proxy.extended:
        stats = proxy.stats(state.name)
        if not always and not said and not stats["connections"]["accepted"]:
            return
        said.insert(0, _traffic(stats))
    yield f"{consumer} -> {target}:{port}", ", ".join(said)


def _traffic(stats: dict[str, Any]) -> str:
    connections, sent = stats["connections"], stats["bytes"]
    up, down = (_size(sent[direction]["sent"]) for direction in ("upstream", "downstream"))
    return f"{connections['open']:>3} of {connections['accepted']:<4} open  {up:>9} up  {down:>9} down"


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
