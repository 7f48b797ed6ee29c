"""The environment as a test sees it: it can also be asked which release it runs, and its replicas for their logs."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Self, cast

from harness.environment import Environment, Replica
from harness.environment.fingerprint import take
from harness.errors import NotMeasured
from harness.events import ProbeRelease, ProbeReplica, StepStart
from harness.fingerprint import Fingerprint
from harness.history import Event
from harness.plan.logged_replica import LoggedReplica
from harness.probes import release as release_probe
from harness.probes.many_answers import ask_many
from harness.threads import concurrently


class Subject(Environment):
    """An environment that knows the stack's probes and logs."""

    _replica_class = LoggedReplica

    @property
    def replicas(self) -> tuple[LoggedReplica, ...]:
        """Every replica, services in the order of the file."""
        return cast("tuple[LoggedReplica, ...]", super().replicas)

    def __getitem__(self, service: str) -> tuple[LoggedReplica, ...]:
        """The replicas of a service, by number. UsageError where the stack has no such service."""
        return cast("tuple[LoggedReplica, ...]", super().__getitem__(service))

    def replica(self, name: str) -> LoggedReplica:
        """One replica by its name, e.g. `backend-2`. UsageError where there is none."""
        return cast("LoggedReplica", super().replica(name))

    def up(self) -> Self:
        """Bring everything up and return when every replica is ready; its declared logs are followed from then on.

        Raises:
            As Environment.up.
        """
        super().up()
        declared = self.stack.harness.logs
        following = [partial(one.follow, declared.get(one.service, ()), self.history) for one in self.replicas]
        concurrently(following, len(following))
        self.history.listen(self._step)
        return self

    def mark_logs(self, prefix: str) -> None:
        """A phase begins: what the declared logs of all replicas get from here on is new to it.

        Args:
            prefix: canaries carry `<prefix>-<number>`.
        """
        for replica in self.replicas:
            replica.mark_logs(prefix)

    def poll_logs(self) -> None:
        """Look at each declared log once. One that cannot be read is reported as such."""
        for replica in self.replicas:
            replica.poll_logs()

    def report_logs(self) -> None:
        """Record `probe.log` of each declared log, since the mark or the last report."""
        for replica in self.replicas:
            replica.report_logs()

    def _step(self, event: Event) -> None:
        """Note in each log where a step of this environment begins."""
        if not isinstance(event.body, StepStart) or not self.standing or event.body.name == "down":
            return
        if event.environment in (None, self.id):
            for replica in self.replicas:
                replica.began(event)

    def releases(self, *, thorough: bool = False) -> dict[str, str | None]:
        """Ask every replica which release it runs; None where none was told. Recorded in the history.

        Args:
            thorough: each is asked so often that one worker of another release among its fellows is heard; where
                answers differ, all of them are told, joined by `and`.
        """
        fleet = [replica for service in self.fleet_services for replica in self[service]]
        if not thorough:
            return {replica.name: self._release(replica) for replica in fleet}
        told = {replica.name: replica.service in self.stack.harness.probes.release for replica in fleet}
        asking = [partial(self._every_worker, replica) for replica in fleet if told[replica.name]]
        bodies = {body.replica: body for body in concurrently(asking, len(asking))}
        for body in bodies.values():
            self.history.record(body)
        return {one.name: bodies[one.name].release if told[one.name] else self._release(one) for one in fleet}

    def _every_worker(self, replica: Replica) -> ProbeRelease:
        """Its answers, asked as often as its processes make necessary."""
        probe = self.stack.harness.probes.release[replica.service]
        looks = (one.body for one in reversed(self.history.of(ProbeReplica, environment=self.id)))
        counts = (one.processes for one in looks if one.replica == replica.name and one.processes is not None)
        return ask_many(replica, probe.command, probe.field, next(counts, 0), self.history.clock.monotonic)

    def anywhere(self, release: str, count: int = 1) -> bool:
        """Ask one replica after the other which release it runs, until so many run this. Recorded in the history."""
        runs = (self._release(replica) == release for service in self.fleet_services for replica in self[service])
        return len(list(itertools.islice(filter(None, runs), count))) == count

    def _release(self, replica: Replica) -> str | None:
        """Which release a replica runs: its answer, or what its image tells where the stack declares no probe."""
        probe = self.stack.harness.probes.release.get(replica.service)
        if probe is not None:
            event = release_probe.one(self.history, replica, probe.command, probe.field)
        else:
            event = release_probe.by_image(self.history, replica, partial(self.prepared.by_image, replica.service))
        return event.body.release

    def fingerprint(self, name: str = "") -> Fingerprint:
        """Its state now, reduced to what can be compared; recorded in the history.

        `after == before` holds when nothing differs but what the stack declares with a reason (`state: allow:`), and
        raises NotMeasured when that cannot be told.

        Args:
            name: what checks refer to it by; its phase will do as well.
        """
        return take(self.history, self.stack, self.replicas, name)

    def runs(self, release: str) -> bool:
        """Every replica that can be asked says that it runs this release.

        Raises:
            NotMeasured: a replica could not be asked, or the stack declares no probe for it: that is no answer.
        """
        found = self.releases()
        silent = [replica for replica, runs in found.items() if runs is None]
        if silent or not found:
            raise NotMeasured(
                "Which release runs could not be asked",
                where=", ".join(silent) or f"{self.stack.file}: x-harness.probes.release",
                got="no answer" if silent else "no probe is declared",
                expected="the release that each replica runs",
            )
        return set(found.values()) == {release}
