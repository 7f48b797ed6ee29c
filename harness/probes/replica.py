"""What a probe needs of a replica, and how one is asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import HostError
from harness.printable import shortened

TIMEOUT = 10.0  # seconds that an answer may take


class Answer(Protocol):
    """What a command left."""

    @property
    def exit_code(self) -> int: ...

    @property
    def stdout(self) -> str: ...

    @property
    def stderr(self) -> str: ...


class Replica(Protocol):
    """Something with a name that can run a command."""

    @property
    def name(self) -> str: ...

    def run(self, command: str | Sequence[str], timeout: float = TIMEOUT) -> Answer:
        """Run a command: words as they are, or a text for the replica's `sh`. Raises HostError."""


@dataclass(frozen=True, slots=True)
class ProbeReply:
    """The stripped answer of a replica, or None with the reason why there is none."""

    text: str | None
    error: str | None = None


def ask(replica: Replica, command: Sequence[str] | str, timeout: float = TIMEOUT) -> ProbeReply:
    """Run a command that answers on stdout. An exit code other than 0, or silence, is no answer."""
    try:
        answer = replica.run(command, timeout)
    except HostError as error:
        return ProbeReply(None, shortened(str(error)))
    if answer.exit_code != 0:
        said = answer.stderr.strip() or answer.stdout.strip()
        return ProbeReply(None, shortened(f"exit code {answer.exit_code}" + (f": {said}" if said else "")))
    text = answer.stdout.strip()
    return ProbeReply(text) if text else ProbeReply(None, "exit code 0 and no answer")


def picked(asked: ProbeReply, field: str | None) -> ProbeReply:
    """The field of a JSON answer; the answer itself where no field is named."""
    if asked.text is None or field is None:
        return asked
    try:
        value = json.loads(asked.text)[field]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ProbeReply(None, shortened(f"no field {field!r} in the answer: {asked.text}"))
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        return ProbeReply(None, shortened(f"the field {field!r} holds {value!r}, not a name"))
    return ProbeReply(str(value))
