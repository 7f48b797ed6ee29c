"""What is saved when something fails, before the containers are gone: logs and state of every replica."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness import files
from harness.environment.replica import Replica
from harness.errors import HarnessError
from harness.events import Note
from harness.history import History
from harness.stack.patterns import for_shell, is_pattern

LOG_LINES = 5000  # of each replica's own output
FILE_BYTES = 200_000  # from the end of each declared log file


def save_evidence(
    directory: Path, replicas: Sequence[Replica], history: History, logs: Mapping[str, Sequence[str]]
) -> Path:
    """Save `<replica>.log`, `<replica>.state.json` and the declared log files of every replica.

    What cannot be had is said in the file's place: saving evidence must not hide the failure that it is evidence of.

    Args:
        directory: made if need be.
        replicas: whose.
        history: a note of where the evidence is goes there.
        logs: the paths of the declared log files by service.
    """
    wanted: dict[str, Callable[[], str]] = {}
    for replica in replicas:
        wanted[f"{replica.name}.log"] = _output(replica)
        wanted[f"{replica.name}.state.json"] = _state(replica)
        for path in logs.get(replica.service, ()):
            wanted[f"{replica.name}{path.replace('/', '_')}"] = _file(replica, path)
    said = f"logs and state of every replica: {directory}"
    try:
        files.directory(directory)
        hide = history.redactor.text
        problems = [problem for name, read in wanted.items() if (problem := _save(directory / name, read, hide))]
    except OSError as error:
        problems = [f"{directory}: {error.strerror or error}"]
    if problems:
        said += f" - what could not be saved: {', '.join(problems)}"
    history.record(Note(said))
    return directory


def save_removed(
    directory: Path, replica: Replica, history: History, logs: Sequence[str], *, running: bool
) -> str | None:
    """Save what is to be known of a container that a deployer removes: while it runs, its declared log files, which go
    with it; when it has ended, `<replica>.log` and `<replica>.state.json`.

    Returns the directory; None where nothing could be saved. What could not be had is said in the file's place.
    """
    name = replica.name
    ended = {f"{name}.log": _output(replica), f"{name}.state.json": _state(replica)}
    wanted = {f"{name}{path.replace('/', '_')}": _file(replica, path) for path in logs} if running else ended
    try:
        files.directory(directory)
        problems = [
            problem
            for file, read in wanted.items()
            if (problem := _save(directory / file, read, history.redactor.text))
        ]
    except OSError as error:
        problems = [f"{directory}: {error.strerror or error}"]
    if problems:
        history.record(Note(f"evidence of {name} could not be saved: {', '.join(problems)}"))
    return str(directory) if not problems else None


def _output(replica: Replica) -> Callable[[], str]:
    return lambda: replica.tail(LOG_LINES)


def _state(replica: Replica) -> Callable[[], str]:
    return lambda: json.dumps(dataclasses.asdict(replica.state()), indent=2, default=str)


def _file(replica: Replica, path: str) -> Callable[[], str]:
    def read() -> str:
        file = f'"$(ls -td {for_shell(path)} | head -n 1)"' if is_pattern(path) else shlex.quote(path)
        answer = replica.run(f"tail -c {FILE_BYTES} {file}")
        if answer.exit_code != 0:
            return f"(cannot be read: {answer.stderr.strip()})\n"
        # A line that is cut at its beginning may hold the end of a secret, which nothing would know for one.
        cut = len(answer.stdout.encode("utf-8", "surrogateescape")) >= FILE_BYTES
        return answer.stdout.partition("\n")[2] if cut else answer.stdout

    return read


def _save(path: Path, read: Callable[[], str], hide: Callable[[str], str]) -> str | None:
    """Why the file could not be written; None where it was. Secrets are hidden in it."""
    try:
        text = read()
    except HarnessError as error:
        text = f"(not available: {error.what})\n"
    try:
        files.write(path, hide(text))
    except OSError as error:
        return f"{path.name}: {error.strerror or error}"
    return None
