"""PostgreSQL, asked with `psql`.

A sample is taken over one `psql` that is kept open. A fingerprint holds the schema, the contents of declared tables,
roles, settings that differ from the default, and migrations.
"""

from __future__ import annotations

import json
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
from harness.printable import shortened
from harness.servers._base import (
    Ask,
    Client,
    HostOrPath,
    Password,
    RawAnswer,
    Sample,
    ServerAdapter,
    ServerTls,
    complaint,
    items_of,
    piped,
)  # fmt: skip
from harness.servers._sql import MIGRATION_TABLES, SqlQueue, Table, pieces, quoted, statement, table_and_columns
from harness.stack.base import Word

SCHEMA_EVERY = 5  # samples; its price grows with the number of tables
MARK = ":::"

_SETUP = "SET statement_timeout = '2s'; SET application_name = 'harness probe';\n"
_ACTIVITY = """
'slowest', (SELECT json_agg(json_build_array(round(s::numeric, 4), q)) FROM (
  SELECT extract(epoch FROM clock_timestamp() - query_start) AS s, left(query, 100) AS q FROM a
  WHERE state = 'active' ORDER BY s DESC NULLS LAST LIMIT 3) x), 'slowest_from', 'pg_stat_activity'
"""
_STATEMENTS = """
'slowest', (SELECT json_agg(json_build_array(round(s::numeric, 6), q)) FROM (
  SELECT mean_exec_time / 1000 AS s, left(query, 100) AS q FROM pg_stat_statements s
  WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY mean_exec_time DESC LIMIT 3) x), 'slowest_from', 'pg_stat_statements'
"""
_SAMPLE = """
WITH a AS (SELECT * FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())
SELECT json_build_object(
'connections', (SELECT coalesce(json_object_agg(state, n), '{}') FROM (
  SELECT coalesce(state, 'hidden') AS state, count(*) AS n FROM a GROUP BY 1) x),
'waiting', (SELECT count(*) FROM pg_locks WHERE NOT granted),
'longest', (SELECT round(max(extract(epoch FROM clock_timestamp() - query_start))::numeric, 3) FROM a
  WHERE state = 'active'),
'longest_idle', (SELECT round(max(extract(epoch FROM clock_timestamp() - state_change))::numeric, 3) FROM a
  WHERE state LIKE 'idle in transaction%%'),
%s,
'role', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
'lag', CASE WHEN pg_is_in_recovery() THEN
  round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::numeric, 3) END,
'standbys', (SELECT json_agg(json_build_array(application_name, state, extract(epoch FROM replay_lag)))
  FROM pg_stat_replication)%s);
"""
_SCHEMA = """,
'schema', (SELECT md5(string_agg(d, E'\\n' ORDER BY d COLLATE "C")) FROM (
  SELECT concat_ws(' ', 'column', n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(x.adbin, x.adrelid)) AS d
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef x ON x.adrelid = c.oid AND x.adnum = a.attnum
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  UNION ALL SELECT concat_ws(' ', 'index', schemaname, indexdef) FROM pg_indexes
    WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema'
  UNION ALL SELECT concat_ws(' ', 'view', schemaname, viewname, definition) FROM pg_views
    WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema'
  UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace
      WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
  UNION ALL SELECT concat_ws(' ', 'function', p.oid::regprocedure, md5(p.prosrc)) FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  UNION ALL SELECT concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger
    WHERE NOT tgisinternal
) definitions)"""
_PREPARED = tuple(f"look_{source}{schema}" for source in ("activity", "statements") for schema in ("", "_schema"))
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


FIGURES = [one for one in ProbePostgres.__struct_fields__ if one not in ProbeServer.__struct_fields__]


class Postgres(ServerAdapter):
    """A PostgreSQL database."""

    event: ClassVar[type[ProbeServer]] = ProbePostgres
    parts: ClassVar[tuple[str, ...]] = ("schema", "tables", "roles", "settings", "migrations")

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
        return Client(replica, self.shell(), "\n\\echo {token}\n", greeting=_SETUP + prepared, failed=failed)

    def once(self, *questions: str) -> list[str]:
        """A `psql` that ends at the first statement that fails."""
        return piped(questions, self.shell("-v", "ON_ERROR_STOP=1"))

    def sample(self, replica: Startable) -> PostgresSampling:
        """Samples it."""
        # To plan these costs the server more than to answer them.
        return PostgresSampling(
            self.connect(replica, "".join(f"PREPARE {name} AS {_sample(name)}\n" for name in _PREPARED))
        )

    def queue_questions(self) -> tuple[str, ...]:
        """The statements that are declared."""
        return self.queue.questions() if self.queue else ()

    def readback_question(self, key: str) -> str:
        """The statement that is declared."""
        return "\\pset fieldsep '\\t'\n" + statement((self.readback or "").replace("{key}", key))

    def fingerprint(self, ask: Ask, releases: Collection[str], clock: Clock) -> Mapping[str, StatePart]:  # noqa: ARG002
        """All parts, by one script."""
        return self.read(ask(f"(\n{self.shell()}\n) <<'END_OF_QUESTIONS'\n{self.script()}\nEND_OF_QUESTIONS"))

    def script(self) -> str:
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
        return text

    def read(self, answer: RawAnswer) -> dict[str, StatePart]:
        """What the database answered to the script."""
        words = f"psql: {complaint(answer)}"
        if answer.exit_code and MARK.encode() not in answer.stdout:
            return dict.fromkeys(self.parts, StatePart(None, words))
        found = pieces(answer.stdout.decode("utf-8", "replace"), MARK)
        parts = {name: items_of(found.get(name), words) for name in ("schema", "roles")}
        parts["settings"] = _settings(items_of(found.get("settings"), words), items_of(found.get("pending"), words))
        no_table = not self.migrations and found.get("migrations") == ""
        failed = b"gexec" in answer.stderr or b"ERROR" in answer.stderr
        if no_table and not failed:
            parts["migrations"] = StatePart(None, absent="no table of a migration tool that is known")
        else:
            parts["migrations"] = items_of(found.get("migrations"), words)
        parts["tables"] = self._tables(found, words)
        return parts

    def _tables(self, found: Mapping[str, str], words: str) -> StatePart:
        items: dict[str, Any] = {}
        for number, declaration in enumerate(self.tables):
            part = items_of(found.get(f"tables.{number}"), words)
            if part.items is None:
                return StatePart(None, f"table {declaration}: {words}")
            items |= part.items
        return StatePart(items) if self.tables else StatePart(None, absent="no tables are declared")


class PostgresSampling:
    """Samples a PostgreSQL. What is asked depends on whether it has pg_stat_statements."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._slowest: str | None = None  # which part of the question; not known until it was asked
        self._schema: str | None = None
        self._by_name = True

    def ask(self, tick: int) -> None:
        """Send the question."""
        if self._slowest is None:
            self.client.ask("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements';")
            return
        self._ask(schema=self._schema is None or tick % SCHEMA_EVERY == 0)

    def _ask(self, *, schema: bool) -> None:
        name = f"look_{self._slowest}{'_schema' if schema else ''}"
        self.client.ask(f"EXECUTE {name};" if self._by_name else _sample(name))

    def answer(self, until: float) -> Sample:
        """Take the answer."""
        heard = self.client.answer(until)
        if self._slowest is None and heard.text is not None:
            self._slowest = "statements" if heard.text.strip() == "1" else "activity"
            self._ask(schema=True)
            heard = self.client.answer(until)
        sample = Sample(error=heard.error or "no answer") if heard.text is None else read_sample(heard.text)
        error = sample.error or ""
        if "prepared statement" in error:
            self._by_name = False  # it was refused; asked as it is, the server says why
        if "pg_stat_statements" in error:
            # It is made, and its library not loaded, or it is of another version, or in a schema that is not looked in.
            self._slowest, self._by_name = "activity", True
        self._schema = sample.fields.get("schema") or (None if error else self._schema)
        return Sample({**sample.fields, "schema": self._schema}, sample.error)

    def close(self) -> None:
        """End the client."""
        self.client.close()


def read_sample(text: str) -> Sample:
    """The fields of an answer."""
    try:
        said = json.loads(text)
        return Sample({key: said.get(key) for key in FIGURES})
    except (ValueError, AttributeError):
        return Sample(error=shortened(f"not an answer to the question: {text.strip() or 'nothing'}"))


def _sample(name: str) -> str:
    slowest = _STATEMENTS if "_statements" in name else _ACTIVITY
    return (_SAMPLE % (slowest, _SCHEMA if name.endswith("_schema") else "")).strip()


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _settings(settings: StatePart, pending: StatePart) -> StatePart:
    if settings.items is None or pending.items is None:
        return settings if settings.items is None else pending
    items = {name: redaction.setting(name, value) for name, value in settings.items.items()}
    items |= {f"{name} in its file": redaction.setting(name, value) for name, value in pending.items.items()}
    return StatePart(items)
