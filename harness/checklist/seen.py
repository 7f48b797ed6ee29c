"""What a gate saw of databases and caches when the release was deployed: its fingerprints, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.checklist.runs import GateRun
from harness.events import FingerprintTaken
from harness.fingerprint import Fingerprint, compare, in_words, quiet
from harness.history import of
from harness.stack import Stack

SCHEMA, CACHE = ("schema", "migrations"), ("keys", "values", "queues")
CACHE_KINDS = ("redis", "memcached")
MOST = 6  # differences that are spelt out


@dataclass(frozen=True, slots=True)
class Seen:
    """What a deployment changed in some parts.

    Attributes:
        looked: replicas whose parts were looked at both before and after.
        words: what differs, a line each.
        more: how many lines are not among them.
    """

    looked: tuple[str, ...]
    words: tuple[str, ...]
    more: int = 0

    def __str__(self) -> str:
        return "; ".join(self.words) + (f" and {self.more} more" if self.more else "")


def changed(runs: Sequence[GateRun], parts: Sequence[str], services: Iterable[str] | None = None) -> Seen:
    """What the deployments of these runs changed in these parts, of these services or of all."""
    looked: dict[str, None] = {}
    words: list[str] = []
    wanted = None if services is None else set(services)
    for run in runs:
        taken = {event.body.name: event for event in of(run.report.events, FingerprintTaken)}
        if not {"baseline", "deployed"} <= taken.keys():
            continue
        before, after = (
            Fingerprint.of(taken[name].body, taken=taken[name].since_start, event=taken[name].id)
            for name in ("baseline", "deployed")
        )
        both = _both(before, after, parts, wanted)
        try:
            found = compare(before, after, (), quiet(run.report.events, taken["deployed"])).differences
            words += in_words([one for one in found if one.replica in both and one.part in parts], 10_000)
        except (TypeError, ValueError, LookupError, AttributeError):  # items of a form that we never wrote
            continue
        looked.update(dict.fromkeys(both))
    words = list(dict.fromkeys(words))
    return Seen(tuple(looked), tuple(words[:MOST]), max(0, len(words) - MOST))


def caches(stack: Stack) -> list[str]:
    """The services that hold a cache which the stack declares."""
    return [server.service for server in stack.harness.servers.values() if server.kind in CACHE_KINDS]


def _both(before: Fingerprint, after: Fingerprint, parts: Sequence[str], services: set[str] | None) -> list[str]:
    """The replicas of which one of the parts was taken in both."""
    return [
        replica
        for replica in before.replicas
        if (services is None or replica.rpartition("-")[0] in services)
        and any(
            (was := before.replicas[replica].get(part)) is not None
            and was.items is not None
            and (now := after.replicas.get(replica, {}).get(part)) is not None
            and now.items is not None
            for part in parts
        )
    ]
