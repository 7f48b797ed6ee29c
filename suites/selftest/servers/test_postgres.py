"""PostgreSQL: read as it answers, and a real one that asks for a password, speaks TLS, or is asked over its socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.clock import SystemClock
from harness.fingerprint import StatePart
from harness.servers import _postgres_contents
from harness.servers._base import Password, ServerTls
from harness.servers._postgres_sampling import read_sample
from harness.servers._sql import SqlQueue
from harness.servers.postgres import Postgres
from suites.selftest.fingerprint.answers import said
from suites.selftest.probes.fakes import LocalReplica
from suites.selftest.probes.local import LocalStart, until
from suites.selftest.proxy.conftest import postgres_programs
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import QUIET, back, certificate, fingerprint, items, queued, running, sampled

DECLARED = Postgres(kind="postgres", user="app", database="app", tables=("plans",))
ANSWER = """::: schema
{"table plans": "id integer"}
::: roles
{"app": "login"}
::: settings
{"work_mem": "4MB", "ssl_passphrase_command": "echo s3cr3t"}
::: pending
{}
::: migrations
{"001": ""}
::: tables.0
{"plans": "3 rows, hash 1f"}
::: contents
{"tables": 1}
{"table": "flags", "how": "whole", "rows": 2, "columns": ["name"], "hashes": ["2a"]}
"""


def read(text: str, errors: bytes = b"", code: int = 0) -> dict[str, StatePart]:
    return DECLARED.read(said(text.encode(), errors, code))


def test_a_sample_is_its_fields_and_anything_else_its_words() -> None:
    found = read_sample('{"connections": {"idle": 5}, "waiting": 0, "schema": "ab"}')
    assert (found.fields["connections"], found.fields["waiting"], found.fields["lag"], found.error) == (
        {"idle": 5}, 0, None, None,
    )  # fmt: skip
    for text in ("", "[]", "what?"):
        assert "not an answer" in str(read_sample(text).error)
        assert not read_sample(text).fields


def test_a_database_is_told_by_schema_roles_settings_migrations_and_tables() -> None:
    found = read(ANSWER)
    assert found["schema"].items == {"table plans": "id integer"}
    assert found["tables"].items == {"plans": "3 rows, hash 1f"}
    assert found["migrations"].items == {"001": ""}
    assert (found["settings"].items or {})["ssl_passphrase_command"].startswith("hidden:")
    assert all(part.error is None for part in found.values())


@pytest.mark.parametrize("name", ["schema", "roles", "settings", "pending", "tables.0", "contents"])
def test_a_statement_that_failed_leaves_its_part_unknown_with_the_words_of_the_server(name: str) -> None:
    head, _, rest = ANSWER.partition(f"::: {name}\n")
    text = f"{head}::: {name}\n\n::: {rest.partition('::: ')[2]}"
    whose = {"pending": "settings", "tables.0": "tables"}.get(name, name)
    part = read(text, b"ERROR:  permission denied for table plans\n")[whose]
    assert part.items is None
    assert "permission denied for table plans" in (part.error or "")


def test_a_database_without_a_known_table_of_migrations_has_none_and_one_that_failed_is_unknown() -> None:
    text = ANSWER.replace('{"001": ""}\n', "")
    assert read(text)["migrations"].absent == "no table of a migration tool that is known"
    assert read(text, b"ERROR:  permission denied\n")["migrations"].error is not None


def test_a_psql_that_never_connected_leaves_every_part_unknown() -> None:
    found = read("", b"psql: error: password authentication failed\n", 2)
    assert set(found) == set(Postgres.parts)
    assert {part.error for part in found.values()} == {"psql: psql: error: password authentication failed"}


@dataclass(frozen=True)
class Running:
    """A PostgreSQL that asks for a password (`right`), speaks TLS and counts statements."""

    port: int
    directory: Path
    ca: str

    def server(self, **changes: object) -> Postgres:
        made = {"kind": "postgres", "user": "app", "database": "postgres", "address": f"127.0.0.1:{self.port}"}
        return Postgres.model_validate({**made, **changes})


@pytest.fixture(scope="module")
def database() -> Iterator[Running]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine: apt-get install postgresql")
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    with tempfile.TemporaryDirectory() as place:
        data, port = Path(place, "data"), free_port()
        Path(place, "password").write_text("right")
        files = certificate(Path(place))
        for name in (place, files["key"]):
            if user:
                shutil.chown(name, user)
        initialise: list[Any] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "app",
            "-A",
            "scram-sha-256",
            f"--pwfile={place}/password",
        ]
        subprocess.run(initialise, check=True, cwd=place, user=user, **QUIET)
        serve = [programs / "postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", place, "-F"]
        settings = {"shared_preload_libraries": "pg_stat_statements", "ssl": "on"}
        settings |= {"ssl_cert_file": files["ca"], "ssl_key_file": files["key"]}
        serve += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # SIGINT: ends now, whoever is connected.
        with running(serve, signal.SIGINT, cwd=place, user=user):
            yield Running(port, Path(place), files["ca"])


@pytest.fixture
def app(database: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs statements as `app`, whose password is in the variable that its client reads."""
    monkeypatch.setenv("PGPASSWORD", "right")
    command = ["psql", "-X", "-w", "-q", "-h", "127.0.0.1", "-p", str(database.port), "-U", "app", "-d", "postgres"]
    command += ["-v", "ON_ERROR_STOP=1", "-c"]

    def ran(statements: str) -> str:
        return subprocess.run([*command, statements], check=False, capture_output=True, text=True).stderr

    def run(statements: str) -> None:
        assert "ERROR" not in (words := ran(statements)), words

    assert until(lambda: ran("SELECT 1") == "")

    return run


def test_a_wrong_password_is_told_in_postgresqls_words(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sampled(database.server())["role"] == "primary"
    for wrong, words in (("wrong", "password authentication failed"), (None, "no password supplied")):
        monkeypatch.delenv("PGPASSWORD", raising=False)
        if wrong:
            monkeypatch.setenv("PGPASSWORD", wrong)
        refused = sampled(database.server(), lambda event: words in str(event.data["error"]))  # noqa: B023
        assert (refused["connections"], refused["schema"]) == (None, None)
        assert words in str(fingerprint(database.server())["schema"].error)


@pytest.mark.parametrize("password", ["container", "variable", "file"])
def test_the_password_comes_from_the_container_or_a_variable_or_a_file(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: str
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("POSTGRES_PASSWORD" if password == "container" else "OTHER", "right")
    (tmp_path / "a password").write_text("right\n")
    file = Password(file=str(tmp_path / "a password"))
    declared = {"container": None, "variable": Password(variable="OTHER"), "file": file}[password]
    assert sampled(database.server(password=declared))["role"] == "primary"
    assert "schema public" in items(database.server(password=declared), "schema")


def test_it_is_asked_over_its_unix_socket_and_over_tls(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    app("CREATE OR REPLACE VIEW spoken AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    ssl = SqlQueue(depth="SELECT ssl::int FROM spoken")
    socket = f"{database.directory}/.s.PGSQL.{database.port}"
    assert queued(database.server(address=socket, queue=ssl)) == (0.0, None, None)
    monkeypatch.setenv("PGPORT", str(database.port))
    assert queued(database.server(address=str(database.directory), queue=ssl)) == (0.0, None, None)
    checked = {"address": f"localhost:{database.port}", "queue": ssl}
    assert queued(database.server(**checked, tls=ServerTls(ca=database.ca))) == (1.0, None, None)
    assert queued(database.server(**checked, tls=ServerTls(verify=False))) == (1.0, None, None)
    strict = database.server(**checked, tls=ServerTls())
    assert "certificate" in str(sampled(strict, lambda event: "certificate" in str(event.data["error"]))["error"])


@pytest.mark.parametrize(("schema", "source"), [("public", "pg_stat_statements"), ("away", "pg_stat_activity")])
def test_statements_come_from_the_extension_where_it_can_be_asked(
    database: Running, app: Callable[[str], None], schema: str, source: str
) -> None:
    app("CREATE SCHEMA IF NOT EXISTS away; DROP EXTENSION IF EXISTS pg_stat_statements")
    app(f"CREATE EXTENSION pg_stat_statements SCHEMA {schema}")
    app("SELECT pg_sleep(0.2)")
    seen = sampled(database.server())
    assert seen["slowest_from"] == source
    slow = [seconds for seconds, statement in seen["slowest"] or () if "pg_sleep" in statement]
    assert all(seconds > 0.15 for seconds in slow)
    assert bool(slow) == (source == "pg_stat_statements")


def test_a_statement_that_failed_is_told_over_a_client_that_goes_on(
    database: Running, app: Callable[[str], None]
) -> None:
    client = database.server().connect(LocalStart("database-1"))
    answers = []
    for question in ("SELECT x;", "SELECT 2;"):
        client.ask(question)
        answers.append(client.answer(time.monotonic() + 20.0))
    client.close()
    assert [(one.text, one.error) for one in answers] == [
        (None, 'ERROR: column "x" does not exist'),
        ("2\n", None),
    ]


def test_a_statement_that_the_server_cannot_prepare_is_told_in_its_words(
    database: Running, app: Callable[[str], None]
) -> None:
    one = database.server().sample(LocalStart("database-1"))
    one._slowest = "activity"
    one.client.ask("SELECT 1;")
    assert one.client.answer(time.monotonic() + 20.0).text == "1\n"
    one.client.ask("DEALLOCATE ALL;", "CREATE TEMP TABLE pg_locks (x int);", "SELECT 2;")
    assert one.client.answer(time.monotonic() + 20.0).text == "2\n"
    errors = []
    for tick in (1, 2):
        one.ask(tick)
        errors.append(str(one.answer(time.monotonic() + 10.0).error))
    one.close()
    assert 'prepared statement "look_activity_schema" does not exist' in errors[0]
    assert "column l.pid does not exist" in errors[1]


def test_a_change_of_schema_or_rows_is_a_change_of_the_fingerprint(
    database: Running, app: Callable[[str], None]
) -> None:
    app("CREATE TABLE plans (id int, name text, seen timestamptz); INSERT INTO plans VALUES (1, 'a', now())")
    server = database.server(tables=("plans(id, name)",))
    before = fingerprint(server)
    app("UPDATE plans SET seen = now() + interval '1 hour'")
    assert fingerprint(server)["tables"] == before["tables"]
    app("UPDATE plans SET name = 'b'")
    rows = fingerprint(server)
    assert {name for name in server.parts if rows[name] != before[name]} == {"tables", "contents"}
    app("ALTER TABLE plans ADD COLUMN tier text; DELETE FROM plans WHERE true")
    assert "column plans.tier" in items(server, "schema")
    assert items(server, "tables") == {"plans": "0 rows, hash 0"}
    app("DROP TABLE plans")
    assert "plans" in str(fingerprint(server)["tables"].error)


def test_a_queue_and_a_readback_are_asked_in_sql(database: Running, app: Callable[[str], None], tmp_path: Path) -> None:
    app("CREATE TABLE jobs (key text, at timestamptz)")
    queue = SqlQueue(depth="SELECT count(*) FROM jobs", oldest="SELECT extract(epoch FROM min(at)) FROM jobs;")
    back_of = "SELECT key, count(*) FROM jobs WHERE key LIKE '{key}-%' GROUP BY 1"
    server = database.server(queue=queue, readback=back_of)
    assert queued(server) == (0.0, 0.0, None)
    app("INSERT INTO jobs VALUES ('k-1', now() - interval '1 hour'), ('k-1', now()), ('k-2', now()), ('other', now())")
    depth, age, error = queued(server)
    assert (depth, error) == (4.0, None)
    assert 3590 < age < 3900
    assert back(server, "k", tmp_path)["pieces"] == 2
    app("DROP TABLE jobs")
    assert 'relation "jobs" does not exist' in str(queued(server)[2])
    assert 'relation "jobs" does not exist' in str(back(server, "k", tmp_path / "again")["error"])


def test_everything_that_a_migration_can_leave_is_in_the_schema(database: Running, app: Callable[[str], None]) -> None:
    app("CREATE TABLE kept (id serial PRIMARY KEY, name text, n int); CREATE ROLE reader")
    app("CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
    server = database.server()
    left = {
        "rule kept.no_delete": "CREATE RULE no_delete AS ON DELETE TO kept DO INSTEAD NOTHING",
        "event trigger watch": "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION told()",
        "default rights of app on tables in public": "ALTER DEFAULT PRIVILEGES IN SCHEMA public "
        "GRANT SELECT ON TABLES TO reader",
        "publication feed": "CREATE PUBLICATION feed FOR TABLE kept",
        "extension hstore": "CREATE EXTENSION hstore",
        "statistics kept.pair": "CREATE STATISTICS pair ON name, n FROM kept",
        "column kept.name": "ALTER TABLE kept ALTER name SET STATISTICS 500",
        "column kept.n": "GRANT UPDATE (n) ON kept TO reader",
        "schema public": "GRANT CREATE ON SCHEMA public TO reader",
        "database postgres": "GRANT TEMPORARY ON DATABASE postgres TO reader",
        "table kept": "ALTER TABLE kept REPLICA IDENTITY FULL",
        "constraint triggers kept": "ALTER TABLE kept ADD UNIQUE (n), ADD FOREIGN KEY (n) REFERENCES kept (n); "
        "ALTER TABLE kept DISABLE TRIGGER ALL",
        "sequence kept_id_seq": "ALTER SEQUENCE kept_id_seq CACHE 20",
        "position of sequence kept_id_seq": "INSERT INTO kept (id, name) VALUES (70, 'by hand')",
    }
    for key, statement in left.items():
        before = items(server, "schema")
        app(statement)
        after = items(server, "schema")
        assert before.get(key) != after.get(key), key
        assert items(server, "schema") == after
    assert items(server, "schema")["position of sequence kept_id_seq"] == "behind what is in public.kept.id"
    app("SELECT setval('kept_id_seq', 70)")
    assert items(server, "schema")["position of sequence kept_id_seq"] == "not behind its column"
    app("DROP TABLE kept CASCADE; DROP EVENT TRIGGER watch; DROP FUNCTION told; DROP EXTENSION hstore")
    app("DROP PUBLICATION feed; DROP OWNED BY reader; DROP ROLE reader")


def test_the_contents_of_every_table_are_told_by_column_without_the_loads_own_rows(
    database: Running, app: Callable[[str], None]
) -> None:
    app("CREATE SCHEMA shop; CREATE TABLE shop.flags (id int PRIMARY KEY, name text, state text)")
    app("INSERT INTO shop.flags VALUES (1, 'new', 'off'), (2, 'old', 'on')")
    server = database.server()

    def contents(*own: str) -> dict[str, Any]:
        found = server.fingerprint(lambda text: LocalReplica().ask(text, 60.0), (), SystemClock(), own)["contents"]
        assert found.items is not None, found
        return {key: value for key, value in found.items.items() if key.startswith("shop.")}

    before = contents("k1")
    assert before["shop.flags"] == "2 rows"
    assert set(before) == {"shop.flags", "shop.flags/id", "shop.flags/name", "shop.flags/state"}
    app("UPDATE shop.flags SET state = CASE state WHEN 'on' THEN 'off' ELSE 'on' END")  # they change places
    moved = contents("k1")
    assert {key for key in before if before[key] != moved[key]} == {"shop.flags/state"}
    app("INSERT INTO shop.flags VALUES (3, 'k1-17', 'on'), (4, NULL, 'of k1-18')")
    assert contents("k1") == moved
    assert contents("k2")["shop.flags"] == "4 rows"
    app("DROP SCHEMA shop CASCADE")


def test_columns_of_states_and_of_numbers_are_told_in_all_and_names_are_not(
    database: Running, app: Callable[[str], None]
) -> None:
    app(
        "CREATE TABLE units"
        " (id int PRIMARY KEY, name text, state text, flag bool, token text, n int, wide numeric, tiny real,"
        " at timestamptz, day date, seen timestamp, never timestamptz)"
    )
    app(
        "INSERT INTO units SELECT n, 'unit ' || n, CASE WHEN n % 2 = 0 THEN 'on' ELSE 'it''s off' END, n < 10,"
        " 's3cr3t-token', (n - 1) * 10, CASE n WHEN 1 THEN 'NaN'::numeric WHEN 2 THEN 1e200 ELSE n END, 'Infinity',"
        " now() - interval '7 hours' * (n % 2), CASE WHEN n > 30 THEN DATE 'infinity' ELSE current_date - 3000 END,"
        " now() + interval '50 minutes' * (n % 4), NULL"
        " FROM generate_series(1, 40) n"
    )
    app("CREATE TABLE handful (word text); INSERT INTO handful VALUES ('alice'), ('alice')")
    found = fingerprint(database.server())["contents"].items or {}
    profiles = {key.removesuffix(" (values)"): item for key, item in found.items() if key.endswith(" (values)")}
    assert profiles["units/state"] == {"rows": 40, "words": {"on": 20, "it's off": 20}}
    assert profiles["units/flag"]["words"] == {"true": 9, "false": 31}
    assert "s3cr3t" not in str(profiles["units/token"])
    assert profiles["units/n"] == {"rows": 40, "low": 10, "high": 390, "magnitudes": {"1": 9, "2": 30}, "sum": 7800}
    assert profiles["units/wide"] == {"rows": 40, "low": 3, "high": 40, "magnitudes": {"0": 7, "1": 31}, "sum": 817}
    assert profiles["units/tiny"] == {"rows": 40, "low": None, "high": None, "magnitudes": None, "sum": None}
    assert profiles["units/at"] == {"rows": 40, "ages": {"0": 20, "4": 20}, "ahead": None}
    assert profiles["units/day"] == {"rows": 40, "ages": {"8": 30}, "ahead": None}
    assert profiles["units/seen"] == {"rows": 40, "ages": {"0": 10}, "ahead": {"3": 30}}
    assert profiles["units/never"] == {"rows": 40, "ages": None, "ahead": None}
    assert not {"units/id", "units/name", "handful/word"} & set(profiles)
    app("DROP TABLE units; DROP TABLE handful")


def test_of_a_large_table_the_first_rows_are_looked_at_and_that_is_said(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_postgres_contents, "WHOLE", 100_000)
    monkeypatch.setattr(_postgres_contents, "FIRST", 50)
    app("CREATE TABLE big (id int PRIMARY KEY, name text); CREATE TABLE heap (name text)")
    app("INSERT INTO big SELECT n, 'n' || n FROM generate_series(1, 9000) n; INSERT INTO heap SELECT name FROM big")
    found = fingerprint(database.server())["contents"]
    assert "of big, which are large, the first 50 rows by primary key were looked at" in str(found.note)
    assert "heap (large, without a primary key)" in str(found.note)
    assert found.items
    assert {key for key in found.items if "big" in key} == {"big (first 50 rows)/id", "big (first 50 rows)/name"}
    app("INSERT INTO big VALUES (9001, 'more')")
    assert fingerprint(database.server())["contents"] == found
    app("UPDATE big SET name = 'x' WHERE id = 7")
    assert fingerprint(database.server())["contents"] != found
    app("DROP TABLE big; DROP TABLE heap")


def test_a_table_that_did_not_answer_leaves_the_contents_unknown() -> None:
    head = '{"tables": 2}\n{"table": "a", "how": "whole", "rows": 1, "columns": ["x"], "hashes": ["1f"]}\n'
    assert _postgres_contents.read(head, "no answer").error == "no answer"
    assert _postgres_contents.read("", "no answer").error == "no answer"
    whole = head + '{"table": "b", "left": "may not be read"}\n'
    found = _postgres_contents.read(whole, "no answer")
    assert found.items == {"a": "1 row", "a/x": "1f"}
    assert found.note == "the rows of b (may not be read) were not looked at"


def test_what_is_dropped_and_made_again_as_it_was_is_no_difference(
    database: Running, app: Callable[[str], None]
) -> None:
    make = (
        "CREATE TABLE again (id serial PRIMARY KEY, name text DEFAULT 'x' CHECK (name <> '')); "
        "CREATE INDEX by_name ON again (name); CREATE VIEW seen AS SELECT name FROM again; "
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE kind AS ENUM ('a', 'b'); "
        "INSERT INTO again (name) VALUES ('a'), ('b')"
    )
    drop = "DROP VIEW seen; DROP TABLE again; DROP FUNCTION one; DROP TYPE kind"
    app(make)
    before = fingerprint(database.server())
    app("ALTER TABLE again ALTER name SET (n_distinct = 5)")
    assert "n_distinct=5" in items(database.server(), "schema")["column again.name"]
    app(f"{drop}; {make}")
    assert fingerprint(database.server()) == before
    app(drop)


def test_who_waits_for_a_lock_is_told_with_the_statement_that_holds_it_up(
    database: Running, app: Callable[[str], None]
) -> None:
    app("CREATE TABLE IF NOT EXISTS held (id int)")
    assert sampled(database.server())["lock_wait"] == {"sessions": 0, "longest": 0.0, "waits": None, "holder": None}
    command = [
        "psql",
        "-X",
        "-w",
        "-q",
        "-h",
        "127.0.0.1",
        "-p",
        str(database.port),
        "-U",
        "app",
        "-d",
        "postgres",
        "-c",
    ]
    holds = "BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"
    with running([*command, holds]):
        sampled(database.server(), lambda event: (event.data.get("longest") or 0.0) > 0.5)  # it has the lock by then
        with running([*command, "INSERT INTO held VALUES (1)"]):
            seen = sampled(
                database.server(), lambda event: ((event.data.get("lock_wait") or {}).get("longest") or 0.0) > 1.0
            )
    wait = seen["lock_wait"]
    assert (wait["sessions"], wait["waits"]) == (1, "INSERT INTO held VALUES (1)")
    assert wait["holder"].startswith("BEGIN; LOCK TABLE held")
