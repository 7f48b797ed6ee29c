"""A table, or something else that sessions agree on, that somebody else has locked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

from harness.errors import HostError
from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.database._postgres import NAME, PostgresAct, PostgresFault, PostgresServer, held
from harness.waiting import poll

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

WITHIN = 15.0  # s in which the lock has to be held: it waits for those who have it
POLL_EVERY = 0.1
WAITING = """SELECT count(*) FROM pg_stat_activity AS one WHERE EXISTS (SELECT FROM pg_stat_activity AS other
WHERE other.application_name = '{name}' AND other.pid = ANY(pg_blocking_pids(one.pid)));"""


class Locked(PostgresFault):
    """A session of the harness holds a lock until it is healed: on a table, so that nobody else reads or writes it, or
    an advisory one. It waits for those who have it, and those who come after wait for it.

    Attributes:
        table: as SQL has it: `history`, `billing.plans`.
        advisory: the number of an advisory lock, which a migration tool takes, for instance.
        mode: of the table's lock.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "table")
    simulates: ClassVar[str] = (
        "a migration that waits for a long query while everybody waits for it; a lock left behind"
    )
    how: ClassVar[str] = "a psql in the replica takes the lock in a transaction that stays open"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, whose user may lock the table"
    outage: ClassVar[str] = (
        "GoCardless, 2015: a migration of milliseconds waited for a long query, and everything on the table waited "
        "for it, for 15 s (gocardless.com/blog/zero-downtime-postgres-migrations-the-hard-parts)"
    )

    table: str | None = Field(default=None, min_length=1, pattern=r'^[\w$."]+$')
    advisory: int | None = None
    mode: str = Field(default="ACCESS EXCLUSIVE", pattern=r"^[A-Z ]+$")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.advisory is None):
            raise ValueError("a table, or the number of an advisory lock")
        return self

    def what(self) -> str:
        """In words."""
        return f"lock on {self.table}" if self.table else f"advisory lock {self.advisory}"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        taken = (
            f"LOCK TABLE {self.table} IN {self.mode} MODE"
            if self.table
            else f"SELECT pg_advisory_xact_lock({self.advisory})"
        )
        return _Lock(environment, self.postgres(environment, replica), taken)


class _Lock(PostgresAct):
    def __init__(self, environment: Environment, server: PostgresServer, taken: str) -> None:
        super().__init__(environment, server)
        number = secrets.token_hex(4)
        self._name, self._most = f"{NAME}.{number}", 0
        self._start, self._end = held(server, number, f"BEGIN;\n{taken};\n")

    def _granted(self) -> bool:
        return self.server.sessions(self._name, "idle in transaction") == 1

    def _waiting(self) -> int:
        return self.server.number(WAITING.format(name=self._name))

    def undoing(self) -> Sequence[Undo]:
        return [Undo(self.place, self.server.replica.container_id, shell=self._end)]

    def do(self) -> None:
        self.begin()
        self.server.open_sessions(self._start)
        if not poll(self._granted, within=WITHIN, every=POLL_EVERY):
            raise HostError(
                "The lock was not granted", where=self.place, got=f"it waits after {WITHIN:g} s, or was refused",
                expected="a lock that nobody else holds for so long", hint="look who holds it: pg_stat_activity",
            )  # fmt: skip

    def seen(self) -> Seen:
        self._most = max(self._most, self._waiting())
        effect = self._granted()
        said = f"up to {self._most} sessions waited for it" if effect else "its session has ended"
        return Seen(effect, self._most > 0, said, {"waiting": self._most})

    def left(self) -> str | None:
        return "its session is still there" if self.server.sessions(self._name) else None
