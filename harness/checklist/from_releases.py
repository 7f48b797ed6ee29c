"""Items from the difference of two releases: migrations, cache format, configuration, ports, volumes, images."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.checklist import differences, migrations
from harness.checklist.document import Evidence, Item, State
from harness.checklist.runs import GateRun, doubt
from harness.checklist.seen import CACHE, SCHEMA, Seen, caches, changed
from harness.stack import Stack

WHO = "whoever releases"


def items(stack: Stack, old: str, new: str, runs: Sequence[GateRun], files: Sequence[str], now: float) -> list[Item]:
    """An item for each kind of difference: ticked where there is none, for a person where there is one.

    Args:
        files: what the stack is made of now.
        now: Unix time; a run that does not count is no evidence.
    """
    valid_for = stack.harness.checklist.valid_for
    counting = [run for run in runs if not doubt(run, files, now, valid_for)]
    found = migrations.find(stack, old, new, files)
    declared = (stack.at(old), stack.at(new))
    made = [
        *_one_way(stack, new),
        _migrations(stack, found, changed(counting, SCHEMA), counting),
        *migrations.items(stack, found),
        _cache(stack, changed(counting, CACHE, caches(stack)), counting),
        _compared(
            stack, "configuration", "The configuration in the Compose file", differences.configuration(*declared)
        ),
        _compared(stack, "ports", "Ports", differences.ports(*declared)),
        _compared(stack, "volumes", "Volumes", differences.volumes(*declared)),
        _compared(stack, "images", "What images are made from", differences.images(*declared)),
    ]
    expires = min((run.ended for run in counting), default=now) + valid_for
    return [_expiring(one, expires) for one in made]


def _expiring(item: Item, expires: float) -> Item:
    return msgspec.structs.replace(item, expires=expires) if item.state is State.TICKED else item


def _one_way(stack: Stack, new: str) -> list[Item]:
    deployer = stack.harness.deployer
    if deployer is None or new not in deployer.one_way:
        return []
    why = f"{new} cannot be taken back: {deployer.one_way[new]}"
    return [_item(stack, "one-way", "Everybody knows that there is no way back", State.OPEN, why, WHO)]


def _migrations(stack: Stack, found: migrations.Found, seen: Seen, runs: Sequence[GateRun]) -> Item:
    """Whether all migrations are known: by their files, and by what a run saw of the schema."""
    title = "Every migration of the release is on this list"
    evidence = _by_runs(runs) if seen.looked else ()
    if found.either:
        why = f"whose {', '.join(found.either[:3])} is cannot be told: declare `checklist: migrations` with {{release}}"
        return _item(stack, "migrations", title, State.UNKNOWN, why, evidence=evidence)
    if found.changed:
        why = f"{', '.join(found.changed[:3])} is not as the old release has it: what ran once does not run again"
        return _item(stack, "migrations", title, State.OPEN, why, WHO, evidence)
    listed = f"{len(found.new)} new file{'s' * (len(found.new) != 1)}"
    if seen.words and not found.new:
        why = f"no file is new, and the gate saw the schema change: {seen}"
        return _item(stack, "migrations", title, State.OPEN, why, WHO, evidence)
    if seen.looked:
        what = f"the gate saw {seen}" if seen.words else f"the gate saw the schema of {', '.join(seen.looked)} stay"
        return _item(stack, "migrations", title, State.TICKED, f"{listed}; {what}", evidence=evidence)
    if found.declared:
        return _item(stack, "migrations", title, State.TICKED, f"{listed} where the stack says that migrations are")
    if found.nowhere:
        why = (
            "there is nothing where the stack says that migrations are, of no release: correct `checklist: migrations`"
        )
        return _item(stack, "migrations", title, State.UNKNOWN, why)
    why = f"{listed}, and no run looked at a schema: declare `checklist: migrations`, or `servers`"
    return _item(stack, "migrations", title, State.UNKNOWN, why)


def _cache(stack: Stack, seen: Seen, runs: Sequence[GateRun]) -> Item:
    title = "What the release caches can be read by the old one"
    if not caches(stack):
        return _item(stack, "cache", title, State.UNKNOWN, "no cache is declared under `servers`")
    if not seen.looked:
        return _item(stack, "cache", title, State.UNKNOWN, f"no run that counts looked into {', '.join(caches(stack))}")
    if seen.words:
        return _item(stack, "cache", title, State.OPEN, f"the gate saw: {seen}", WHO, _by_runs(runs))
    why = f"keys and values of {', '.join(seen.looked)} were of the same form before and after the deployment"
    return _item(stack, "cache", title, State.TICKED, why, evidence=_by_runs(runs))


def _compared(stack: Stack, key: str, what: str, found: list[str]) -> Item:
    """No difference is a tick; any is for a person."""
    verb = "stay" if what.endswith("s") or what.startswith("What") else "stays"
    if not found:
        evidence = (Evidence("files", "both releases, as the Compose file and its overrides have them"),)
        return _item(stack, key, f"{what} {verb} as before", State.TICKED, "nothing differs", evidence=evidence)
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return _item(stack, key, f"{what}: the change is meant", State.OPEN, "; ".join(found[:4]) + more, WHO)


def _item(
    stack: Stack, key: str, title: str, state: State, why: str, who: str = "", evidence: tuple[Evidence, ...] = ()
) -> Item:
    if state is State.TICKED and not evidence:
        evidence = (Evidence("files", why),)
    valid_for = stack.harness.checklist.valid_for
    return Item(f"release.{key}", "releases", title, state, why, who, evidence=evidence, valid_for=valid_for)


def _by_runs(runs: Sequence[GateRun]) -> tuple[Evidence, ...]:
    return tuple(Evidence("run", "its fingerprints", run.name, run.ended) for run in runs)
