"""What happens to an environment's containers, as the engine tells it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker

from harness.engine.labels import ENVIRONMENT, REPLICA
from harness.engine.translate import SDK_ERRORS, as_ours, translate
from harness.errors import EngineError, EngineGone

ACTIONS = ("create", "start", "die", "oom", "kill", "stop", "restart", "pause", "unpause", "destroy")
ENDS_WITHIN = 10.0  # seconds for the thread that follows


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """One event.

    Attributes:
        container: its name. replica: the replica's, from its label; empty if it has none.
        action: one of `ACTIONS`. exit_code: of a `die`, else None.
        time: Unix seconds, by the engine's clock.
        id: the container's.
    """

    container: str
    replica: str
    action: str
    exit_code: int | None
    time: float
    id: str = ""


class Events:
    """Follows an environment's events in a thread, from the moment it is made until it is closed.

    Args:
        since: the engine's time from which on to tell (`engine.leases.now()`), so that nothing falls between.
        happened: called in that thread with each event.
        gone: called in that thread, once, when the engine went away while it was followed.

    Raises:
        EngineError: the engine refuses or is gone already.
    """

    def __init__(
        self,
        api: docker.APIClient,
        environment: str,
        happened: Callable[[ContainerEvent], None],
        *,
        gone: Callable[[EngineError], None] | None = None,
        since: float | None = None,
    ) -> None:
        self._happened, self._gone, self._environment = happened, gone, environment
        self._closing = threading.Event()
        filters = {"type": ["container"], "label": [f"{ENVIRONMENT}={environment}"], "event": list(ACTIONS)}
        with translate(f"The events of the environment {environment} cannot be followed"):
            raw: Any = api
            self._stream: Any = raw.events(filters=filters, decode=True, since=None if since is None else int(since))
        self._thread = threading.Thread(target=self._follow, name=f"events {environment}", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        error: EngineError = EngineGone(
            f"The engine's events of the environment {self._environment} have ended: it does not answer any more",
            hint="check whether the daemon still runs (`harness doctor`); the next run sweeps what it held",
        )
        try:
            for raw in self._stream:
                self._happened(_event(raw))
        except SDK_ERRORS as raised:
            error = as_ours(raised, f"The events of the environment {self._environment} cannot be followed")
        except AttributeError:
            # The SDK's stream loses its connection object when it is closed under it, and says so in this way.
            if not self._closing.is_set():
                raise
        if not self._closing.is_set() and self._gone is not None:
            self._gone(error)

    def close(self) -> None:
        """Stop following; when this returns, nothing more is called, unless what was called hangs."""
        self._closing.set()
        with contextlib.suppress(OSError, AttributeError):  # the engine closed it before us
            self._stream.close()
        if self._thread is not threading.current_thread():
            self._thread.join(ENDS_WITHIN)

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _event(raw: dict[str, Any]) -> ContainerEvent:
    attributes = raw["Actor"].get("Attributes") or {}
    code = str(attributes.get("exitCode", ""))
    return ContainerEvent(
        container=str(attributes.get("name") or raw["Actor"]["ID"]),
        replica=str(attributes.get(REPLICA, "")),
        action=str(raw["Action"]).partition(":")[0],
        exit_code=int(code) if raw["Action"] == "die" and code.lstrip("-").isdigit() else None,
        time=raw["timeNano"] / 1e9 if raw.get("timeNano") else float(raw["time"]),
        id=str(raw["Actor"]["ID"]),
    )
