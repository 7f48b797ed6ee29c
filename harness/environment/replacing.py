"""Replacing a replica: its container is made again from what another release says, with the replica's name, addresses,
links and volumes.

`stop-first` ends the old container before the new one is made. `start-first` gets the new one ready beside it, at an
address that nothing else uses, and then hands over name and address: these two have only one holder at a time.

What asks for a replacement can be stopped between any two steps, as a deployer that crashes is: what was done stays,
and the next replacement of the same replica starts from there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from harness.engine import Attachment, Container, Engine, Owner
from harness.environment.prepared import ReplicaSpec
from harness.environment.readiness import check_running, wait_ready
from harness.environment.replica import Replica
from harness.environment.specs import Resources, attachment, container_spec
from harness.environment.watch import Watch
from harness.errors import EngineError, EngineGone, HarnessError, Stopped
from harness.events import ReplicaReplace
from harness.history import History

Order = Literal["stop-first", "start-first"]
TAIL_LINES = 20  # of the removed container's log, which the event holds
MAX_LINE_CHARACTERS = 400  # of each of them
BESIDE = "-next"  # ends the name of a container that gets ready beside the one that it will replace


@dataclass(frozen=True, slots=True)
class Removed:
    """What is kept of a container that is gone: how it ended, the end of its log, where the rest was saved."""

    exit_code: int | None
    tail: tuple[str, ...]
    saved: str | None


class Replacer:
    """Replaces the replicas of one environment. Different replicas at the same time, in threads.

    Args:
        save: called with a replica whose container runs, before it is ended, and again when it has ended: saves its
            logs and its state. Returns where; None where nothing is saved.
    """

    def __init__(
        self,
        engine: Engine,
        owner: Owner,
        resources: Resources,
        history: History,
        watch: Watch,
        save: Callable[[Replica, bool], str | None],
    ) -> None:
        self._engine, self._owner, self._resources = engine, owner, resources
        self._history, self._watch, self._save = history, watch, save

    def replace(
        self,
        replica: Replica,
        new: ReplicaSpec,
        order: Order,
        *,
        stopped: Callable[[], bool],
        before_end: Callable[[], None],
    ) -> None:
        """Replace one, and return when the new one is ready. Recorded as `replica.replace` once it has started.

        Args:
            stopped: asked between any two steps.
            before_end: called when the old container is about to be ended.

        Raises:
            NotReady: the new one did not become ready. With `stop-first` it stands there as it is; with `start-first`
                it is gone and the old one goes on.
            EngineError: the engine could not do it, e.g. start the new one; what was done stays.
            Stopped: it was stopped.
        """

        def step() -> None:
            if stopped():
                raise Stopped("The replacement was stopped", where=replica.name)

        began, before = self._history.clock.monotonic(), replica.release
        self.remove_leftover(replica)
        step()
        beside = self._beside(replica, new, stopped) if order == "start-first" and _runs(replica) else None
        step()
        before_end()
        step()
        gone = self.end(replica)
        step()
        with suppress(EngineError):  # one that is gone already; another reason shows when its name is taken
            replica.current_container.remove()
        step()
        if beside is None:
            spec = container_spec(self._owner, new.service, replica.name, new.image, self._resources)
            replica.adopt(self._engine.containers.create(spec), new.service, new.image.health(new.service), new.release)
            step()
            replica.begin()
        else:
            self._hand_over(replica, new, beside)
        self._history.record(
            ReplicaReplace(
                replica=replica.name,
                release=new.release,
                release_from=before,
                order=order,
                image=new.image.id,
                started=replica.state().started_at,
                exit_code=gone.exit_code,
                tail=list(gone.tail),
                saved=gone.saved,
                seconds=round(self._history.clock.monotonic() - began, 3),
            ),
            environment=self._owner.environment,
        )
        if beside is None:
            wait_ready(replica, replica.health, self._history.clock, stopped)
            check_running(replica)

    def remove_leftover(self, replica: Replica) -> None:
        """Remove the container that a replacement which was stopped left beside the replica."""
        with suppress(EngineError):  # there is none
            left = self._engine.containers.get(self._name(replica) + BESIDE)
            self._watch.expect_end(left)
            left.remove()

    def _beside(self, replica: Replica, new: ReplicaSpec, stopped: Callable[[], bool]) -> Container:
        """Get the new container ready, at an address that nothing else uses yet."""
        spec = container_spec(self._owner, new.service, replica.name, new.image, self._resources)
        alone = Attachment(self._resources.inside, (), self._resources.wiring.spare[replica.name])
        made = self._engine.containers.create(replace(spec, name=spec.name + BESIDE, networks=(alone,)))
        health = new.image.health(new.service)
        waiting = Replica(self._engine, made, new.service, replica.name, health, new.release)
        try:
            made.start()
            wait_ready(waiting, health, self._history.clock, stopped)
            check_running(waiting)
        except HarnessError:
            if not stopped():
                self._watch.expect_end(made)
                made.remove()
            raise
        finally:
            waiting.close(end=False)
        return made

    def end(self, replica: Replica) -> Removed:
        """Stop a replica's container, as Compose would, and keep what is to be known of it."""
        old = replica.current_container
        if _runs(replica):
            self._save(replica, True)
            self._watch.expect_end(old)
            replica.stop()
        try:
            state, tail = replica.state(), replica.tail(TAIL_LINES)
        except EngineGone:
            raise
        except EngineError:  # a replacement that was stopped has removed it
            return Removed(None, (), None)
        lines = tuple(line[:MAX_LINE_CHARACTERS] for line in tail.splitlines())
        return Removed(state.exit_code, lines, self._save(replica, False))

    def _hand_over(self, replica: Replica, new: ReplicaSpec, beside: Container) -> None:
        """Give name and address to the container that is ready."""
        containers = self._engine.containers
        beside.rename(self._name(replica))
        containers.detach(beside, self._resources.inside)
        containers.attach(beside, attachment(new.service, replica.name, self._resources))
        replica.adopt(beside, new.service, new.image.health(new.service), new.release)

    def _name(self, replica: Replica) -> str:
        return f"{self._owner.environment}-{replica.name}"


def _runs(replica: Replica) -> bool:
    try:
        return replica.state().running
    except EngineGone:
        raise
    except EngineError:
        return False
