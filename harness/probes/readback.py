"""Which acknowledged work is there: asked of the place that the stack declares."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from harness.errors import HostError, unwritable
from harness.events import ProbeEffect, ProbeReadback
from harness.files import write
from harness.history import Event, History
from harness.printable import shortened
from harness.probes.replica import Replica
from harness.servers import ServerAdapter, fetching
from harness.stack import Readback

TIMEOUT = 30.0  # s that the answer may take
LARGEST = 2_000_000  # pieces of work that are read back at most


def probe(
    history: History, replica: Replica, declared: ServerAdapter | Readback, key: str, before: float | None
) -> Event[ProbeReadback]:
    """Ask once, and record `probe.readback`; the answer itself goes into a file beside the history.

    Args:
        history: where the answer goes.
        replica: where it is asked.
        declared: what is asked; `{key}` in it stands for `key`.
        key: what every key of the workload begins with.
        before: second of the history; what was acknowledged until then must be there. None where that is not known.
    """
    return history.record(ProbeReadback(key, *_asked(history, replica, declared, key), before))


def effect(
    history: History, replica: Replica, name: str, declared: Readback, key: str, before: float | None
) -> Event[ProbeEffect]:
    """The same for a side effect of that work: `probe.effect`."""
    return history.record(ProbeEffect(name, key, *_asked(history, replica, declared, key), before))


def _asked(
    history: History, replica: Replica, declared: ServerAdapter | Readback, key: str
) -> tuple[int | None, str | None, str | None, str | None]:
    """How many pieces there are, in which file, with which digest; and why that is not known."""
    found: Counter[str] = Counter()
    error: str | None = None
    try:
        answer = replica.run(_command(declared, key), TIMEOUT)
    except HostError as problem:
        error = shortened(str(problem))
    else:
        if answer.exit_code != 0:
            said = answer.stderr.strip() or answer.stdout.strip()
            error = shortened(f"exit code {answer.exit_code}" + (f": {said}" if said else ""))
        else:
            error = _counted(declared, answer.stdout, found)
    if error is None and len(found) > LARGEST:
        error = f"more than {LARGEST} pieces of work"
    file, digest = (None, None) if error else _save(history, found)
    return None if error else len(found), file, digest, error


def _command(declared: ServerAdapter | Readback, key: str) -> list[str]:
    if isinstance(declared, ServerAdapter):
        return declared.once(declared.readback_question(key))
    if declared.http is not None:
        return fetching(declared.http.replace("{key}", key), int(TIMEOUT) - 1)
    return [word.replace("{key}", key) for word in declared.command or ()]


def _counted(declared: ServerAdapter | Readback, text: str, found: Counter[str]) -> str | None:
    page = isinstance(declared, Readback) and declared.http is not None
    return _document(text, found) if page else _lines(text, found)


def _lines(text: str, found: Counter[str]) -> str | None:
    """Count the lines of an answer; a line that comes again counts again. A text where they cannot be told."""
    for line in text.splitlines():
        what, _, often = line.partition("\t")
        if not what.strip():
            continue
        if often and not often.strip().isdecimal():
            return shortened(f"not a number after the tab: {line}")
        found[what.strip()] += int(often) if often else 1
    return None


def _document(text: str, found: Counter[str]) -> str | None:
    """Count the items of a JSON list, or take the counts of a mapping."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raw = None
    counts = raw.items() if isinstance(raw, dict) else [(what, 1) for what in raw] if isinstance(raw, list) else None
    if counts is None or not all(isinstance(what, str | int) and isinstance(often, int) for what, often in counts):
        return shortened(f"no JSON list or mapping of names to numbers: {text}")
    for what, often in counts:
        found[str(what)] += often
    return None


def _save(history: History, found: Counter[str]) -> tuple[str | None, str | None]:
    """Write what is there beside the history; the file's name and digest, None for a history without one.

    Raises:
        NoSpace, Unwritable: it cannot be written.
    """
    if history.path is None:
        return None, None
    path, data = history.path.with_name(f"readback-{len(history.events)}.json"), json.dumps(found).encode()
    try:
        write(path, data)
    except OSError as error:
        raise unwritable("What was read back cannot be written", path, error) from error
    return path.name, hashlib.sha256(data).hexdigest()
