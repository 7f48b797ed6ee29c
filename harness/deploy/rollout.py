"""One deployment or rollback of a built-in strategy: which replicas have to change, and how one is replaced."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.deploy._balancer import Balancer
from harness.errors import CommandTimeout, EngineError, EngineGone, HostError, NotMeasured, Stopped
from harness.events import DeployerLine
from harness.history import History
from harness.stack import Service, Stack, UpdateConfig, command_of
from harness.threads import concurrently
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment, Replica
    from harness.environment.replacing import Order

TAIL_LINES = 40  # lines kept for messages
POLL_EVERY = 0.25  # s between two looks at replicas that are watched


@dataclass
class Rollout:
    """What a strategy works with.

    Attributes:
        verb: `deploy` or `rollback`.
        release, before: the release that every replica is to run, and the one that was asked for before it.
        started: id of the `deployer.start` event.
        halt: whether to end where it stands; set by whoever runs it.
    """

    environment: Environment
    history: History
    verb: str
    release: str
    before: str
    started: int
    halt: Callable[[], bool] = lambda: False
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    misses: dict[str, int] = field(default_factory=dict)  # health checks in a row that failed, by replica
    due: dict[str, float] = field(default_factory=dict)  # when each is to be asked again

    def back(self) -> Rollout:
        """The same, the other way: to the release that was there before."""
        return Rollout(
            self.environment, self.history, "rollback", self.before, self.release, self.started, self.halt, self.tail
        )

    def say(self, text: str, stream: str = "out") -> None:
        """A line for the history, as a command's output is."""
        text = self.history.redactor.text(text)
        self.tail.append(text)
        self.history.record(DeployerLine(self.started, stream, text))

    # -- what has to change --------------------------------------------------------------------------------------------

    @property
    def target(self) -> Stack:
        """The stack as the release has it."""
        return self.environment.prepared.stack(self.release)

    def services(self) -> tuple[Service, ...]:
        """Every service as the release has it, each after those that it depends on."""
        return in_order(self.target.services)

    def config(self, service: Service) -> UpdateConfig:
        """How the service is updated, or rolled back."""
        declared = service.update_config if self.verb == "deploy" else service.rollback_config
        return declared or UpdateConfig()

    def pending(self, service: Service) -> tuple[Replica, ...]:
        """The replicas that are not as the release has them, or do not run."""
        return tuple(one for one in self.environment[service.name] if not self._done(one, service))

    def _done(self, replica: Replica, service: Service) -> bool:
        prepared = self.environment.prepared
        was = prepared.next(service.name, replica.release)
        same = was.image.id == prepared.next(service.name, self.release).image.id
        return same and _plain(was.service) == _plain(service) and self.ended(replica) is None

    # -- doing it ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Go on. Stopped where it was asked to end."""
        if self.halt():
            raise Stopped(f"The {self.verb} was stopped")

    def replace(self, replicas: Sequence[Replica], order: Order) -> tuple[str, ...]:
        """Replace several at the same time; returns the names of those that failed, and says why.

        Raises:
            Stopped: it was asked to end. EngineGone: the engine does not answer.
        """
        tasks = [partial(self._replace, one, order) for one in replicas]
        well = concurrently(tasks, max(len(tasks), 1))
        self.check()
        return tuple(one.name for one, good in zip(replicas, well, strict=True) if not good)

    def end(self, replicas: Sequence[Replica]) -> None:
        """End several at the same time, before any of them is replaced.

        Raises:
            Stopped: it was asked to end. EngineError: the engine could not do it.
        """
        self.check()
        concurrently([partial(self.environment.end, one.name) for one in replicas], max(len(replicas), 1))
        self.check()

    def _replace(self, replica: Replica, order: Order) -> bool:
        balancer = Balancer.of(self.environment, self.say)
        try:
            self.environment.replace(
                replica.name,
                self.release,
                order=order,
                stopped=self.halt,
                before_end=partial(balancer.drain, replica, self.halt),
            )
            balancer.admit(replica, self.halt)
        except (Stopped, EngineGone):
            raise
        except (EngineError, NotMeasured) as error:
            self.check()
            self.say(f"{replica.name} failed: {error.what}" + (f": {error.got}" if error.got else ""), "err")
            return False
        self.say(f"{replica.name} runs {self.release}")
        return True

    def tidy(self, service: Service) -> None:
        """Clear away what a stopped deployment left: containers beside a replica, and replicas that are drained."""
        balancer = Balancer.of(self.environment, self.say)
        for replica in self.environment[service.name]:
            self.check()
            self.environment.remove_leftover(replica.name)
            balancer.admit(replica, self.halt)

    def watch(self, until: dict[str, float], seconds: float | None = None) -> tuple[str, ...]:
        """Watch replicas for as long as each is to be watched; returns the names of those that failed meanwhile.

        Args:
            until: by replica, until when it is watched, by the history's clock. Who was looked at after that, or has
                failed, is taken out: what happens while others are replaced is seen at the next look.
            seconds: how long to watch now; None watches each to its end.
        """
        clock, failed = self.history.clock, list[str]()

        def look() -> bool:
            now = clock.monotonic()
            for name in list(until):
                replica = self.environment.replica(name)
                why = self.ended(replica) or self._sick(replica)
                if why is not None:
                    failed.append(name)
                    self.say(f"{name} failed while it was watched: it {why}", "err")
                if why is not None or now >= until[name]:
                    del until[name]
            self.check()
            return seconds is None and not until

        within = seconds if seconds is not None else max(until.values(), default=0.0) - clock.monotonic()
        poll(look, within=within, every=POLL_EVERY, clock=clock)
        return tuple(failed)

    def ended(self, replica: Replica) -> str | None:
        """How a replica ended, in words; None while it runs."""
        try:
            return replica.ended()
        except EngineGone:
            raise
        except EngineError as error:
            return f"is gone ({error.what})"

    def _sick(self, replica: Replica) -> str | None:
        """Whether its health check, asked once in its interval, has failed as often in a row as its `retries` say."""
        check, command = replica.health, command_of(replica.health)
        now = self.history.clock.monotonic()
        if check is None or command is None or now < self.due.get(replica.name, now):
            return None
        self.due[replica.name] = now + check.interval
        try:
            well = replica.run(command, check.timeout).exit_code == 0
        except (CommandTimeout, HostError):
            well = False
        misses = self.misses[replica.name] = 0 if well else self.misses.get(replica.name, 0) + 1
        return f"failed its health check {misses} times" if misses >= max(check.retries, 1) else None


def in_order(services: Mapping[str, Service]) -> tuple[Service, ...]:
    """The services, each after those that it depends on; there are no circles."""
    found: dict[str, Service] = {}

    def add(name: str) -> None:
        if name not in found:
            for needed in services[name].depends_on:
                add(needed)
            found[name] = services[name]

    for name in services:
        add(name)
    return tuple(found.values())


def _plain(service: Service) -> Service:
    """The service without what makes no new container when it alone changes; the image is compared by its digest."""
    left_out: dict[str, Any] = {
        "update_config": None,
        "rollback_config": None,
        "depends_on": {},
        "build": None,
        "image": None,
    }
    return service.model_copy(update=left_out)
