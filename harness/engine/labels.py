"""The labels that every object of ours carries: whose it is, so that it can be found again and swept.

All keys begin with `rollback-harness.`; what carries none of them is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "rollback-harness"
OURS = f"{PREFIX}.object"  # container, network, volume, lease, image: what the thing is
RUN = f"{PREFIX}.run"
WORKER = f"{PREFIX}.worker"
TEST = f"{PREFIX}.test"
ENVIRONMENT = f"{PREFIX}.environment"
LEASE = f"{PREFIX}.lease"  # the environment whose lease keeps this object from the sweep
REPLICA = f"{PREFIX}.replica"
EXPIRES = f"{PREFIX}.lease.expires"
HOLDER = f"{PREFIX}.lease.holder"
KEPT = f"{PREFIX}.lease.kept"
BUILD = f"{PREFIX}.build"  # of an image: `begun` from its first step on, `done` from its last; children inherit `done`
BEGUN, DONE = "begun", "done"
BUILDING = "build-"  # begins the name of a lease that is a build's; then follows when it began, in Unix seconds


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an object is.

    Attributes:
        run: the run's id; one run may have several workers and many environments.
        environment: the environment's id, unique on the engine; also the name of its lease.
        worker: the pytest worker (`gw0`), or `main`.
        test: the test that the environment was made for; empty by hand.
    """

    run: str
    environment: str
    worker: str = "main"
    test: str = ""

    def labels(self, kind: str, *, replica: str | None = None) -> dict[str, str]:
        """The labels of an object of a kind (`container`, `network`, `volume`)."""
        found = {
            OURS: kind,
            RUN: self.run,
            WORKER: self.worker,
            TEST: self.test,
            ENVIRONMENT: self.environment,
            LEASE: self.environment,
        }
        return found if replica is None else {**found, REPLICA: replica}
