"""Samples of a PostgreSQL: what is asked once a second, and what the answer says."""

from __future__ import annotations

import json

from harness.events import LockWait, ProbePostgres, ProbeServer
from harness.printable import shortened
from harness.servers._base import Client, Sample

SCHEMA_EVERY = 5  # samples; its price grows with the number of tables

SETUP = "SET statement_timeout = '2s'; SET application_name = 'harness probe';\n"
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
WITH a AS (SELECT * FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
-- Before PostgreSQL 14 no lock tells since when it is waited for; the statement did not begin later.
waiter AS (SELECT a.pid, a.query, extract(epoch FROM clock_timestamp() - coalesce(
    (SELECT min((to_jsonb(l) ->> 'waitstart')::timestamptz) FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted),
    a.query_start)) AS s
  FROM a WHERE wait_event_type = 'Lock'),
blocking AS (SELECT DISTINCT unnest(pg_blocking_pids(w.pid)) AS pid
  FROM (SELECT pid FROM waiter ORDER BY s DESC LIMIT 5) w)
SELECT json_build_object(
'connections', (SELECT coalesce(json_object_agg(state, n), '{}') FROM (
  SELECT coalesce(state, 'hidden') AS state, count(*) AS n FROM a GROUP BY 1) x),
'waiting', (SELECT count(*) FROM pg_locks WHERE NOT granted),
'lock_wait', (SELECT json_build_object('sessions', n, 'longest', coalesce(round(greatest(w.s, 0)::numeric, 3), 0),
  'waits', left(w.query, 160),
  'holder', (SELECT left(h.query, 160) FROM pg_stat_activity h JOIN blocking b ON b.pid = h.pid
    ORDER BY h.wait_event_type IS DISTINCT FROM 'Lock' DESC, h.xact_start LIMIT 1))
  FROM (SELECT count(*) AS n FROM waiter) c LEFT JOIN (SELECT * FROM waiter ORDER BY s DESC LIMIT 1) w ON true),
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
PREPARED = tuple(f"look_{source}{schema}" for source in ("activity", "statements") for schema in ("", "_schema"))
FIGURES = [one for one in ProbePostgres.__struct_fields__ if one not in ProbeServer.__struct_fields__]


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
        self.client.ask(f"EXECUTE {name};" if self._by_name else question(name))

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
        waits = said.get("lock_wait")
        return Sample(
            {**{key: said.get(key) for key in FIGURES}, "lock_wait": None if waits is None else LockWait(**waits)}
        )
    except (ValueError, AttributeError, TypeError):
        return Sample(error=shortened(f"not an answer to the question: {text.strip() or 'nothing'}"))


def question(name: str) -> str:
    slowest = _STATEMENTS if "_statements" in name else _ACTIVITY
    return (_SAMPLE % (slowest, _SCHEMA if name.endswith("_schema") else "")).strip()
