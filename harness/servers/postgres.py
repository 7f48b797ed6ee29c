"""PostgreSQL, asked with `psql`.

A sample is taken over one `psql` that is kept open. A fingerprint holds the schema, the contents of tables, roles,
settings that differ from the default, and migrations.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any, ClassVar, Literal

from pydantic import Field

from harness import redaction
from harness.clock import Clock
from harness.events import ProbePostgres, ProbeServer
from harness.fingerprint import StatePart
from harness.kept import Startable
from harness.servers import _postgres_contents
from harness.servers._base import (
    Ask,
    Client,
    HostOrPath,
    Password,
    RawAnswer,
    ServerAdapter,
    ServerTls,
    complaint,
    items_of,
    piped,
)  # fmt: skip
from harness.servers._postgres_sampling import PREPARED, SETUP, PostgresSampling, question
from harness.servers._sql import MIGRATION_TABLES, SqlQueue, Table, pieces, quoted, statement, table_and_columns
from harness.stack.base import Word

MARK = ":::"

# One statement for the first known table that is there.
FIND = """
SELECT format('SELECT coalesce(json_object_agg(m::text, '''' ORDER BY m::text), ''{{}}'')
    FROM (SELECT %I AS m FROM %s) AS found', a.attname, c.oid::regclass)
FROM (VALUES {values}) AS known(priority, relation, field)
JOIN pg_class c ON c.relname = known.relation AND c.relkind IN ('r', 'p')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = known.field AND a.attnum > 0
ORDER BY priority LIMIT 1
\\gexec
"""
DECLARED = "SELECT coalesce(json_object_agg(m::text, '' ORDER BY m::text), '{{}}') FROM (\n{query}\n) AS m;\n"
# The sum does not depend on the order of the rows, and needs no sorting.
TABLE = """SELECT json_build_object({name}, count(*) || ' rows, hash ' || to_hex(
    mod(coalesce(sum(hashtextextended(row(of.*)::text, 0)::numeric), 0), 9223372036854775807)::bigint))
FROM (SELECT {columns} FROM {table}) AS of;
"""


class Postgres(ServerAdapter):
    """A PostgreSQL database."""

    event: ClassVar[type[ProbeServer]] = ProbePostgres
    parts: ClassVar[tuple[str, ...]] = ("schema", "tables", "contents", "roles", "settings", "migrations")
    locks: ClassVar[bool] = True

    kind: Literal["postgres"] = Field(description="PostgreSQL.")
    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")
    password: Password | None = Field(
        default=None, description="Left out: PGPASSWORD or POSTGRES_PASSWORD of the container, where it has one."
    )
    address: HostOrPath | None = Field(
        default=None,
        description="address:port, or the path of its unix socket or of the directory of that; left out, psql's own.",
    )
    tls: ServerTls | None = Field(default=None, description="TLS, over an address:port.")
    tables: tuple[Table, ...] = Field(
        default=(),
        description="Tables whose rows a rollback has to restore; of plans(id, name) only these columns count.",
    )
    migrations: Word | None = Field(
        default=None, description="A query for the migrations that were applied; left out, a known tool's table."
    )
    queue: SqlQueue | None = Field(default=None, description="A queue in this database.")
    readback: Word | None = Field(
        default=None, description="The SELECT of the work whose key begins with {key}, and how often each was done."
    )

    def shell(self, *options: str) -> str:
        """The shell text that becomes a `psql` which reads statements and never asks for a password."""
        word = self.password.shell() if self.password else '"${PGPASSWORD:-$POSTGRES_PASSWORD}"'
        variables = [f"PGPASSWORD={word}"]
        if self.address is not None:
            separator = "/.s.PGSQL." if self.address.startswith("/") else ":"
            host, found, port = self.address.rpartition(separator)
            variables += [f"PGHOST={shlex.quote(host.strip('[]') if found else self.address)}"]
            variables += [f"PGPORT={shlex.quote(port)}"] if found else []
        if self.tls is not None:
            variables.append(f"PGSSLMODE={'verify-full' if self.tls.verify else 'require'}")
            given = {"PGSSLROOTCERT": self.tls.ca, "PGSSLCERT": self.tls.certificate, "PGSSLKEY": self.tls.key}
            variables += [f"{name}={shlex.quote(path)}" for name, path in given.items() if path]
        psql = ["psql", "-X", "-w", "-q", "-A", "-t", *options, "-U", self.user, "-d", self.database]
        return f"export {' '.join(variables)}\nexec {shlex.join(psql)}"

    def connect(self, replica: Startable, prepared: str = "") -> Client:
        """A `psql` kept open. What a server cannot prepare, it says when it is to be run."""
        failed = ("ERROR:", "FATAL:")
        return Client(replica, self.shell(), "\n\\echo {token}\n", greeting=SETUP + prepared, failed=failed)

    def once(self, *questions: str) -> list[str]:
        """A `psql` that ends at the first statement that fails."""
        return piped(questions, self.shell("-v", "ON_ERROR_STOP=1"))

    def sample(self, replica: Startable) -> PostgresSampling:
        """Samples it."""
        # To plan these costs the server more than to answer them.
        return PostgresSampling(
            self.connect(replica, "".join(f"PREPARE {name} AS {question(name)}\n" for name in PREPARED))
        )

    def queue_questions(self) -> tuple[str, ...]:
        """The statements that are declared."""
        return self.queue.questions() if self.queue else ()

    def readback_question(self, key: str) -> str:
        """The statement that is declared."""
        return "\\pset fieldsep '\\t'\n" + statement((self.readback or "").replace("{key}", key))

    def fingerprint(
        self,
        ask: Ask,
        releases: Collection[str],  # noqa: ARG002
        clock: Clock,  # noqa: ARG002
        own: Collection[str] = (),
    ) -> Mapping[str, StatePart]:
        """All parts, by one script."""
        return self.read(ask(f"(\n{self.shell()}\n) <<'END_OF_QUESTIONS'\n{self.script(own)}\nEND_OF_QUESTIONS"))

    def script(self, own: Collection[str] = ()) -> str:
        """The questions of a fingerprint as psql reads them."""
        text = files("harness.servers").joinpath("postgres.sql").read_text(encoding="utf-8")
        text += "SET search_path = DEFAULT;\n"
        if self.migrations:
            text += DECLARED.format(query=self.migrations.rstrip().removesuffix(";"))
        else:
            rows = [(table, column) for table, columns in MIGRATION_TABLES.items() for column in columns]
            values = ", ".join(f"({at}, {quoted(table)}, {quoted(column)})" for at, (table, column) in enumerate(rows))
            text += FIND.format(values=values)
        for number, declaration in enumerate(self.tables):
            table, columns = table_and_columns(declaration)
            chosen = ", ".join(map(_name, columns)) or "*"
            query = TABLE.format(name=quoted(table), columns=chosen, table=".".join(map(_name, table.split("."))))
            text += f"\\echo {MARK} tables.{number}\n{query}"
        declared = (table_and_columns(one) for one in self.tables)
        whole = [".".join(map(_name, table.split("."))) for table, columns in declared if not columns]
        return f"{text}\\echo {MARK} contents\n{_postgres_contents.statements(MIGRATION_TABLES, whole, own)}"

    def read(self, answer: RawAnswer) -> dict[str, StatePart]:
        """What the database answered to the script."""
        words = f"psql: {complaint(answer)}"
        if answer.exit_code and MARK.encode() not in answer.stdout:
            return dict.fromkeys(self.parts, StatePart(None, words))
        found = pieces(answer.stdout.decode("utf-8", "replace"), MARK)
        parts = {"schema": _schema(found, words), "roles": items_of(found.get("roles"), words)}
        parts["settings"] = _settings(items_of(found.get("settings"), words), items_of(found.get("pending"), words))
        no_table = not self.migrations and found.get("migrations") == ""
        failed = b"gexec" in answer.stderr or b"ERROR" in answer.stderr
        if no_table and not failed:
            parts["migrations"] = StatePart(None, absent="no table of a migration tool that is known")
        else:
            parts["migrations"] = items_of(found.get("migrations"), words)
        parts["tables"] = self._tables(found, words)
        parts["contents"] = _postgres_contents.read(found.get("contents"), words)
        return parts

    def _tables(self, found: Mapping[str, str], words: str) -> StatePart:
        items: dict[str, Any] = {}
        for number, declaration in enumerate(self.tables):
            part = items_of(found.get(f"tables.{number}"), words)
            if part.items is None:
                return StatePart(None, f"table {declaration}: {words}")
            items |= part.items
        return StatePart(items) if self.tables else StatePart(None, absent="no tables are declared")


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _schema(found: Mapping[str, str], words: str) -> StatePart:
    """The schema, with the positions of its sequences: a line each, and all of them."""
    schema = items_of(found.get("schema"), words)
    for line in found.get("positions", "").splitlines():
        more = items_of(line, words)
        if schema.items is None or more.items is None:
            return StatePart(None, words)
        schema = StatePart({**schema.items, **more.items})
    return schema


def _settings(settings: StatePart, pending: StatePart) -> StatePart:
    if settings.items is None or pending.items is None:
        return settings if settings.items is None else pending
    items = {name: redaction.setting(name, value) for name, value in settings.items.items()}
    items |= {f"{name} in its file": redaction.setting(name, value) for name, value in pending.items.items()}
    return StatePart(items)
