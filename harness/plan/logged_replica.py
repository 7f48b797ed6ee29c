"""A replica that knows its logs: each is followed once, for the phases of a trial, for tails and for claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.environment import Replica
from harness.errors import UsageError
from harness.events import LogTail
from harness.history import Event, History
from harness.plan.replica_log import Followed, ReplicaLog
from harness.probes.logs.exceptions import shortened
from harness.stack import Log

TAIL_RECORDS = 12  # records
MAX_LENGTH = 400  # characters of each; the end of a longer one, with its exception, is kept


class LoggedReplica(Replica):
    """A replica that knows its logs."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._history: History | None = None
        self._declared: Sequence[Log] = ()
        self._logs: dict[str, Followed] = {}

    def follow(self, declared: Sequence[Log], history: History) -> None:
        """Follow the declared logs from now on."""
        self._history, self._declared = history, declared
        for log in declared:
            self.log(log.path)

    def log(self, path: str) -> ReplicaLog:
        """One of its log files, or `stdout` or `stderr`. One that is not declared is text, and followed from the first
        call on.
        """
        if self._history is None:
            raise UsageError("The environment is not up", where=self.name, hint="bring it up first")
        if path not in self._logs:
            declared = next((log for log in self._declared if log.path == path), None) or Log(path=path)
            self._logs[path] = Followed(self, declared, self._history)
        return ReplicaLog(self._logs[path])

    def mark_logs(self, prefix: str) -> None:
        """A phase begins: records of the declared logs are new to it from here on; canaries carry this prefix."""
        for followed in self._watched():
            followed.phases.expect_canaries(prefix)
            followed.phases.mark()

    def poll_logs(self) -> None:
        """Look at each declared log once."""
        for followed in self._watched():
            followed.phases.poll()

    def report_logs(self) -> None:
        """Record `probe.log` of each declared log, since the mark."""
        for followed in self._watched():
            followed.phases.report()

    def close(self, *, end: bool = True) -> None:
        """Let go of its shells and of what is followed."""
        for followed in self._logs.values():
            followed.close()
        super().close(end=end)

    def _watched(self) -> list[Followed]:
        return [self._logs[log.path] for log in self._declared]

    def record_tails(self, count: int = TAIL_RECORDS) -> None:
        """Record `log.tail`: the latest records of each followed log, for those who want to know what it said."""
        for path, followed in list(self._logs.items()):
            lines = [shortened(line, MAX_LENGTH) for line in followed.tail(count)]
            if lines and self._history is not None:
                self._history.record(LogTail(self.name, path, lines))

    def began(self, step: Event) -> None:
        """A step begins: a place in its logs to which `since` can go back."""
        for followed in list(self._logs.values()):
            followed.step(step)
