"""A document from a stack, runs of its gate and what tests vouched for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness import __version__
from harness.checklist import from_releases, from_run, from_stack, vouched
from harness.checklist.document import FORMAT, VERSION, Checklist, Item, StackRef, SuiteRef
from harness.checklist.runs import GateRun, images, load_run, of_release
from harness.plan.inputs import digest_of, file_digest, inputs
from harness.stack import Stack


@dataclass(frozen=True)
class Sources:
    """What a checklist is made from.

    Attributes:
        stack: with both releases.
        old, new: the release that runs, and the one that goes out.
        runs: directories of runs of the gate.
        suites: files of what tests vouched for.
    """

    stack: Stack
    old: str
    new: str
    runs: tuple[Path, ...] = ()
    suites: tuple[Path, ...] = ()


def make(sources: Sources, directory: Path, now: float) -> Checklist:
    """Put the document together; nothing is written.

    Args:
        directory: where the document will be: paths in it are from there.
        now: Unix time.

    Raises:
        HarnessError: a file, a run or a result cannot be read, or is of another release.
    """
    stack = sources.stack
    files = inputs(stack, (sources.old, sources.new))
    runs = [load_run(path) for path in sources.runs]
    for run in runs:
        of_release(run, stack.name, sources.old, sources.new)
    suites = [vouched.read(path) for path in sources.suites]
    refs = tuple(
        SuiteRef(os.path.relpath(path, directory), file_digest(path), len(suite.tests), suite.time)
        for path, suite in zip(sources.suites, suites, strict=True)
    )
    return Checklist(
        format=FORMAT,
        version=VERSION,
        made=now,
        harness=__version__,
        stack=_ref(sources, directory),
        runs=tuple(run.ref(directory) for run in runs),
        suites=refs,
        files=files,
        images=images(runs),
        items=tuple(_items(sources, runs, suites, files, now)),
    )


def _items(
    sources: Sources, runs: list[GateRun], suites: list[vouched.Vouched], files: Sequence[str], now: float
) -> Iterable[Item]:
    stack, old, new = sources.stack, sources.old, sources.new
    found = [
        *from_run.items(stack, new, runs, files, now),
        *from_stack.items(stack),
        *from_releases.items(stack, old, new, runs, files, now),
    ]
    found = vouched.merge(found, suites, now, digest_of(files), (stack.name, old, new))
    for item in from_stack.left_out(stack, found):
        yield _hiding(item, stack.secrets)


def _ref(sources: Sources, directory: Path) -> StackRef:
    stack = sources.stack
    return StackRef(
        name=stack.name,
        file=os.path.relpath(stack.file, directory),
        overrides=tuple(os.path.relpath(path, directory) for path in stack.overrides),
        from_=sources.old,
        to=sources.new,
    )


def _hiding(item: Item, secrets: Iterable[str]) -> Item:
    """The item without the stack's secrets: a difference of two releases may have one."""
    why = item.why
    for secret in sorted(secrets, key=len, reverse=True):
        why = why.replace(secret, "(hidden)")
    return item if why == item.why else msgspec.structs.replace(item, why=why)
