"""What a comparison does not cover: what is never looked at, what was not declared, what is a sample, what moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from harness.fingerprint.moving import WITNESSED, Witness
from harness.fingerprint.parts import State, StatePart
from harness.fingerprint.profiles import is_profile

EVERYWHERE = ("image", "packages", "processes", "sockets", "environment")  # parts that are taken of every replica
MAX_NAMES = 4  # things of one kind that are named
WHAT = {"contents": "of {replica}, table contents", "values": "of {replica}, values of keys"}


def unseen(before: State, after: State, witness: Witness) -> Iterator[str]:
    """In a few words each, the widest first."""
    parts = {replica: {**before.replicas.get(replica, {}), **found} for replica, found in after.replicas.items()}
    bare = [name for name, found in parts.items() if not set(found) - set(EVERYWHERE)]
    if bare:
        yield f"any file or data of {_services(bare)}"
    rest = [name for name, found in parts.items() if name not in bare and "files" not in found]
    if rest:
        yield f"files of {_services(rest)}"
    said: dict[str, list[str]] = {}
    for replica, found in parts.items():
        for words in dict.fromkeys(one for part in found.values() for one in part.unseen):
            said.setdefault(words, []).append(replica)
    for words, replicas in said.items():
        yield f"{words} of {_services(replicas)}"
    for replica in parts:
        yield from _unwitnessed(replica, before.replicas.get(replica, {}), after.replicas[replica], witness)


def _unwitnessed(
    replica: str, before: Mapping[str, StatePart], after: Mapping[str, StatePart], witness: Witness
) -> Iterator[str]:
    for name in WITNESSED:
        was, now = before.get(name), after.get(name)
        if was is None or now is None or not was.items or now.items is None:
            continue
        what = WHAT[name].format(replica=replica)
        if not witness.knows(replica, name):
            yield f"{what}: no two fingerprints before tell what the load moves"
            continue
        moved = [
            key for key, item in was.items.items() if not is_profile(item) and not witness.still(replica, name, key)
        ]
        if moved:
            yield f"{what} that the load moves, too ({_named(moved)})"


def _services(replicas: Iterable[str]) -> str:
    """`backend and lb`: replicas of a service are looked at alike."""
    return _named(list(dict.fromkeys(name.rpartition("-")[0] or name for name in replicas)), 12)


def _named(names: list[str], most: int = MAX_NAMES) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(one for one in (", ".join(names[:-1]), names[-1]) if one)
