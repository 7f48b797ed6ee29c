"""What of a document still holds: its items, its signatures, and everything that it rests on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.checklist import again, tags
from harness.checklist.document import SKEW, Checklist, Signature, State, digest
from harness.checklist.findings import Finding, Verified
from harness.checklist.making import Sources
from harness.checklist.runs import duration
from harness.checklist.signing import fingerprint, valid
from harness.checklist.tags import Lookup
from harness.errors import HarnessError
from harness.plan.inputs import count, differing, file_digest, inputs
from harness.stack import Stack
from harness.verdict import Outcome


def verify(
    checklist: Checklist, directory: Path, load: Callable[[Path, tuple[Path, ...]], Stack], keys: Mapping[str, str],
    connect: Callable[[], Lookup | None], now: float,
) -> Verified:  # fmt: skip
    """Look at all of it again.

    Args:
        directory: where the document is: paths in it are from there.
        load: reads a stack.
        keys: the public keys that count: name by key.
        connect: gives what asks the engine for an image; None where no engine answers.
        now: Unix time.
    """
    looked, sources = _evidence(checklist, directory, load)
    findings = [*_clock(checklist, now), *_items(checklist, now), *_signatures(checklist, keys), *looked]
    if sources is not None:
        findings += tags.moved(checklist, sources.stack, connect)
    if sources is not None and all(one.outcome is Outcome.PASS for one in looked):
        findings += again.judged(checklist, sources, directory)
    return Verified(tuple(findings))


def _clock(checklist: Checklist, now: float) -> Iterator[Finding]:
    times = [one.tick.time for one in checklist.items if one.tick is not None]
    latest = max([checklist.made, *times, *(one.time for one in checklist.signatures)])
    if now + SKEW < latest:
        before = duration(latest - now)
        text = f"this machine's clock is {before} before what the checklist holds: what has expired cannot be told"
        yield Finding(Outcome.UNKNOWN, "clock", text)


def _items(checklist: Checklist, now: float) -> Iterator[Finding]:
    """What is no tick, and ticks that have expired."""
    if not checklist.items:
        yield Finding(Outcome.UNKNOWN, "item", "the checklist has no items")
    for item in checklist.items:
        if item.state is State.FAILED:
            yield Finding(Outcome.FAIL, "item", f"{item.key} failed: {item.why}")
        elif item.state is State.OPEN:
            yield Finding(Outcome.FAIL, "item", f"{item.key} is open: {item.why}")
        elif item.state is State.UNKNOWN:
            yield Finding(Outcome.UNKNOWN, "item", f"{item.key} is unknown: {item.why}")
        elif item.state is State.TICKED and (item.expires is None or item.expires <= now):
            ago = f"{duration(now - item.expires)} ago" if item.expires is not None else "never said when"
            yield Finding(Outcome.FAIL, "expired", f"{item.key} has expired, {ago}")


def _signatures(checklist: Checklist, keys: Mapping[str, str]) -> Iterator[Finding]:
    """Who signed what, and what nobody did whose key is known."""
    covered: set[str] = set()
    now = {item.key: digest(item) for item in checklist.items}
    for one in checklist.signatures:
        outcome, text = _signature(checklist, one, keys, now)
        yield Finding(outcome, "signature", text)
        if outcome is Outcome.PASS:
            covered |= {key for key, said in one.items.items() if now.get(key) == said}
    missing = [key for key in now if key not in covered]
    if missing:
        what = "nobody whose key is known signed" if covered or checklist.signatures else "nobody signed"
        names = "any of it" if len(missing) == len(now) else f"{', '.join(missing[:4])}{_more(missing, 4)} as it is"
        yield Finding(Outcome.UNKNOWN, "signature", f"{what} {names}")


def _signature(
    checklist: Checklist, one: Signature, keys: Mapping[str, str], now: Mapping[str, str]
) -> tuple[Outcome, str]:
    who = f"{one.by} (key {fingerprint(one.key)})"
    if not valid(one):
        return Outcome.FAIL, f"the signature of {who} is not of this document, or not by that key"
    owner = keys.get(one.key)
    if owner is None:
        return Outcome.UNKNOWN, f"the key of {who} is unknown: name a directory with {one.by}.pub by --keys"
    if owner != one.by:
        return Outcome.FAIL, f"signed as {who}, with the key of {owner}"
    if one.head != checklist.head():
        return Outcome.FAIL, f"what the document rests on was changed after {who} signed it"
    same = [key for key, said in one.items.items() if now.get(key) == said]
    other = [key for key in one.items if key not in same]
    text = f"{who} signed {len(same)} of {len(now)} items"
    if other:
        text += f"; not as they are now: {', '.join(other[:4])}{_more(other, 4)}"
    return Outcome.PASS, text


def _evidence(
    checklist: Checklist, directory: Path, load: Callable[[Path, tuple[Path, ...]], Stack]
) -> tuple[list[Finding], Sources | None]:
    """What changed of the files, the histories and the results; and where all are, to look again."""
    found: list[Finding] = []
    stack: Stack | None = None
    ref = checklist.stack
    try:
        stack = load(_at(directory, ref.file), tuple(_at(directory, one) for one in ref.overrides))
        now = inputs(stack, (ref.from_, ref.to))
    except HarnessError as error:
        text = f"the stack cannot be read any more: {error.what}" + (f" ({error.where})" if error.where else "")
        found.append(Finding(Outcome.UNKNOWN, "changed", text))
        stack = None
    else:
        changes = differing(checklist.files, now)
        if changes:
            found.append(Finding(Outcome.FAIL, "changed", f"of the stack: {changes}"))
        if stack.name != ref.name:
            found.append(Finding(Outcome.FAIL, "changed", f"the stack is {stack.name} now, not {ref.name}"))
    for what, path, said in _kept(checklist):
        found += _same(what, _at(directory, path), said)
    found = found or [Finding(Outcome.PASS, "changed", _nothing(checklist))]
    if stack is None:
        return found, None
    runs = tuple(_at(directory, one.path) for one in checklist.runs)
    suites = tuple(_at(directory, one.path) for one in checklist.suites)
    return found, Sources(stack, ref.from_, ref.to, runs, suites)


def _kept(checklist: Checklist) -> Iterator[tuple[str, str, str]]:
    yield from ((f"the history of run {one.name}", one.path, one.sha256) for one in checklist.runs)
    yield from (("what tests vouched for", one.path, one.sha256) for one in checklist.suites)


def _same(what: str, path: Path, said: str) -> Iterator[Finding]:
    try:
        if not path.exists():
            yield Finding(Outcome.UNKNOWN, "evidence", f"{what} is not there any more: {path}")
        elif file_digest(path) != said:
            yield Finding(Outcome.FAIL, "changed", f"{what} changed: {path}")
    except (HarnessError, OSError, ValueError) as error:
        yield Finding(Outcome.UNKNOWN, "evidence", f"{what} cannot be read: {error}".splitlines()[0])


def _at(directory: Path, path: str) -> Path:
    """A path of the document."""
    return Path(os.path.normpath(directory / path))


def _nothing(checklist: Checklist) -> str:
    kept = len(checklist.runs) + len(checklist.suites)
    return f"nothing changed: {count(checklist.files)} files of the stack, {kept} of runs and tests"


def _more(names: list[str], shown: int) -> str:
    return f" and {len(names) - shown} more" if len(names) > shown else ""
