"""Which acknowledged work is there: asked of the place that the stack declares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harness.errors import HostError
from harness.history import Event, History
from harness.probes.replica import Replica, shortened

TIMEOUT = 30.0  # s that the answer may take
LARGEST = 2_000_000  # pieces of work that are read back at most


def probe(history: History, replica: Replica, command: Sequence[str], key: str) -> Event:
    """Ask once, and record `probe.readback`; the answer itself goes into a file beside the history.

    Args:
        history: where the answer goes.
        replica: where the command runs.
        command: exit code 0, and on stdout a line for each piece of work: what identifies it and, after a tab, how
            often it was done (1 if left out); a line that comes again counts again. `{key}` stands for `key`.
        key: what every key of the workload begins with.
    """
    words = [word.replace("{key}", key) for word in command]
    found: Counter[str] = Counter()
    error: str | None = None
    try:
        answer = replica.run(words, TIMEOUT)
    except HostError as problem:
        error = shortened(str(problem))
    else:
        if answer.exit_code != 0:
            said = answer.stderr.strip() or answer.stdout.strip()
            error = shortened(f"exit code {answer.exit_code}" + (f": {said}" if said else ""))
        else:
            error = _count(answer.stdout, found)
    file = None if error else _save(history, found)
    return history.record("probe.readback", key=key, pieces=None if error else len(found), file=file, error=error)


def _count(text: str, found: Counter[str]) -> str | None:
    """Count the lines of an answer; a text where they cannot be told."""
    for line in text.splitlines():
        what, _, often = line.partition("\t")
        if not what.strip():
            continue
        if often and not often.strip().isdecimal():
            return shortened(f"not a number after the tab: {line}")
        found[what.strip()] += int(often) if often else 1
        if len(found) > LARGEST:
            return f"more than {LARGEST} pieces of work"
    return None


def _save(history: History, found: Counter[str]) -> str | None:
    """Write what is there beside the history; the name of the file, None for a history without one."""
    if history.path is None:
        return None
    number = len(history.events)
    path: Path = history.path.with_name(f"readback-{number}.json")
    path.write_text(json.dumps(found), encoding="utf-8")
    return path.name
