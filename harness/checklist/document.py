"""The document: what a checklist says, what it rests on, and who signed. Its file is JSON, and all of it is data.

Digests and signatures are of a canonical form, so that a file that was indented or sorted anew is still the same.
Times are Unix time in seconds, digests SHA-256 in hexadecimal.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec

from harness.checklist import stored
from harness.errors import UsageError
from harness.files import write

FORMAT, VERSION = "rollback-harness checklist", 1
WHAT = "The checklist"
SKEW = 300.0  # seconds by which the clocks of two machines may differ


Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]  # until the year 5138: what is later is no time


class State(StrEnum):
    """What is known of an item. Only TICKED is a tick."""

    TICKED = "ticked"
    OPEN = "open"  # for a person, who has not said so yet
    FAILED = "failed"
    UNKNOWN = "unknown"
    LEFT_OUT = "left out"  # the stack says why it does not concern it


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What all parts of the document are: what a file has beside is refused, because nobody would have signed it."""


class Evidence(Part, frozen=True):
    """What an item rests on: a run, a test, files, a linter."""

    kind: str
    what: str  # in a sentence
    name: str = ""  # the run's, the test's, the file's
    time: Time | None = None  # when it was seen


class Tick(Part, frozen=True):
    """A person said so."""

    by: str
    why: str
    time: Time


class Item(Part, frozen=True):
    """One line of the list."""

    key: str
    source: str  # suites, stack or releases
    title: str
    state: State
    why: str  # of the state, in a sentence
    who: str = ""  # who is to tick it; empty where evidence does
    because: str = ""  # why it is on the list
    evidence: tuple[Evidence, ...] = ()
    tick: Tick | None = None
    valid_for: Time = 0.0  # seconds
    expires: Time | None = None  # a tick holds until then


class StackRef(Part, frozen=True):
    """The stack and its releases; paths from the document's directory."""

    name: str
    file: str
    overrides: tuple[str, ...]
    from_: str
    to: str


class RunRef(Part, frozen=True):
    """A run and its history."""

    name: str
    path: str  # of the history, from the document's directory
    sha256: str
    events: int
    outcome: str
    started: Time
    ended: Time


class SuiteRef(Part, frozen=True):
    """What tests vouched for."""

    path: str
    sha256: str
    tests: int
    time: Time


class ImageRef(Part, frozen=True):
    """An image that replicas ran from, by the digest that the engine said."""

    service: str
    digest: str
    runs: tuple[str, ...]


class Signature(Part, frozen=True):
    """A person signed these items, as they were, and all that the document rests on."""

    by: str
    time: Time
    key: str  # the public key, 32 bytes in base64
    head: str  # digest of all but the items and the signatures
    items: dict[str, str]  # digest by key
    signature: str  # 64 bytes in base64


class Checklist(Part, frozen=True):
    """The whole document."""

    format: str
    version: int
    made: Time
    harness: str
    stack: StackRef
    runs: tuple[RunRef, ...]
    suites: tuple[SuiteRef, ...]
    files: tuple[str, ...]  # lines as `harness.plan.inputs` writes them
    images: tuple[ImageRef, ...]
    items: tuple[Item, ...]
    signatures: tuple[Signature, ...] = ()

    @property
    def title(self) -> str:
        """`reference, 4.1.0 -> 4.1.1`."""
        return f"{self.stack.name}, {self.stack.from_} -> {self.stack.to}"

    def of(self, state: State) -> tuple[Item, ...]:
        """The items in a state."""
        return tuple(item for item in self.items if item.state is state)

    def head(self) -> str:
        """The digest of all that the items rest on."""
        plain = msgspec.to_builtins(self)
        return digest({key: value for key, value in plain.items() if key not in ("items", "signatures")})


def canonical(value: Any) -> bytes:
    """The one form of a value: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def digest(value: Any) -> str:
    """The SHA-256 of a value in its canonical form; of a part of the document too."""
    return hashlib.sha256(canonical(msgspec.to_builtins(value))).hexdigest()


def save(checklist: Checklist, path: Path) -> Path:
    """Write the file, whole or not at all. Raises OSError."""
    text = json.dumps(msgspec.to_builtins(checklist), indent=1, ensure_ascii=True, allow_nan=False)
    return write(path, text + "\n")


def read(path: Path) -> Checklist:
    """Read a file.

    Raises:
        UsageError: it is not there, torn, foreign, newer or too large.
    """
    found = stored.read(path, WHAT, Checklist, FORMAT, VERSION, "make one with `harness checklist make`")
    _consistent(found, path)
    return found


def _consistent(found: Checklist, path: Path) -> None:
    keys = [item.key for item in found.items]
    if len(set(keys)) != len(keys):
        raise _damaged(path, "a key that stands twice", "each item once")
    for item in found.items:
        ticked = item.state is State.TICKED
        if ticked != (item.tick is not None) if item.who else item.tick is not None or (ticked and not item.evidence):
            raise _damaged(path, f"{item.key} is ticked, and nobody and nothing says so", "ticks as they were made")


def _damaged(path: Path, got: str, expected: str) -> UsageError:
    hint = "take the copy that was signed, or make a new one with `harness checklist make`"
    return stored.damaged(path, WHAT, got, expected, hint)
