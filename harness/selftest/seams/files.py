"""Every file that the gate's process writes: while it is written, and afterwards."""

from __future__ import annotations

import builtins
import errno
import io
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.selftest.seams.trigger import CHANGES, Trigger
from harness.waiting import pause

NAMES = {  # target to the beginning and the end of the file's name
    "history": ("events", ".jsonl"),
    "samples": ("samples-", ".bin"),
    "promises": ("promises-", ".jsonl"),
    "readback": ("readback-", ".json"),
}
WRITES, FILES = "-writes", "-file"
AT_REST_ACTIONS = ("truncate", "garble", "duplicate", "drop", "replace")
SAMPLE = 36  # bytes of a sample

_open, _write, _pwrite, _os_open = io.open, os.write, os.pwrite, os.open


def install(trigger: Trigger) -> None:
    """Spoil the target where it is one of these."""
    target = trigger.spec.target
    if target.endswith(WRITES):
        _spoil_writes(trigger, *NAMES[target.removesuffix(WRITES)])
    elif target.endswith(FILES):
        threading.Thread(target=_later, args=(trigger, *NAMES[target.removesuffix(FILES)]), daemon=True).start()


def _meant(path: object, start: str, end: str) -> bool:
    name = os.path.basename(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""  # noqa: PTH119
    return start in name and end in name  # also where it is written under another name, and moved


# -- while they are written ------------------------------------------------------------------------------------------


def _spoil_writes(trigger: Trigger, start: str, end: str) -> None:
    """Writes that the caller takes for done, by whatever call: what reaches the file is something else."""

    def to_it(file: int) -> bool:
        return _meant(os.readlink(f"/proc/self/fd/{file}"), start, end)  # noqa: PTH115

    def write(file: int, data: Any) -> int:
        return _through(trigger, bytes(data), lambda more: _write(file, more)) if to_it(file) else _write(file, data)

    def pwrite(file: int, data: Any, at: int) -> int:
        put: Callable[[bytes], int] = lambda more: _pwrite(file, more, at)  # noqa: E731
        return _through(trigger, bytes(data), put) if to_it(file) else _pwrite(file, data, at)

    def opened(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        found = _open(file, mode, *args, **more)
        return _Spoilt(found, trigger) if _meant(file, start, end) and set(mode) & set("wax+") else found

    os.write, os.pwrite, io.open, builtins.open = write, pwrite, opened, opened


def _through(trigger: Trigger, data: bytes, put: Callable[[bytes], int]) -> int:
    if trigger.spec.action == "full":
        if trigger.take(f"{len(data)} bytes"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(data)
    changed = trigger.spoil(data, "write")
    if changed == data:
        return put(data)
    while changed:
        changed = changed[put(changed) :]
    return len(data)


class _Spoilt:
    """An open file whose writes are spoilt."""

    def __init__(self, file: Any, trigger: Trigger) -> None:
        self._file, self._trigger = file, trigger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Spoilt:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: Any) -> int:
        """As the file's own; it says that all is written."""
        text = isinstance(data, str)

        def put(more: bytes) -> int:
            self._file.write(more.decode(errors="replace") if text else more)
            return len(more)

        _through(self._trigger, data.encode() if text else bytes(data), put)
        return len(data)


# -- afterwards ------------------------------------------------------------------------------------------------------


def _later(trigger: Trigger, start: str, end: str) -> None:
    """Wait for the phase, and then for such a file; spoil it where it lies."""
    trigger.wait()
    while trigger.open:
        found = files(Path("runs"), start, end)
        if found and found[-1].stat().st_size:
            what = spoil_at_rest(found[-1], trigger.spec.action, trigger.random)
            trigger.touched(what)
            return
        pause(0.05)


def files(runs: Path, start: str, end: str) -> list[Path]:
    """The files of the run, the one that was written last at the end."""
    found = [path for path in runs.glob(f"*/{start}*{end}") if not path.parent.is_symlink()]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def spoil_at_rest(path: Path, action: str, rng: random.Random) -> str:
    """Spoil a file where it lies; returns what was done, in words."""
    data = path.read_bytes()
    if action in ("drop", "replace"):
        path.unlink()
        if action == "replace":
            path.touch()
        return f"{path.name} {action}: {len(data)} bytes"
    if action == "truncate":  # its end is cut off: a whole record, or within one
        last = SAMPLE if path.suffix == ".bin" else len(data) - data.rstrip(b"\n").rfind(b"\n") - 1
        cut = rng.choice([last, rng.randrange(1, last + 1), last + rng.randrange(1, 2000)])
        os.truncate(path, max(0, len(data) - cut))
        return f"{path.name}: {cut} of {len(data)} bytes cut off"
    if action == "duplicate":  # its last record is there twice
        last = SAMPLE if path.suffix == ".bin" else len(data) - data.rstrip(b"\n").rfind(b"\n") - 1
        with path.open("ab") as file:
            file.write(data[-last:])
        return f"{path.name}: its last {last} bytes twice"
    at = rng.randrange(max(1, len(data) - 64))
    piece = CHANGES[action](data[at : at + 64], rng)
    with path.open("r+b") as file:  # in place: who holds it open goes on writing into it
        file.seek(at)
        file.write(piece)
    return f"{path.name}: {action} {len(piece)} bytes at {at}"
