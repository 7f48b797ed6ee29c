"""Which replicas are meant: by name, by service, or picked by chance that can be repeated."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.stack import ENTRYPOINT

if TYPE_CHECKING:
    from harness.environment import Environment

Selector = str | tuple[str, ...]
PICKS = ("one", "minority", "all")
_PICK = re.compile(rf"({'|'.join(PICKS)})(?: of (.+))?")


def words(selector: Selector) -> tuple[str, ...]:
    """The parts of a selector, each of which adds to what is meant."""
    return (selector,) if isinstance(selector, str) else tuple(selector)


def shown(selector: Selector) -> str:
    """`backend-1 and backend-2`."""
    every = words(selector)
    return " and ".join(part for part in (", ".join(every[:-1]), every[-1]) if part)


def replicas(environment: Environment, selector: Selector, chance: random.Random) -> tuple[str, ...]:
    """The names of the replicas that are meant, each once, in order; `entrypoint` may be among them.

    Raises:
        UsageError: a name that is neither a replica nor a service, or too few to pick from.
    """
    found = [name for word in words(selector) for name in _replicas(environment, word, chance)]
    return tuple(dict.fromkeys(found))


def targets(environment: Environment, selector: Selector, chance: random.Random) -> tuple[str, ...]:
    """The same, but a service that is named stays one, since it is also called by its own name."""
    found: list[str] = []
    for word in words(selector):
        if word == "all":
            found += environment.stack.services
        else:
            found += [word] if word in environment.stack.services else _replicas(environment, word, chance)
    return tuple(dict.fromkeys(found))


def _replicas(environment: Environment, word: str, chance: random.Random) -> Sequence[str]:
    known = [replica.name for replica in environment.replicas]
    if word == ENTRYPOINT or word in known:
        return [word]
    if word in environment.stack.services:
        return [replica.name for replica in environment[word]]
    picked = _PICK.fullmatch(word)
    if picked is None or (picked[2] and picked[2] not in environment.stack.services):
        raise UsageError(
            "No replica or service has this name",
            where=f"environment {environment.id}",
            got=word,
            expected=f"one of {', '.join([*known, *environment.stack.services, ENTRYPOINT])}; or one, minority or all, "
            "also of a service: `one of backend`",
        )
    return _pick(environment, picked[1], picked[2], chance)


def _pick(environment: Environment, how: str, service: str | None, chance: random.Random) -> Sequence[str]:
    """`all` is every replica; `one` and `minority` are of the fleet, what a deployment changes, where the stack says
    what that is. With a service all three are of that service.
    """
    fleet = environment.fleet_services if how != "all" and service is None else ()
    names = [
        replica.name
        for replica in environment.replicas
        if service in (None, replica.service) and (not fleet or replica.service in fleet)
    ]
    if how == "all":
        return names
    count = 1 if how == "one" else (len(names) - 1) // 2
    if count < 1 or not names:
        raise UsageError(
            f"There is no {how} to pick",
            where=f"environment {environment.id}",
            got=f"{len(names)} replicas: {', '.join(names)}",
            expected="three or more, of which fewer than half are a minority" if how == "minority" else "one at least",
        )
    return sorted(chance.sample(names, count), key=names.index)
