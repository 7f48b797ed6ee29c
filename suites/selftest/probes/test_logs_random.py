"""The follower against random writers: it never counts a record twice, never invents one, and tells replacements."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suites.selftest.probes.test_logs import Followed

OPS = st.sampled_from(
    ["write", "write", "write", "begin", "finish", "poll", "poll", "rename", "copytruncate", "delete", "copy", "back"]
)


class Writer:
    """Does what loggers and rotators do to a file, with records that are all different."""

    def __init__(self, log: Followed) -> None:
        self.log, self.number, self.pending = log, 0, ""
        self.written: list[str] = []
        self.replaced = self.lost = False

    def record(self) -> str:
        self.number += 1
        return json.dumps(
            {"release": "4.1.1", "n": self.number, "text": "ü" * (self.number * 7 % 40)}, ensure_ascii=False
        )

    def do(self, op: str) -> None:
        getattr(self, op)()

    def write(self) -> None:
        self.finish()
        line = self.record()
        self.log.append(line + "\n")
        self.written.append(line)

    def begin(self) -> None:
        self.finish()
        line = self.record()
        self.log.append(line[:9])
        self.pending = line

    def finish(self) -> None:
        if self.pending:
            self.log.append(self.pending[9:] + "\n")
            self.written.append(self.pending)
            self.pending = ""

    def poll(self) -> None:
        self.log.follower.poll()

    def rename(self) -> None:
        self.finish()
        if self.log.path.exists():
            self.log.path.rename(f"{self.log.path}.1")
            self.log.path.touch()
            self.lost = self.replaced = True

    def copytruncate(self) -> None:
        self.finish()
        if self.log.path.exists():
            os.truncate(self.log.path, 0)
            self.lost = True

    def delete(self) -> None:
        self.finish()
        self.log.path.unlink(missing_ok=True)
        self.lost = True

    def copy(self) -> None:
        if self.log.path.exists():
            shutil.copy(self.log.path, f"{self.log.path}.new")
            Path(f"{self.log.path}.new").rename(self.log.path)
            self.replaced = True

    def back(self) -> None:
        old = Path(f"{self.log.path}.1")
        if old.exists():
            self.finish()
            old.rename(self.log.path)
            self.lost = True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPS, max_size=14))
def test_no_record_is_counted_twice_or_invented(ops: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Followed(Path(folder), text="before\n")
        writer = Writer(log)
        for op in ops:
            writer.do(op)
        writer.finish()
        writer.poll()
        came_back = "back" in ops  # what was read, left and came back is read again: it is another file to the follower
        assert set(log.seen) <= {*writer.written, *(["before"] if came_back else [])}
        if not came_back:
            assert len(log.seen) == len(set(log.seen))
        if not writer.lost:
            assert log.seen == writer.written


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["rename", "copy"]))
def test_a_replacement_is_reported(before: int, after: int, how: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Followed(Path(folder), text="before\n")
        writer = Writer(log)
        for _ in range(before):
            writer.write()
        writer.poll()
        writer.do(how)
        for _ in range(after):
            writer.write()
        data = log.follower.report().data
        assert (data["state"], data["records"]) == ("replaced", before + after)
