"""Follows what a container writes to stdout or stderr, as the engine passes it on: in order, each piece once."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from harness.engine.gone import Api
from harness.engine.translate import SDK_ERRORS, translate

STAMP = len("2026-11-28T11:00:00.000000000Z")  # the engine's time at the head of each piece
LATEST = 1000  # lines, of both streams, among which the last one is looked for
MOST = 32 << 20  # bytes that wait to be taken; what is more waits in the engine
ENDS_WITHIN = 10.0  # s for the thread that follows


class Output:
    """One stream of one container, until it is closed or the container ends.

    Args:
        stream: `stdout` or `stderr`.
        since: Unix time by the engine's clock from which on; 0: from the container's beginning.
        after: only what has a later stamp.

    Attributes:
        stamp: the engine's time of the last piece that was received.
        ended: nothing more comes here: the container ended, or the connection did.

    Raises:
        EngineError: the engine refuses, or cannot read what the container's logging driver keeps.
    """

    def __init__(
        self, api: Api, container: str, name: str, stream: str, *, since: float = 0.0, after: bytes = b""
    ) -> None:
        self._api: Any = api
        self._container, self._name = container, name
        self._which = {"stdout": stream == "stdout", "stderr": stream == "stderr"}
        self._said = f"What {name} writes to {stream} cannot be read"
        # Until the first piece comes, it is what whoever goes on has to go on behind.
        self.stamp, self.ended = after or (_stamp(since) if since else b""), False
        self._after = after
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._closing = False
        self._changed = threading.Condition()
        from_ = max(since, _seconds(after)) or None
        with translate(self._said, where=name):
            self._stream: Any = self._api.logs(
                container, **self._which, stream=True, follow=True, timestamps=True, since=from_, tail="all"
            )
        self._thread = threading.Thread(target=self._follow, name=f"{stream} of {name}", daemon=True)
        self._thread.start()

    def take(self) -> bytes:
        """What came since the last question."""
        with self._changed:
            found = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._changed.notify_all()
        return found

    def caught_up(self, within: float) -> bool:
        """Wait until everything is here that the engine has now; False where that takes longer.

        Raises:
            EngineError: the engine does not say what it has.
        """
        if self.ended:
            return True
        with translate(self._said, where=self._name):
            latest = self._api.logs(
                self._container, **self._which, stream=False, timestamps=True, tail=LATEST,
                since=_seconds(self.stamp) or None,
            )  # fmt: skip
        stamps = (line[:STAMP] for line in bytes(latest).split(b"\n") if _stamped(line))
        target = max(stamps, default=b"")
        with self._changed:
            return bool(self._changed.wait_for(self._holds(target), within))

    def close(self) -> None:
        """Stop following."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        with contextlib.suppress(OSError, AttributeError, *SDK_ERRORS):  # the engine closed it before us
            self._stream.close()
        self._thread.join(ENDS_WITHIN)

    def _holds(self, target: bytes) -> Callable[[], bool]:
        return lambda: self.ended or self.stamp >= target or self._size > MOST

    def _follow(self) -> None:
        try:
            for piece in self._stream:
                if not self._received(piece):
                    return
        except (AttributeError, *SDK_ERRORS):
            pass  # as an end: who follows goes on behind the last stamp
        finally:
            with self._changed:
                self.ended = True
                self._changed.notify_all()

    def _received(self, piece: bytes) -> bool:
        stamp, text = (piece[:STAMP], piece[STAMP + 1 :]) if _stamped(piece) else (self.stamp, piece)
        with self._changed:
            if self._after and stamp <= self._after:
                return not self._closing
            self.stamp = stamp
            self._pieces.append(text)
            self._size += len(text)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closing or self._size <= MOST)
            return not self._closing


def _stamped(piece: bytes) -> bool:
    return piece[STAMP : STAMP + 1] == b" " and piece[STAMP - 1 : STAMP] == b"Z" and piece[10:11] == b"T"


def _stamp(seconds: float) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000000Z").encode()


def _seconds(stamp: bytes) -> float:
    """The whole second in which a stamp lies, Unix time; 0 for none."""
    if not stamp:
        return 0.0
    return datetime.fromisoformat(stamp[:19].decode()).replace(tzinfo=UTC).timestamp()
