"""Replicas that need no container: one runs commands on this machine, one gives set answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import CommandTimeout, ReplicaGone


@dataclass(frozen=True)
class Said:
    exit_code: int
    stdout: str = ""
    stderr: str = ""


class LocalReplica:
    """Runs its commands with `sh` on this machine."""

    def __init__(self, name: str = "backend-1") -> None:
        self.name = name
        self.gone = False
        self.before: dict[int, Callable[[], object]] = {}  # what happens before the nth command from now
        self._count = 0

    def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Said:
        if self.before:
            self._count += 1
            self.before.get(self._count, int)()
        if self.gone:
            raise ReplicaGone("The replica is gone", where=self.name)
        words = ["sh", "-c", command] if isinstance(command, str) else list(command)
        try:
            done = subprocess.run(words, capture_output=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise CommandTimeout("A command ran too long", where=self.name) from error
        return Said(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


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
