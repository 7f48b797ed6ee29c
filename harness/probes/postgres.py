"""PostgreSQL, once a second over a `psql` that is kept open: connections, locks, statements, replication, schema."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from harness.history import Event, History
from harness.probes.kept import Heard, Kept, Startable
from harness.probes.replica import shortened

SCHEMA_EVERY = 5  # looks; its price grows with the number of tables

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
_LOOK = """
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
_NAMES = tuple(f"look_{source}{schema}" for source in ("activity", "statements") for schema in ("", "_schema"))
FIELDS = (
    "connections", "waiting", "longest", "longest_idle", "slowest", "slowest_from", "role", "lag", "standbys",
)  # fmt: skip


def _statement(name: str) -> str:
    slowest = _STATEMENTS if "_statements" in name else _ACTIVITY
    return _LOOK % (slowest, _SCHEMA if name.endswith("_schema") else "")


class Client:
    """A `psql` kept open. It never asks for a password: one comes from PGPASSWORD or the service's own files.

    Args:
        prepared: statements, each with its `;`, that are planned once and then run by name: `EXECUTE name`. What a
            server cannot prepare, it says when it is to be run.
    """

    def __init__(self, replica: Startable, user: str, database: str, prepared: Mapping[str, str] | None = None) -> None:
        token = secrets.token_hex(8)
        self._end = f"\n\\echo {token}\n"
        argv = ["/bin/sh", "-c", 'exec 2>&1; exec psql -X -w -q -A -t -U "$1" -d "$2"', "psql", user, database]
        mark = f"{token}\n".encode()
        told = "".join(f"PREPARE {name} AS {statement.strip()}\n" for name, statement in (prepared or {}).items())
        greeting = (_SETUP + told + self._end).encode()
        self._kept = Kept(lambda: replica.start(argv, stdin=True), mark, greeting=greeting)

    def ask(self, *statements: str) -> None:
        """Send statements; their answers come one after the other."""
        self._kept.ask(("\n".join(f"{one.strip().rstrip(';')};" for one in statements) + self._end).encode())

    def answer(self, until: float) -> Heard:
        """What they answered; where one failed, None and PostgreSQL's words."""
        heard = self._kept.answer(until)
        if heard.text is not None:
            failed = next((line for line in heard.text.splitlines() if line.startswith(("ERROR:", "FATAL:"))), None)
            if failed is not None:
                return Heard(None, shortened(failed))
        return heard

    def close(self) -> None:
        """End it."""
        self._kept.close()


class Postgres:
    """Asks one PostgreSQL; records a `probe.postgres` at every look."""

    def __init__(self, history: History, replica: Startable, environment: str, user: str, database: str) -> None:
        self._history, self._environment, self.name = history, environment, replica.name
        # To plan these costs the server more than to answer them.
        self._client = Client(replica, user, database, {name: _statement(name) for name in _NAMES})
        self._slowest: str | None = None  # which part of the question; not known until it was asked
        self._schema: str | None = None
        self._by_name = True

    def begin(self, tick: int) -> None:
        """Send the question."""
        if self._slowest is None:
            self._client.ask("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'")
            return
        self._ask(schema=self._schema is None or tick % SCHEMA_EVERY == 0)

    def _ask(self, *, schema: bool) -> None:
        name = f"look_{self._slowest}{'_schema' if schema else ''}"
        self._client.ask(f"EXECUTE {name}" if self._by_name else _statement(name))

    def finish(self, until: float) -> Event:
        """Take the answer and record it."""
        heard = self._client.answer(until)
        if self._slowest is None and heard.text is not None:
            self._slowest = "statements" if heard.text.strip() == "1" else "activity"
            self._ask(schema=True)
            heard = self._client.answer(until)
        found, error = read(heard)
        if error is not None and "prepared statement" in error:
            self._by_name = False  # it was refused; asked as it is, the server says why
        if error is not None and "pg_stat_statements" in error:
            # It is made, and its library not loaded, or it is of another version, or in a schema that is not looked in.
            self._slowest, self._by_name = "activity", True
        self._schema = found.pop("schema", None) or (self._schema if error is None else None)
        return self._history.record(
            "probe.postgres",
            environment=self._environment,
            replica=self.name,
            **found,
            schema=self._schema,
            error=error,
        )

    def close(self) -> None:
        """End what was kept running."""
        self._client.close()


def read(heard: Heard) -> tuple[dict[str, Any], str | None]:
    """The fields of a `probe.postgres`, all None where there is no answer, and the error."""
    nothing: dict[str, Any] = dict.fromkeys(FIELDS)
    if heard.text is None:
        return nothing, heard.error or "no answer"
    try:
        said = json.loads(heard.text)
        return {**nothing, **{key: said.get(key) for key in (*FIELDS, "schema")}}, None
    except (ValueError, AttributeError):
        return nothing, shortened(f"not an answer to the question: {heard.text.strip() or 'nothing'}")
