"""Replicas that need no container: one runs commands on this machine, one gives set answers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import CommandTimeout, ReplicaGone


@dataclass(frozen=True)
class Said:
    exit_code: int
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True)
class SaidRaw:
    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


class LocalReplica:
    """Runs its commands with `sh` on this machine."""

    def __init__(self, name: str = "backend-1") -> None:
        self.name = name
        self.gone = False
        self.prelude = ""  # shell that is run before each command
        self.before: dict[int, Callable[[], object]] = {}  # what happens before the nth command from now
        self._count = self.asked = self.told = 0  # commands since `before` was set and ever; bytes of their answers

    def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Said:
        done = self.ask(command, timeout)
        return Said(done.exit_code, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def ask(self, command: str | Sequence[str], timeout: float = 10.0) -> SaidRaw:
        self.asked += 1
        if self.before:
            self._count += 1
            self.before.get(self._count, int)()
        if self.gone:
            raise ReplicaGone("The replica is gone", where=self.name)
        words = [
            os.fsencode(word)
            for word in (("sh", "-c", self.prelude + command) if isinstance(command, str) else command)
        ]
        try:
            done = subprocess.run(words, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise CommandTimeout("A command ran too long", where=self.name) from error
        self.told += len(done.stdout)
        return SaidRaw(done.returncode, done.stdout, done.stderr)


class TellingReplica:
    """Gives one answer after the other, and the last one for ever; an exception is raised."""

    def __init__(self, name: str, *answers: Said | Exception) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked: list[str | Sequence[str]] = []

    def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Said:  # noqa: ARG002
        self.asked.append(command)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
