"""What faults of PostgreSQL share: who may do what, the counters, sessions of the harness's own that are kept open."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from harness.errors import HostError
from harness.faults._acts import Act, unavailable
from harness.faults._servers import ServerFault
from harness.faults._traffic import Traffic
from harness.faults._undo import Undo
from harness.servers import declared
from harness.servers._base import piped
from harness.servers.postgres import Postgres

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

KINDS = ("postgres",)
ASK_WITHIN = 20.0  # s
STANDBY = "SELECT pg_is_in_recovery()::int;"
NAME = "rollback-harness"  # of sessions, as the server lists them


class PostgresServer:
    """A PostgreSQL that is asked as its declared user or, where that is no superuser, as the system's `postgres`.

    Attributes:
        replica: where it runs.
        adapter: what the stack declares of it.
    """

    def __init__(self, replica: Replica, adapter: Postgres) -> None:
        self.replica, self.adapter = replica, adapter
        self._admin: bool | None = None  # the declared user is a superuser

    def sql(self, *statements: str) -> str:
        """What the statements answer to the declared user.

        Raises:
            HostError: one fails, or the server does not answer.
        """
        return self._run(self.adapter.once(*statements), statements)

    def admin(self, *statements: str) -> str:
        """The same, as a superuser."""
        return self._run(self.admin_argv(*statements), statements)

    def admin_argv(self, *statements: str) -> list[str]:
        """The command that runs statements as a superuser.

        Raises:
            HostError: nobody here is one.
        """
        if self._admin is None:
            self._admin = self.sql("SELECT current_setting('is_superuser');").strip() == "on"
        if self._admin:
            return self.adapter.once(*statements)
        psql = f"psql -X -w -q -A -t -v ON_ERROR_STOP=1 -d {shlex.quote(self.adapter.database)}"
        return piped(statements, f"exec su -s /bin/sh postgres -c {shlex.quote(psql)}")

    def _run(self, argv: list[str], statements: tuple[str, ...]) -> str:
        answer = self.replica.ask(argv, timeout=ASK_WITHIN)
        said = answer.stdout.decode("utf-8", "replace")
        if answer.exit_code != 0:
            raise HostError(
                f"{self.replica.name} refuses a statement", where=f"{self.replica.name}, {statements[0][:100]}",
                got=said.strip()[:300] or f"exit code {answer.exit_code}",
                expected="a server that lets its declared user, or the system user postgres, do it",
            )  # fmt: skip
        return said

    def undo(self, *statements: str) -> Undo:
        """What runs these as a superuser, should another process have to."""
        return Undo(self.replica.name, self.replica.container_id, shell=shlex.join(self.admin_argv(*statements)))

    def open_sessions(self, start: str) -> None:
        """Run what `held` gave.

        Raises:
            HostError: it fails.
        """
        answer = self.replica.run(start, timeout=ASK_WITHIN)
        if answer.exit_code != 0:
            raise HostError(
                "Sessions could not be opened", where=self.replica.name, got=answer.stderr.strip()[:300],
                expected="a directory /tmp that can be written to, with mkfifo and setsid in the image",
            )  # fmt: skip

    def number(self, query: str) -> int:
        """The one number that a query answers with."""
        said = self.admin(query).strip()
        return int(said) if said.lstrip("-").isdigit() else 0

    def sessions(self, name: str, state: str = "") -> int:
        """How many sessions have this name, and are in this state."""
        also = f" AND state = {literal(state)}" if state else ""
        return self.number(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = {literal(name)}{also};")

    def failed(self) -> int:
        """Transactions of the database that were rolled back since it was made."""
        # What a session counts, it reports when it is idle, at most once in a second.
        return self.number("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database();")


class PostgresFault(ServerFault):
    """A fault of databases that are a PostgreSQL."""

    kinds: ClassVar[tuple[str, ...]] = KINDS

    def leads(self, environment: Environment, replica: Replica) -> bool:
        """It is no standby."""
        return not server_of(environment, replica).number(STANDBY)

    def postgres(self, environment: Environment, replica: Replica) -> PostgresServer:
        """The server in a replica."""
        return server_of(environment, replica)


class PostgresAct(Act):
    """What is done to one PostgreSQL."""

    def __init__(self, environment: Environment, server: PostgresServer) -> None:
        self.environment, self.server, self.place = environment, server, server.replica.name
        self.traffic: Traffic | None = None
        self.rolled_back = 0

    def begin(self) -> None:
        """Count from here on."""
        self.traffic = Traffic(self.environment, self.place, both=False)
        self.rolled_back = self.server.failed()

    def failures(self) -> int:
        """Transactions that were rolled back since."""
        return self.server.failed() - self.rolled_back


def server_of(environment: Environment, replica: Replica) -> PostgresServer:
    """The PostgreSQL in a replica, as declared. FaultUnavailable where none is."""
    for adapter in declared(environment.stack.harness).values():
        if isinstance(adapter, Postgres) and adapter.service == replica.service:
            return PostgresServer(replica, adapter)
    raise unavailable(
        "database", replica.name, "no PostgreSQL is declared there", "a server of kind postgres in `x-harness: servers`"
    )


def literal(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def held(server: PostgresServer, number: str, statements: str, count: int = 1) -> tuple[str, str]:
    """Shell texts that open so many sessions in the replica, each of which runs the statements and stays, and that end
    them. One that is refused, or ends, is opened again. They go on when who started them is gone.
    """
    name = f"{NAME}.{number}"
    place = f"/tmp/.{name}"  # noqa: S108 - in the replica, and its name is drawn
    client = server.adapter.shell("-v", "ON_ERROR_STOP=1", "-f", f"{place}/statements", "-f", "-")
    # Clients that wait for more statements from a pipe that nobody writes to: their sessions are idle, and end with
    # them. One that runs a statement such as pg_sleep would not notice that its client is gone.
    start = f"""set -e
mkdir -m 700 {place}
printf %s {shlex.quote(client)} > {place}/client
printf %s {shlex.quote(statements)} > {place}/statements
mkfifo {place}/never
cat > {place}/run <<'END'
echo $$ > {place}/leader
sleep 2147483647 > {place}/never &
i=0
while [ $i -lt {count} ]; do
    (
        while :; do
            PGAPPNAME={name} sh {place}/client < {place}/never
            sleep 0.5
        done
    ) > {place}/said 2>&1 &
    i=$((i + 1))
done
wait
END
setsid sh {place}/run < /dev/null > /dev/null 2>&1 &
"""
    end = f"""if [ -f {place}/leader ]; then kill -KILL "-$(cat {place}/leader)" 2> /dev/null; fi
rm -rf {place}"""
    return start, end
