"""One command with several sections, and its answer cut up again; whatever bytes the sections hold."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from harness.environment.shell import RawAnswer


@dataclass(frozen=True, slots=True)
class Section:
    """What one section wrote, and how it ended."""

    output: bytes
    errors: bytes
    exit_code: int

    def complaint(self) -> str:
        """Its last words on stderr: of a client that shows where in a statement it failed, the error itself."""
        said = self.errors.decode("utf-8", "replace").strip().splitlines()
        errors = [line for line in said if "ERROR:" in line]
        return (errors or said)[-1][:200] if said else f"exit code {self.exit_code}"


class Sections:
    """Puts shell texts together into one command.

    Attributes:
        mark: a random word that the texts may use to separate what they write.
    """

    def __init__(self) -> None:
        self.mark = f"\x1e{secrets.token_hex(8)}"
        self._texts: dict[str, str] = {}

    def add(self, name: str, text: str) -> None:
        """One more section; each runs in a subshell of its own."""
        self._texts[name] = text

    def command(self) -> str:
        """All sections as one shell text; `$M` is the mark."""
        parts = [f"M='{self.mark}'; export M"]
        for name, text in self._texts.items():
            parts.append(f"printf '%s+%s\\n' \"$M\" {name}; printf '%s+%s\\n' \"$M\" {name} >&2")
            parts.append(f"(\n{text}\n)\nprintf '%s-%s\\n' \"$M\" $?")
        return "\n".join(parts)

    def cut(self, answer: RawAnswer) -> Mapping[str, Section]:
        """The sections of an answer; one that was not reached is missing."""
        begin, end = f"{self.mark}+".encode(), f"{self.mark}-".encode()
        errors = dict(_named(piece) for piece in answer.stderr.split(begin)[1:])
        found: dict[str, Section] = {}
        for piece in answer.stdout.split(begin)[1:]:
            name, body = _named(piece)
            output, ended, code = body.rpartition(end)
            if ended and code.strip().isdigit():
                found[name] = Section(output, errors.get(name, b""), int(code))
        return found


def _named(piece: bytes) -> tuple[str, bytes]:
    name, _, body = piece.partition(b"\n")
    return name.decode(), body


def decode(raw: bytes) -> str:
    """Bytes of a name as text that JSON can hold and that tells different bytes apart: those that are not UTF-8 as
    `\\xNN`.
    """
    return raw.decode("utf-8", "backslashreplace")
