"""The protocol between a replica's open shell and us: what is sent, and how an answer is cut out of what comes back.

Commands go in on the shell's standard input, one call of the helper function each. Around a command's output stand
marks that carry a random token, which the command cannot see:

    stdout:  S token        taken up; what came before it is stray output of an earlier command, and dropped
             E token code   the command has ended
             L token        and no process that it started holds on: the shell can be used again
    stderr:  E token

The command runs two subshells deep, so that whatever it does to its shell stays there. It inherits the writing end of
a pipe that the shell reads to its end: a background process keeps that pipe open, no L comes, and the next command
gets a new shell, so that its answer holds nothing of the old one's output.
"""

from __future__ import annotations

import re
import shlex

from harness.engine.hijack import OUT

HELPER = r"""exec 3>&1
__h() { printf '\036S:%s\n' "$1" >&3
_=$( (__c=$2; set --; exec 9>&1 >&3 3>&- </dev/null; eval "$__c"); __r=$?
printf '\036E:%s:%s\n' "$1" "$__r" >&3; printf '\036E:%s\n' "$1" >&2 )
printf '\036L:%s\n' "$1"; }
"""


def call(token: str, command: str) -> bytes:
    """The line that has the shell run `command`."""
    return f"__h {token} {shlex.quote(command)}\n".encode("utf-8", "surrogateescape")


class TooMuch(Exception):
    """The output is larger than the limit."""


class Reply:
    """Collects one command's answer. Feed it pieces of either stream, cut anywhere.

    Args:
        limit: bytes that stdout and stderr may have together; TooMuch beyond.
    """

    def __init__(self, token: str, limit: int) -> None:
        self.stdout, self.stderr = bytearray(), bytearray()
        self.begun = False  # the shell took the command up
        self.exit_code: int | None = None
        self.free = False  # the shell can be used again
        self._errors_ended = False
        self._limit = limit
        self._tail = bytearray()  # of stdout, after the end
        self._start = f"\x1eS:{token}\n".encode()
        self._end = f"\x1eE:{token}:".encode()
        self._end_line = re.compile(re.escape(self._end) + rb"(\d+)\n")
        self._error_end = f"\x1eE:{token}\n".encode()
        self._free = f"\x1eL:{token}\n".encode()

    @property
    def complete(self) -> bool:
        """Whether stdout, stderr and the exit code are all there."""
        return self.exit_code is not None and self._errors_ended

    def feed(self, stream: int, data: bytes) -> None:
        """Take the next piece of a stream."""
        if stream == OUT:
            self._feed_out(data)
        elif not self._errors_ended:
            before = len(self.stderr)
            self.stderr += data
            at = self.stderr.find(self._error_end, max(0, before - len(self._error_end)))
            if at >= 0:
                del self.stderr[at:]
                self._errors_ended = True
        if len(self.stdout) + len(self.stderr) > self._limit:
            raise TooMuch

    def _feed_out(self, data: bytes) -> None:
        if self.exit_code is not None:
            self._feed_tail(data)
            return
        before = len(self.stdout)
        self.stdout += data
        if not self.begun:
            at = self.stdout.find(self._start)
            if at < 0:
                del self.stdout[: -len(self._start)]
                return
            del self.stdout[: at + len(self._start)]
            self.begun, before = True, 0
        # The mark may have begun in an earlier piece, but no earlier than its own length before this one.
        if end := self._end_line.search(self.stdout, max(0, before - len(self._end) - 8)):
            self.exit_code = int(end[1])
            rest = bytes(self.stdout[end.end() :])
            del self.stdout[end.start() :]
            self._feed_tail(rest)

    def _feed_tail(self, data: bytes) -> None:
        self._tail += data
        self.free = self.free or self._free in self._tail
        del self._tail[: -len(self._free)]
