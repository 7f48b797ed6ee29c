"""A running instance of a stack: its own network, its own replicas, its own door. One per test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from harness.engine import Engine, Owner
from harness.engine.sweep import sweep
from harness.environment.about import About
from harness.environment.door import Door
from harness.environment.evidence import save_evidence, save_removed
from harness.environment.images import Progress, StackImages
from harness.environment.links import Links
from harness.environment.prepared import Prepared
from harness.environment.replacing import Order, Replacer
from harness.environment.replica import Replica
from harness.environment.sockets import sockets, straight, what_no_link_carries
from harness.environment.specs import Resources, container_spec
from harness.environment.standing import check_networks, check_whole, networks_of, what_is_left
from harness.environment.startup import Startup
from harness.environment.watch import Watch
from harness.errors import EngineError, HarnessError, UsageError
from harness.events import EnvironmentDown, EnvironmentUp, Note
from harness.history import History
from harness.proxy.client import ProxyClient
from harness.signals import check, uninterrupted
from harness.stack import Stack
from harness.threads import DaemonThreads

Keep = Literal["never", "failed", "always"]
MAKING = 15.0  # s for the containers that are being made when Ctrl-C comes
EVIDENCE_WITHIN = 8.0  # s for saving evidence once somebody has asked for the end
CLOSING_WITHIN = 5.0  # s for ending what runs in the shells of a kept environment, then


class Environment:
    """Brings a stack up on a release, and takes it down again without leaving anything.

    As a context manager it is up within the block. After a block that raised, or when the caller has set `failed`,
    the logs and state of every replica are saved first; `keep` decides whether it is taken down at all.

    Attributes:
        id: its short name, unique on the engine; every object's name begins with it.
        stack: what it runs, as the release has it.
        release: the release that it was brought up on.
        seed: of everything that is left to chance about its faults; the same seed picks and draws the same.
        failed: set it when what the environment was for has failed.
        kept: it was left up on purpose.
        warnings: once it is up, what its links do not carry.
        prepared: the releases that its replicas may run.

    Args:
        engine: where the containers run.
        stack: what to bring up.
        release: the release to bring it up on.
        history: where steps and container events are recorded.
        run, worker, test: whose it is; the labels of everything that it makes.
        keep: whether to leave it up at the end: `never`, when it has `failed`, or `always`.
        evidence: a directory for logs and state when something fails; None saves nothing.
        seed: of everything that is left to chance about its faults; None draws one.
        progress: called with (image, line) while images are built.
        releases: those that replicas may be replaced by: their images are built before anything starts.
    """

    _replica_class: type[Replica] = Replica

    def __init__(
        self,
        engine: Engine,
        stack: Stack,
        release: str,
        history: History,
        *,
        run: str,
        worker: str = "main",
        test: str = "",
        keep: Keep = "never",
        evidence: Path | None = None,
        progress: Progress | None = None,
        seed: int | None = None,
        releases: Sequence[str] = (),
    ) -> None:
        self.engine, self.history = engine, history
        self.stack, self.release = stack.at(release), release
        self.id = f"h{secrets.token_hex(4)}"
        self.seed = secrets.randbelow(2**31) if seed is None else seed
        self.failed = self.kept = False
        self.warnings: tuple[str, ...] = ()
        self._owner = Owner(run=run, environment=self.id, worker=worker, test=test[:200])
        self._keep, self._evidence, self._progress = keep, evidence, progress
        self._replicas: dict[str, Replica] = {}
        self._door: Door | None = None
        self._watch: Watch | None = None
        self._standing = False  # something of it may be on the engine
        self._networks: dict[str, str] = {}  # those of the door, name to id
        self.prepared = Prepared(stack, release, releases)
        self._replacer: Replacer | None = None
        self._ready = False  # it has been up
        self._looked = float("-inf")  # when the networks were looked at, by the history's clock

    # -- what is in it ---------------------------------------------------------------------------------------------

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Every replica, services in the order of the file."""
        return tuple(self._replicas.values())

    def __getitem__(self, service: str) -> tuple[Replica, ...]:
        """The replicas of a service, by number. UsageError where the stack has no such service."""
        self.stack.service(service)
        return tuple(replica for replica in self.replicas if replica.service == service)

    def replica(self, name: str) -> Replica:
        """One replica by its name, e.g. `backend-2`. UsageError where there is none."""
        if name not in self._replicas:
            known = ", ".join(self._replicas) or "none: the environment is not up"
            raise UsageError("No such replica", where=f"stack {self.stack.name}", got=name, expected=known)
        return self._replicas[name]

    @property
    def links(self) -> Links:
        """Every link, by consumer: who talks to whom, and through which listener of the proxy."""
        return self._opened().links

    def past_the_proxy(self, consumer: str) -> tuple[str, ...]:
        """Whom a replica is connected to straight, where a link leads there: `database-1:5432`. Faults on the link do
        not reach such a connection; whoever asks Docker's name server instead of `/etc/hosts` makes them.

        Raises:
            HostError: it cannot be asked.
        """
        return straight(sockets(self.replica(consumer)), consumer, self.links, self.addresses)

    @property
    def addresses(self) -> Mapping[str, str]:
        """The address of each replica in the environment's network, past the proxy, by name."""
        return self._opened().addresses

    @cached_property
    def proxy(self) -> ProxyClient:
        """The environment's proxy, with a listener for each link, by the link's name."""
        return ProxyClient("127.0.0.1", self._opened().api_port, environment=self.id, token=self._opened().token)

    def _about(self) -> About:
        stack = self.stack
        return About(str(stack.file), tuple(map(str, stack.overrides)), self.release, self.seed)

    def adopt(self, door: Door, replicas: Mapping[str, Replica]) -> Self:
        """Take what stands already for its own, and leave it standing; see `harness.environment.attached`."""
        self._door, self._replicas, self.kept = door, dict(replicas), True
        self.id = door.links.environment
        return self

    def _opened(self) -> Door:
        if self._door is None:
            raise UsageError("The environment is not up", where=f"stack {self.stack.name}", hint="bring it up first")
        return self._door

    def address(self, target: str | None = None) -> tuple[str, int]:
        """Where the machine that runs the harness reaches a `service:port` of the environment: ("127.0.0.1", port).

        Args:
            target: the stack's entrypoint if None.

        Raises:
            UsageError: it is not published.
        """
        return self._opened().address(target or self.stack.harness.entrypoint)

    # -- up and down -----------------------------------------------------------------------------------------------

    def up(self) -> Self:
        """Bring everything up and return when every replica is ready.

        Raises:
            NotReady: a replica did not become ready; the message has its last answer and the tail of its log.
            ImageError, NetworkError, NoSpace, PortTaken, EngineGone: the engine could not do it.
        """
        with self.history.step("images", f"images of {self.stack.name}"):
            images = self.prepared.build(self.engine, self._progress)
        with self.history.step("up", f"bring {self.stack.name} up on {self.release}"):
            began = self.history.clock.monotonic()
            # What is being made while Ctrl-C comes would be there a moment after the cleaning up had looked.
            with uninterrupted():
                self._standing = True
                self.engine.leases.acquire(self._owner)
                self._watch = Watch(self.engine, self.id, self.history, self._replicas)
                ports, others, kept = self.prepared.ports, self.prepared.others, self.prepared.kept
                resources = Resources.create(self.engine, self._owner, self.stack, ports, others, kept)
                self._replacer = Replacer(
                    self.engine, self._owner, resources, self.history, self._watch, self._save_removed
                )
            self._start(images, resources)
            direct = images.with_datagrams(self.stack)
            self.warnings = tuple(what_no_link_carries(self.replicas, ports, direct))
            for said in self.warnings:
                self.history.record(Note(said))
            self._ready = True
            seconds = round(self.history.clock.monotonic() - began, 3)
            self.history.record(EnvironmentUp(self.id, self.release, seconds, self.seed))
        return self

    def _start(self, images: StackImages, resources: Resources) -> None:
        names = [(service, name) for service in self.stack.services.values() for name in service.replica_names()]
        making: list[Future[Any]] = []
        try:
            with DaemonThreads(f"up-{self.id}") as threads:
                for service, name in names:
                    spec = container_spec(self._owner, service, name, images.services[service.name], resources)
                    making.append(threads.submit(self.engine.containers.create, spec))
                door = threads.submit(Door.open, self.engine, self._owner, resources, images, self._about())
                making.append(door)
                for (service, name), created in zip(names, making, strict=False):
                    health = images.services[service.name].health(service)
                    self._replicas[name] = self._replica_class(
                        self.engine, created.result(), service, name, health, self.release
                    )
                # Replicas reach each other through the door alone, so it is open before the first of them starts.
                self._door = door.result()
                self._networks = networks_of(self._door.container)
                self._door.wait(self.history.clock)
                if self._watch is not None:
                    self._watch.begin_witness(self._door.holder or self._door.container)
                Startup(self.stack, self.replicas, self.history.clock).run(threads)
        except Exception:
            raise
        except BaseException:
            # Interrupted: the answers of replicas are not waited for. What is being made would be there a moment after
            # the cleaning up had looked.
            with uninterrupted():
                wait(making, MAKING)
            raise

    def replace(
        self,
        replica: str,
        release: str,
        *,
        order: Order = "stop-first",
        stopped: Callable[[], bool] = lambda: False,
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a replica's container again as another release has it, and return when it is ready. Its name, addresses,
        links and volumes stay.

        Args:
            release: one of `releases`, or the one that it was brought up on.
            order: whether the old container ends before the new one starts.
            stopped: asked between any two steps; true ends it where it stands.
            before_end: called when the old container is about to be ended, e.g. to drain it.

        Raises:
            UsageError: no such replica, or the release's images were not prepared.
            NotReady, EngineError, Stopped: see `harness.environment.replacing`.
        """
        one = self.replica(replica)
        new = self.prepared.next(one.service, release)
        self._replacing().replace(one, new, order, stopped=stopped, before_end=before_end)

    def end(self, replica: str) -> None:
        """Stop a replica that will be replaced, as Compose would, and save what is to be known of it. The check
        `containers` takes its end for meant.
        """
        self._replacing().end(self.replica(replica))

    def remove_leftover(self, replica: str) -> None:
        """Remove the container that a stopped `start-first` replacement left beside a replica, if there is one."""
        self._replacing().remove_leftover(self.replica(replica))

    def _replacing(self) -> Replacer:
        if self._replacer is None:
            raise UsageError("The environment is not up", where=f"stack {self.stack.name}", hint="bring it up first")
        return self._replacer

    @property
    def fleet_services(self) -> tuple[str, ...]:
        """The services that a deployment changes: those with a release probe, or whose image tells the release."""
        return tuple(dict.fromkeys((*self.stack.harness.probes.release, *self.prepared.told_by_image)))

    def _save_removed(self, replica: Replica, running: bool) -> str | None:
        if self._evidence is None:
            return None
        logs = [log.path for log in self.stack.harness.logs.get(replica.service, ()) if log.is_file]
        directory = self._evidence / self.id / "replaced" / f"{replica.name}-{replica.generation}"
        return save_removed(directory, replica, self.history, logs, running=running)

    def down(self) -> None:
        """Remove everything that belongs to the environment. May be called at any time and twice.

        Raises:
            EngineGone: the engine does not answer; a sweep removes the environment later.
            EngineError: something of it could not be removed.
        """
        if self._watch is not None:
            self._watch.leave()
        with uninterrupted(), self.history.step("down", f"take {self.stack.name} down"):
            began = self.history.clock.monotonic()
            try:
                for replica in self.replicas:
                    with suppress(HarnessError):  # its container is removed next, whatever its shells say
                        replica.close(end=False)
                self._remove()
                self._standing = False
            finally:
                self._close_watch()
            seconds = round(self.history.clock.monotonic() - began, 3)
            self.history.record(EnvironmentDown(self.id, self.release, seconds))

    @property
    def standing(self) -> bool:
        """Something of it may be on the engine, and not because it was left up on purpose."""
        return self._standing and not self.kept

    def _remove(self) -> None:
        swept = sweep(self.engine, environment=self.id, everything=True)
        self.engine.leases.release(self.id)
        for note in swept.notes:
            self.history.record(Note(note))
        if swept.problems:
            raise EngineError(
                f"{self.id} could not be taken down completely",
                got=swept.problems[0],
                hint=f"`harness down {self.id}` tries again",
            )

    def leave_up(self) -> None:
        """Keep it up for a person to look into, under a lease that does not expire; `harness down` ends it."""
        self.kept = True
        with uninterrupted():
            self.engine.leases.keep(self._owner)
            closing = DaemonThreads(f"close-{self.id}")
            for replica in self.replicas:
                closing.submit(replica.close)  # what cannot be ended there runs on
            closing.finish(ending=CLOSING_WITHIN)
            self._close_watch()
            self.history.record(Note(f"{self.what_is_left()}: {'; '.join(self.how_to_enter())}"))

    def what_is_left(self) -> str:
        """One sentence on a kept environment, looked up at the engine: that it is up, or else what there is of it."""
        which = f"{self.id}: {self.stack.name} {self.release}"
        expected = [name for service in self.stack.services.values() for name in service.replica_names()]
        return f"{which} {what_is_left(self.engine, self.id, expected, ready=self._ready)}"

    def check_whole(self) -> None:
        """Make sure that everything that came up is still there, before somebody is told so.

        Raises:
            DoorGone, NetworkError, NotReady: what vanished. EngineGone: the engine does not answer.
        """
        check_networks(self.id, self._opened().container, self._networks)
        check_whole(self.engine, self.id, self._replicas, self._networks)

    def how_to_enter(self) -> tuple[str, ...]:
        """What to type to look into it, and to end it."""
        first = next(iter(self._replicas), "REPLICA")
        return (
            f"harness exec -e {self.id} {first} -- sh",
            f"harness logs -e {self.id} {first}",
            f"harness down {self.id}",
        )

    def save_evidence(self) -> Path | None:
        """Save the log and the state of every replica and its declared log files; returns the directory."""
        if self._evidence is None or not self._replicas:
            return None
        declared = self.stack.harness.logs.items()
        logs = {service: [log.path for log in found if log.is_file] for service, found in declared}
        return save_evidence(self._evidence / self.id, self.replicas, self.history, logs)

    def __enter__(self) -> Self:
        try:
            return self.up()
        except BaseException as error:
            self._finish(error)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finish(error)

    def _finish(self, error: BaseException | None) -> None:
        failed = self.failed or error is not None
        # Who presses Ctrl-C wants an end, not an environment; who asked for `always` gets it even so.
        wanted = error is None or isinstance(error, Exception)
        keep = self._standing and (self._keep == "always" or (self._keep == "failed" and failed and wanted))
        with uninterrupted():
            if failed:
                self._try_to_save_evidence()
            try:
                if keep:
                    self.leave_up()
                else:
                    self.down()
            except Exception as second:
                if error is None:
                    raise
                # The engine is gone or refuses, which is most likely what failed in the first place: that is raised.
                told = second.what if isinstance(second, HarnessError) else repr(second)
                self.history.record(Note(f"{self.id} could not be taken down: {told}; `harness sweep` removes it"))

    def _try_to_save_evidence(self) -> None:
        """Evidence that cannot be saved must not keep the environment from being taken down; nor for long, where
        somebody wants the end: a replica without CPU time answers nothing.
        """
        threads = DaemonThreads(f"evidence-{self.id}")
        saving = threads.submit(self.save_evidence)
        if not threads.finish(ending=EVIDENCE_WITHIN):
            self.history.record(Note("the evidence is incomplete: the run was interrupted while it was saved"))
        elif problem := saving.exception():
            self.history.record(Note(f"the evidence could not be saved: {problem}"))

    def check_alive(self, *, every: float = 0.0) -> None:
        """Make sure that the engine, the door and its networks are still there.

        Args:
            every: seconds; asks the engine for the networks unless it was asked that recently.

        Raises:
            EngineGone, DoorGone, NetworkError: one is not; what was seen since then means nothing.
        """
        check()
        if self._watch is not None:
            self._watch.check()
        now = self.history.clock.monotonic()
        if self._door is not None and self._networks and now - self._looked >= every:
            check_networks(self.id, self._door.container, self._networks)
            self._looked = now

    def cover(self) -> None:
        """Wait until the witness has reported on everything up to now, for 2 s at most."""
        if self._watch is not None and self._watch.witness is not None:
            self._watch.witness.cover(self.history.clock)

    def end_witness(self) -> None:
        """End the witness, while the environment goes on."""
        if self._watch is not None and self._watch.witness is not None:
            self._watch.witness.close()

    def _close_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
