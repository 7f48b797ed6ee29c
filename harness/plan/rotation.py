"""Rotating logs on purpose, as logrotate does it: the file is renamed, and its writer told."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from harness.errors import EngineGone, HarnessError
from harness.events import LogRotate
from harness.history import History
from harness.printable import shortened
from harness.stack import Log, Stack

if TYPE_CHECKING:
    from harness.environment import Replica
    from harness.plan.subject import Subject

# Beside what a rotation of the stack's own may have left.
_RENAME = 'n=1; while [ -e {path}.$n ]; do n=$((n + 1)); done; mv -- {path} {path}.$n && echo "$n"'


def declared(stack: Stack) -> bool:
    """Whether a log of the stack may be rotated."""
    return any(log.rotate is not None for logs in stack.harness.logs.values() for log in logs)


def rotate(environment: Subject) -> None:
    """Rotate each log of which the stack declares how, on each replica, and record it."""
    for service, logs in environment.stack.harness.logs.items():
        for log in logs:
            for replica in environment[service] if log.rotate is not None else ():
                _rotate(environment.history, replica, log)


def put_away(environment: Subject, phase: str) -> None:
    """Remove what the rotations of a phase left: it is none of the deployment's traces."""
    for event in environment.history.of(LogRotate, phase=phase, environment=environment.id):
        if event.body.part:
            with suppress(HarnessError):  # a replica that is gone has no part left either
                environment.replica(event.body.replica).run(["rm", "-f", "--", event.body.part])


def _rotate(history: History, replica: Replica, log: Log) -> None:
    assert log.rotate is not None
    part, error = "", None
    try:
        answer = replica.run(_RENAME.format(path=shlex.quote(log.path)))
        if answer.exit_code != 0:
            error = shortened(answer.stderr.strip() or f"exit code {answer.exit_code}")
        else:
            part = f"{log.path}.{answer.stdout.strip()}"
            error = _tell(replica, log)
    except EngineGone:
        raise
    except HarnessError as raised:
        error = shortened(str(raised))
    history.record(LogRotate(replica.name, log.path, part, log.rotate.told, error))


def _tell(replica: Replica, log: Log) -> str | None:
    """Tell the writer. Returns why it could not be told."""
    assert log.rotate is not None
    if log.rotate.signal:
        replica.kill(log.rotate.signal)
    if log.rotate.command:
        answer = replica.run(log.rotate.command)
        if answer.exit_code != 0:
            return shortened(f"{log.rotate.told}: {answer.stderr.strip() or f'exit code {answer.exit_code}'}")
    return None
