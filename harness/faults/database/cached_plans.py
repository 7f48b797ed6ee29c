"""A schema that changes under plans that sessions keep."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import Act, Seen, unavailable
from harness.faults._undo import Undo
from harness.faults.database._postgres import PostgresAct, PostgresFault, PostgresServer

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

TABLES = """SELECT format('%I.%I', schemaname, relname) FROM pg_stat_user_tables
ORDER BY seq_scan + coalesce(idx_scan, 0) DESC LIMIT 20;"""
OLDER = """SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND backend_start < '{since}'
AND query_start > '{since}' AND pid <> pg_backend_pid();"""


class CachedPlans(PostgresFault):
    """Tables get one more column, which is empty, while sessions hold prepared statements about them. What a statement
    such as SELECT * returns is another thing from then on: PostgreSQL refuses the prepared one. The column goes when it
    is healed.

    Attributes:
        tables: which; left out, the 20 that are used most.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "tables")
    simulates: ClassVar[str] = (
        "a migration while pools, of the server or of a proxy before it, hold prepared statements"
    )
    how: ClassVar[str] = "ALTER TABLE ... ADD COLUMN"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, with a superuser: its user, or the system's postgres"
    outage: ClassVar[str] = (
        'rails #12330 (2013), pgbouncer #1038 (2024): "cached plan must not change result type" after a migration, '
        "until every connection was replaced"
    )

    tables: tuple[str, ...] = Field(default=())

    def what(self) -> str:
        """In words."""
        return "changed schema under cached plans"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _Column(environment, self.postgres(environment, replica), self.tables)


class _Column(PostgresAct):
    def __init__(self, environment: Environment, server: PostgresServer, tables: tuple[str, ...]) -> None:
        super().__init__(environment, server)
        self._tables, self._column, self._since = tables, f"rollback_harness_{secrets.token_hex(4)}", ""
        self._used = 0  # sessions at once, as far as was looked

    def undoing(self) -> Sequence[Undo]:
        self._tables = self._tables or tuple(self.server.admin(TABLES).split())
        if not self._tables:
            raise unavailable("database.cached-plans", self.place, "the database has no table", "a table that is used")
        drops = (f"ALTER TABLE IF EXISTS {one} DROP COLUMN IF EXISTS {self._column};" for one in self._tables)
        return [self.server.undo("SET lock_timeout = '20s';", *drops)]

    def do(self) -> None:
        self.begin()
        adds = (f"ALTER TABLE {one} ADD COLUMN {self._column} int;" for one in self._tables)
        self.server.admin("SET lock_timeout = '10s';", *adds)
        self._since = self.server.admin("SELECT clock_timestamp();").strip()

    def seen(self) -> Seen:
        there = self._count()
        self._used = max(self._used, self.server.number(OLDER.format(since=self._since)))
        used, failures = self._used, self.failures()
        said = (
            f"{len(self._tables)} tables changed, {used} sessions from before were used since, and {failures} "
            "transactions were rolled back"
        )
        figures = {"tables": len(self._tables), "sessions": used, "rolled back": failures}
        return Seen(there == len(self._tables), used + failures > 0, said, figures)

    def _count(self) -> int:
        return self.server.number(
            f"SELECT count(*) FROM pg_attribute WHERE attname = '{self._column}' AND NOT attisdropped;"
        )

    def left(self) -> str | None:
        return "its column is still there" if self._count() else None
