"""What came of every run of every plan, in a file that is only appended to: so that shrinking can be resumed.

One JSON object a line. A `start` stands there before the run begins, and an `end` when it is over. A start without an
end is a run that was lost: it is unknown, and it is told. A torn last line is left out.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness import files, reading
from harness.errors import UsageError, unwritable
from harness.plan.plan import Plan
from harness.plan.signature import Signature
from harness.verdict import Outcome

MOST = 64 << 20  # bytes of the file
VERSION = 1
LOST = "it was started, and its end was not seen"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one run of a plan.

    Attributes:
        outcome: of the run.
        signature: of its failure; None unless it failed.
        step: the number of the step in which it failed first, from 1; None where that is not known.
        reason: of the outcome, in a sentence.
        seconds: that it took.
        directory: of the run; empty where it has none.
    """

    outcome: Outcome
    signature: Signature | None = None
    step: int | None = None
    reason: str = ""
    seconds: float = 0.0
    directory: str = ""


def digest(plan: Plan) -> str:
    """What a plan is known by: its releases and steps, whatever it is called."""
    said = {key: value for key, value in plan.to_data().items() if key not in ("name", "title")}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


class Outcomes:
    """The outcomes by plan. Safe to use from several threads.

    Args:
        file: where they are kept; None for in memory alone.
        about: what they hold for, e.g. the stack's digest; a file that holds for something else is refused.

    Raises:
        UsageError: the file is none of these, was written by a newer version, or holds for something else.
        NoSpace, Unwritable: it cannot be written.
    """

    def __init__(self, file: Path | None = None, about: Mapping[str, str] | None = None) -> None:
        self._path, self._about = file, dict(about or {})
        self._lock = threading.Lock()
        self._ends: dict[str, list[Tried]] = {}
        self._digests: dict[int, tuple[Plan, str]] = {}  # by id, of plans that are kept for as long
        self._number = 0
        self._file = None if file is None else _opened(file)
        self.lost = 0
        if file is not None and not self._read(reading.data(file, "The outcomes of the plans", most=MOST)):
            self._append({"v": VERSION, "about": self._about})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def of(self, plan: Plan) -> tuple[Tried, ...]:
        """What came of its runs, in order of their end."""
        with self._lock:
            return tuple(self._ends.get(self._digest(plan), ()))

    def unknown(self) -> int:
        """How many runs of all plans came to no verdict."""
        with self._lock:
            return sum(one.outcome is Outcome.UNKNOWN for tried in self._ends.values() for one in tried)

    def start(self, plan: Plan) -> int:
        """A run of it begins; returns its number."""
        with self._lock:
            self._number += 1
            self._append({"start": self._number, "plan": self._digest(plan)})
            return self._number

    def end(self, plan: Plan, number: int, found: Tried) -> None:
        """What came of that run."""
        with self._lock:
            self._ends.setdefault(self._digest(plan), []).append(found)
            made: dict[str, Any] = {"outcome": str(found.outcome), "step": found.step, "reason": found.reason}
            made |= {"seconds": found.seconds, "directory": found.directory}
            signature = found.signature.to_data() if found.signature else None
            self._append({"end": number, "plan": self._digest(plan), **made, "signature": signature})

    def withdrawn(self, plan: Plan, number: int) -> None:
        """That run was stopped because nobody needs it any more: it counts as never tried."""
        with self._lock:
            self._append({"withdrawn": number, "plan": self._digest(plan)})

    def _digest(self, plan: Plan) -> str:
        """Its digest, reckoned once: a search asks for the same plans again and again. Under the lock."""
        if id(plan) not in self._digests:
            self._digests[id(plan)] = (plan, digest(plan))
        return self._digests[id(plan)][1]

    def _append(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise unwritable("The outcomes of the plans cannot be written", self._path, error) from error

    def _read(self, content: bytes) -> bool:
        """Take over what is there. False where there is nothing yet."""
        lines = content.split(b"\n")
        torn = lines.pop()
        under_way: dict[int, str] = {}
        for number, line in enumerate(lines, 1):
            try:
                self._take(json.loads(line), under_way, first=number == 1)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise self._foreign(number, line) from error
        if torn and self._path is not None:
            os.truncate(self._path, len(content) - len(torn))
        self.lost = len(under_way)
        for number, plan in under_way.items():
            self._ends.setdefault(plan, []).append(Tried(Outcome.UNKNOWN, reason=LOST))
            self._append({"end": number, "plan": plan, "outcome": str(Outcome.UNKNOWN), "reason": LOST})
        return bool(lines)

    def _take(self, line: Any, under_way: dict[int, str], *, first: bool) -> None:
        if first:
            self._same(int(line["v"]), dict(line["about"]))
            return
        if "start" in line:
            self._number = max(self._number, int(line["start"]))
            under_way[int(line["start"])] = str(line["plan"])
            return
        under_way.pop(int(line["withdrawn"] if "withdrawn" in line else line["end"]), None)
        if "end" in line:
            self._ends.setdefault(str(line["plan"]), []).append(_tried(line))

    def _same(self, version: int, about: Mapping[str, str]) -> None:
        where = str(self._path)
        if version > VERSION:
            raise UsageError(
                "The outcomes were written by a newer version of the harness", where=where, got=f"format {version}",
                expected=f"format {VERSION}", hint="update rollback-harness, or name another directory with --out",
            )  # fmt: skip
        other = [key for key in {**self._about, **about} if self._about.get(key) != about.get(key)]
        if other:
            raise UsageError(
                "The outcomes hold for something else", where=where, got=f"another {', '.join(sorted(other))}",
                expected="the outcomes of the same plan on the same stack",
                hint="name another directory with --out",
            )  # fmt: skip

    def _foreign(self, number: int, line: bytes) -> UsageError:
        return UsageError(
            "The outcomes of the plans are damaged, or are none", where=f"{self._path}, line {number}",
            got=line[:80].decode("utf-8", "replace"), expected="what `harness plan shrink` wrote",
            hint="name another directory with --out",
        )  # fmt: skip


def _opened(file: Path) -> IO[bytes]:
    """The file, to append to; of this process alone while it is open."""
    try:
        files.directory(file.parent)
        if file.exists() and not file.is_file():
            raise UsageError("The outcomes of the plans are not a regular file", where=str(file))
        opened: IO[bytes] = files.opened(file, "ab")
    except OSError as error:
        raise unwritable("The outcomes of the plans cannot be written", file, error) from error
    try:
        fcntl.flock(opened.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        opened.close()
        raise UsageError(
            "Another process shrinks in this directory", where=str(file), hint="wait for it, or name another with --out"
        ) from None
    return opened


def _tried(line: Mapping[str, Any]) -> Tried:
    said = line.get("signature")
    signature = Signature(str(said["check"]), str(said["cause"]), str(said["role"])) if said else None
    step = line.get("step")
    return Tried(
        Outcome(line["outcome"]),
        signature,
        None if step is None else int(step),
        str(line.get("reason", "")),
        float(line.get("seconds", 0.0)),
        str(line.get("directory", "")),
    )
