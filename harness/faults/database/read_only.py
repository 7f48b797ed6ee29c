"""A database that takes no writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen
from harness.faults._undo import Undo
from harness.faults.database._postgres import PostgresAct, PostgresFault, literal

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

SHOWN = "SELECT setting FROM pg_settings WHERE name = 'default_transaction_read_only';"
# What ALTER SYSTEM wrote before; a line for the last setting of it there, or none.
WRITTEN = """SELECT setting FROM pg_file_settings
WHERE name = 'default_transaction_read_only' AND sourcefile LIKE '%postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1;"""


class ReadOnly(PostgresFault):
    """Every transaction that begins from now on may only read, unless it says otherwise itself."""

    simulates: ClassVar[str] = (
        "a database that protects itself, or a primary that became a standby: writes fail, reads work"
    )
    how: ClassVar[str] = "ALTER SYSTEM SET default_transaction_read_only = on, and a reload; open sessions take it up"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, with a superuser: its user, or the system's postgres"
    outage: ClassVar[str] = (
        "Sentry, July 2015: PostgreSQL refused writes, to protect itself from transaction ids that wrap around "
        "(blog.sentry.io/transaction-id-wraparound-in-postgres)"
    )

    def what(self) -> str:
        """In words."""
        return "read-only mode"

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one."""
        return _NoWrites(environment, self.postgres(environment, replica))


class _NoWrites(PostgresAct):
    def undoing(self) -> Sequence[Undo]:
        was = self.server.admin(WRITTEN).strip()
        back = f"ALTER SYSTEM SET default_transaction_read_only = {literal(was)};"
        back = back if was else "ALTER SYSTEM RESET default_transaction_read_only;"
        # A session may be read-only itself: this one has to write.
        return [self.server.undo("SET default_transaction_read_only = off;", back, "SELECT pg_reload_conf();")]

    def do(self) -> None:
        self.begin()
        self.server.admin("ALTER SYSTEM SET default_transaction_read_only = on;", "SELECT pg_reload_conf();")

    def seen(self) -> Seen:
        failures = self.failures()
        said = f"{failures} transactions were rolled back"
        return Seen(self.server.admin(SHOWN).strip() == "on", failures > 0, said, {"rolled back": failures})

    def left(self) -> str | None:
        return "transactions still begin as read-only" if self.server.admin(SHOWN).strip() == "on" else None
