"""A database that failed over to its standby."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.errors import HarnessError, HostError
from harness.faults import _counters
from harness.faults._acts import Act, Seen, unavailable
from harness.faults._base import FaultContext
from harness.faults._undo import Undo, run
from harness.faults.database._postgres import STANDBY, PostgresFault, PostgresServer, server_of
from harness.faults.database._switchback import Switchback

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.links import Link
    from harness.environment.replica import Replica

NAME = "database.failed-over"
RECEIVES = "SELECT coalesce(max(sender_host), '') FROM pg_stat_wal_receiver WHERE status = 'streaming';"
FOLLOWED = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming';"
STOPPED_WITHIN = 30.0  # s


class FailedOver(PostgresFault):
    """The primary is stopped, its standby is promoted, and whoever connects to the primary's name reaches the promoted
    one. Healed, the old primary follows it until it has everything, takes over again by a second, orderly failover, and
    the standby follows it as before: what was written meanwhile is kept.

    Attributes:
        on: the standbys that take over; left out, the first of each primary.
    """

    simulates: ClassVar[str] = "the loss of a primary, and an orderly failover behind a name or address that moves"
    how: ClassVar[str] = (
        "a fast shutdown, pg_promote on the standby, and links that lead there; nothing is rebuilt by hand, since a "
        "primary that was shut down cleanly can follow the new timeline"
    )
    needs: ClassVar[str] = (
        "a streaming standby in `x-harness: servers` that its primary may follow in turn (pg_hba.conf), a superuser on "
        "both, data that outlive their process, and no synchronous_standby_names"
    )
    outage: ClassVar[str] = (
        "GitHub, October 2018: primaries failed over to another coast, and it took a day until all data were in one "
        "place again (github.blog/2018-10-30-oct21-post-incident-analysis)"
    )

    def what(self) -> str:
        """In words."""
        return "failover"

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """Standbys are meant here."""
        return not super().leads(environment, replica)

    def replicas(self, context: FaultContext) -> list[Replica]:
        """One standby of each primary."""
        found: dict[str, Replica] = {}
        for one in super().replicas(context):
            sender = server_of(context.environment, one).admin(RECEIVES).strip()
            if sender:
                found.setdefault(sender, one)
        if not found:
            raise unavailable(
                self.fault_name(), f"stack {context.environment.stack.name}",
                "no declared PostgreSQL is a standby that streams", "a streaming standby in `x-harness: servers`",
            )  # fmt: skip
        return list(found.values())

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one standby and its primary."""
        standby = self.postgres(environment, replica)
        host = standby.admin(RECEIVES).strip()
        others = [one for one in environment.replicas if host in (one.name, one.service)]
        if len(others) != 1:
            raise unavailable(
                self.fault_name(), replica.name, f"it follows {host or 'nobody'}, which is no single replica",
                "a standby that follows a replica of the stack by its name",
            )  # fmt: skip
        return _Promoted(environment, self.postgres(environment, others[0]), standby)


class _Promoted(Act):
    gone_within = 60.0

    def __init__(self, environment: Environment, primary: PostgresServer, standby: PostgresServer) -> None:
        self._environment, self._primary, self._standby = environment, primary, standby
        self.place = primary.replica.name
        self._links = [
            link
            for link in environment.links
            if link.leads_to(self.place) and link.consumer != standby.replica.name
        ]  # fmt: skip
        self._before: int | None = None
        self._switchback: Switchback | None = None

    def undoing(self) -> Sequence[Undo]:
        from harness.environment.found import pick

        self._upstreams()
        self._switchback = Switchback.of(self._primary, self._standby)
        environment = self._environment.id
        door = pick(self._environment.engine, environment).containers["door"].id
        upstreams = {link.name: link.upstream for link in self._links}
        links = Undo("door", door, call="lead", environment=environment, links=upstreams)
        return [links, *reversed(self._switchback.steps())]  # the last one is undone first

    def _upstreams(self) -> dict[str, str]:
        """Where each link has to lead, by its name: to the standby, on the same port."""
        there = {link.port: link.upstream for link in self._environment.links if self._reaches(link)}
        missing = [link for link in self._links if link.port not in there]
        if missing or not self._links:
            got = f"{missing[0]} has no counterpart" if missing else f"no link leads to {self.place}"
            raise unavailable(NAME, self.place, got, "a standby that listens on the primary's ports, and consumers")
        return {link.name: there[link.port] for link in self._links}

    def _reaches(self, link: Link) -> bool:
        return link.leads_to(self._standby.replica.name) and link.consumer != self._standby.replica.name

    def do(self) -> None:
        assert self._switchback is not None
        primary, standby = self._primary.replica, self._standby
        self._primary.admin(*self._switchback.follow_later())
        container, engine = primary.container_id, self._environment.engine
        code, said = run(engine, container, self.place, self._switchback.shut_down())
        if code != 0:
            raise HostError("The primary could not be stopped", where=self.place, got=said, expected="exit code 0")
        primary.close(end=False)
        primary.stop(STOPPED_WITHIN)
        if standby.admin("SELECT pg_promote(true, 40)::int;").strip() != "1":
            raise HostError("The standby was not promoted", where=standby.replica.name, expected="a new primary")
        for name, upstream in self._upstreams().items():
            self._environment.proxy.lead(name, upstream)
        self._before = self._bytes()

    def _bytes(self) -> int | None:
        counts = _counters.read(self._environment, self._links).values()
        parts = [part for one in counts for part in (one.upstream, one.downstream) if part is not None]
        return sum(parts) if parts else None

    def seen(self) -> Seen:
        leads = self._standby.number(STANDBY) == 0 and self._lead(self._upstreams())
        now = self._bytes()
        moved = None if now is None or self._before is None else now - self._before
        said = f"{self._standby.replica.name} leads, and {moved or 0} bytes passed to it in the place of {self.place}"
        touched = None if moved is None else moved > 0
        return Seen(leads, touched, said if leads else "it does not lead any more", {"bytes": moved})

    def _lead(self, upstreams: dict[str, str]) -> bool:
        proxies = self._environment.proxy.proxies()
        return all(proxies[name].upstream == upstream for name, upstream in upstreams.items())

    def back(self) -> None:
        """The servers were started again: shells that were open in them are closed."""
        for server in (self._primary, self._standby):
            server.replica.close(end=False)

    def left(self) -> str | None:
        try:
            if not self._lead({link.name: link.upstream for link in self._links}):
                return "links still lead to the standby"
            if self._primary.number(STANDBY):
                return "it still follows"
            if not self._standby.number(STANDBY):
                return f"{self._standby.replica.name} does not follow it"
            return None if self._primary.number(FOLLOWED) else "nobody receives what it writes"
        except HarnessError as error:  # a server that was just started
            return f"it does not answer yet: {error.what}"
