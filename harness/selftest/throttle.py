"""Takes the CPU from the replicas of a gate while it runs, as `docker update --cpus` does."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from harness.engine import Engine
from harness.engine.labels import REPLICA, RUN
from harness.engine.translate import translate
from harness.errors import EngineError
from harness.events import EnvironmentUp
from harness.history import EVENTS, of, read
from harness.selftest.gating import Going
from harness.selftest.seams.processes import DOOR

PERIOD = 100_000  # microseconds in which a container gets its share
POLL_EVERY = 0.25  # s between two looks for environments that have come up


class Throttle:
    """Every replica of a gate gets so many CPUs from when its environment is up, while the block runs.

    Args:
        cpus: 0.1 is a tenth of one.

    Attributes:
        count: how many containers were throttled.
    """

    def __init__(self, engine: Engine, going: Going, cpus: float) -> None:
        self._engine, self._going, self._cpus = engine, going, cpus
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="throttle", daemon=True)
        self.count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        done: set[str] = set()
        while not self._stop.wait(POLL_EVERY):
            run = self._going.run
            if run is None or not (run / EVENTS).exists():
                continue
            up = {event.body.environment for event in of(read(run / EVENTS), EnvironmentUp)}
            if not up - done:
                continue
            for container in self._engine.containers.list([f"{RUN}={run.name}", REPLICA]):
                if container.labels[REPLICA] == DOOR:
                    continue
                with (
                    suppress(EngineError),
                    translate(f"{container.name} cannot be throttled"),
                ):  # it may be gone already
                    self._engine.api.update_container(
                        container.id, cpu_period=PERIOD, cpu_quota=int(PERIOD * self._cpus)
                    )
                    self.count += 1
            done |= up
