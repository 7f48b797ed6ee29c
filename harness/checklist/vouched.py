"""What tests vouched for: the file that the pytest plugin writes, and that `harness checklist make --suite` takes.

A test vouches by the marker `vouches("item-key")`. It counts only where it ran and passed, with its setup and its
teardown: one that was skipped, deselected, xfailed or interrupted vouches for nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from harness.checklist import stored
from harness.checklist.document import SKEW, Evidence, Item, Part, State, Time
from harness.files import write

FORMAT, VERSION = "rollback-harness vouched", 1
PASSED = "passed"


class VouchingTest(Part, frozen=True):
    """A test that vouches for items.

    Attributes:
        id: pytest's.
        keys: of the items.
        outcome: `passed`, `failed`, `skipped`, `xfailed`, `not run`, ...
        sha256: of the test's file.
        stack, releases: what it ran on, where it asked for the stack: its name, and the old and the new release.
        inputs: the digest of what the stack is made of, then.
    """

    id: str
    keys: tuple[str, ...]
    outcome: str
    time: Time
    sha256: str = ""
    titles: dict[str, str] = msgspec.field(default_factory=dict)
    stack: str = ""
    releases: tuple[str, ...] = ()
    inputs: str = ""


class Vouched(Part, frozen=True):
    """The file."""

    format: str
    version: int
    run: str
    time: Time  # when the session ended
    complete: bool  # no test was left, and nothing interrupted the session
    tests: tuple[VouchingTest, ...]


def save(found: Vouched, path: Path) -> Path:
    """Write it. Raises OSError."""
    return write(path, json.dumps(msgspec.to_builtins(found), indent=1) + "\n")


def read(path: Path) -> Vouched:
    """Read it.

    Raises:
        UsageError: it is not there, torn, foreign, newer or too large.
    """
    hint = "write one with pytest --vouched-for FILE"
    return stored.read(path, "The file of what tests vouched for", Vouched, FORMAT, VERSION, hint)


def merge(
    items: list[Item], suites: list[Vouched], now: float, inputs: str, release: tuple[str, str, str]
) -> list[Item]:
    """The items with what tests say of them. A test that did not pass takes a tick away; it gives one only to an item
    that waits for tests. Keys that no item has become items of their own.

    Args:
        now: Unix time.
        inputs: the digest of what the stack is made of now.
        release: the stack's name, the old and the new release.
    """
    tests: dict[str, list[tuple[VouchingTest, str]]] = {}
    for suite in suites:
        for test in suite.tests:
            problem = _problem(test, suite, now, inputs, release)
            for key in test.keys:
                tests.setdefault(key, []).append((test, problem))
    known = {item.key for item in items}
    new = [
        Item(key, "suites", _title(key, found), State.UNKNOWN, "no test vouches for it", valid_for=_week(items))
        for key, found in tests.items()
        if key not in known
    ]
    return [_with(item, tests.get(item.key, []), now) for item in (*items, *new)]


def _with(item: Item, tests: list[tuple[VouchingTest, str]], now: float) -> Item:
    if not tests:
        return item
    evidence = (
        *item.evidence,
        *(Evidence("test", f"{test.outcome}: {test.id}", test.id, test.time) for test, _ in tests),
    )
    failed = [test for test, _ in tests if test.outcome in ("failed", "error")]
    unknown = [(test, problem) for test, problem in tests if problem and test not in failed]
    item = msgspec.structs.replace(item, evidence=evidence)
    if failed:
        return msgspec.structs.replace(item, state=State.FAILED, why=f"{failed[0].id} failed", expires=None)
    if unknown and item.state is not State.FAILED:
        test, problem = unknown[0]
        return msgspec.structs.replace(item, state=State.UNKNOWN, why=f"{test.id}: {problem}", expires=None)
    waits = item.source in ("stack", "suites") and not item.who and item.state is State.UNKNOWN and not _ours(item.key)
    if not waits:
        return item
    expires = min(test.time for test, _ in tests) + item.valid_for
    if expires <= now:
        return msgspec.structs.replace(item, why="its tests ran too long ago: run them again", expires=None)
    many = f"{len(tests)} test{'s' * (len(tests) > 1)} passed"
    return msgspec.structs.replace(item, state=State.TICKED, why=many, expires=expires)


def _problem(test: VouchingTest, suite: Vouched, now: float, inputs: str, release: tuple[str, str, str]) -> str:
    """Why a test gives no tick; empty where it does."""
    if test.outcome != PASSED:
        return f"{test.outcome}, which is no tick"
    if not suite.complete:
        return "its session was interrupted"
    if test.time > now + SKEW:
        return "it ran later than now: a clock is wrong"
    if test.stack and (test.stack, *test.releases) != release:
        return f"it ran on {test.stack}, {' -> '.join(test.releases)}"
    if test.stack and test.inputs != inputs:
        return "the stack's files have changed since it ran"
    return ""


def _ours(key: str) -> bool:
    return key.partition(".")[0] in ("gate", "release")


def _title(key: str, tests: list[tuple[VouchingTest, str]]) -> str:
    return next((test.titles[key] for test, _ in tests if test.titles.get(key)), key)


def _week(items: list[Item]) -> float:
    return next((item.valid_for for item in items if item.valid_for), 7 * 24 * 3600.0)
