"""A database that has no connection left."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.errors import HostError
from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.database._postgres import NAME, PostgresAct, PostgresFault, PostgresServer, held
from harness.stalls import Patience
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

WITHIN = 60.0  # s for a hundred clients to start on a busy machine
POLL_EVERY = 0.5
REFUSALS = ("too many clients", "remaining connection slots")


class Full(PostgresFault):
    """Idle sessions of the harness take all connections that are left. Those that are open stay; who wants another one
    is refused.

    Attributes:
        spare: so many connections are left.
    """

    simulates: ClassVar[str] = "pools of two releases that add up to more than the server takes; connections that leak"
    how: ClassVar[str] = "a psql in the replica for each connection that is left, idle"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`; memory for a psql and a session for each connection"
    outage: ClassVar[str] = (
        "Amazon Kinesis, November 2020: a fleet that grew took every server over a limit of the system's, and none "
        "could reach the others (aws.amazon.com/message/11201)"
    )

    spare: int = Field(default=0, ge=0)

    def what(self) -> str:
        """In words."""
        return "exhausted connections"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Flood(environment, self.postgres(environment, replica), self.spare)


class _Flood(PostgresAct):
    def __init__(self, environment: Environment, server: PostgresServer, spare: int) -> None:
        super().__init__(environment, server)
        self._number, self._spare = secrets.token_hex(4), spare
        self._start = self._end = ""

    def undoing(self) -> Sequence[Undo]:
        # Superusers may use the reserved ones as well: one more than there are never does harm.
        count = self.server.number("SELECT current_setting('max_connections')::int;") - self._spare
        self._start, self._end = held(self.server, self._number, "", count)
        return [Undo(self.place, self.server.replica.container_id, shell=self._end)]

    def do(self) -> None:
        self.begin()
        self.server.open_sessions(self._start)
        wanted = self._refuses if not self._spare else (lambda: self._sessions() > 0)
        if not poll(wanted, within=Patience(WITHIN), every=POLL_EVERY):
            raise HostError(
                "Not all connections could be taken", where=self.place,
                got=f"it still takes one after {WITHIN:g} s, with {self._sessions()} sessions of ours",
                expected="as many sessions as max_connections allows",
            )  # fmt: skip

    def _refuses(self) -> bool:
        try:
            self.server.sql("SELECT 1;")
        except HostError as error:
            return any(words in (error.got or "") for words in REFUSALS)
        return False

    def _sessions(self) -> int:
        return self.server.sessions(f"{NAME}.{self._number}")

    def seen(self) -> Seen:
        accepted = self.traffic.connections if self.traffic else None
        effect = self._refuses() if not self._spare else True
        said = f"{accepted} connections were opened to it" if effect else "it takes connections again"
        return Seen(effect, None if accepted is None else accepted > 0, said, {"connections": accepted})

    def left(self) -> str | None:
        try:
            return "some of its sessions are still there" if self._sessions() else None
        except HostError as error:
            return f"it takes no connection yet: {error.got}"
