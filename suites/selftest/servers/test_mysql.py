"""MySQL: read as it answers, and a real MariaDB with a password, a unix socket and TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.clock import SystemClock
from harness.kept import Response
from harness.servers import _mysql_contents
from harness.servers._base import Password, ServerTls
from harness.servers._mysql_sampling import MysqlSampling, read_sample
from harness.servers._sql import SqlQueue
from harness.servers.mysql import MySQL
from suites.selftest.probes.fakes import LocalReplica
from suites.selftest.proxy.peers import free_port
from suites.selftest.servers.real import (
    QUIET,
    back,
    certificate,
    fingerprint,
    items,
    program,
    queued,
    running,
    sampled,
    sh,
    up,
)  # fmt: skip

SAMPLE = (
    "Uptime\t5\nThreads_running\t1\nconnections\tSleep\t3\nconnections\tQuery\t1\nlongest\t7\nread_only\t0\n"
    "*** 1. row ***\n        Seconds_Behind_Source: 4\n"
)


def test_a_sample_is_its_fields_and_anything_else_its_words() -> None:
    found = read_sample(SAMPLE).fields
    assert (found["connections"], found["longest"], found["role"], found["lag"]) == (
        {"Sleep": 3, "Query": 1}, 7, "standby", 4,
    )  # fmt: skip
    assert (found["uptime"], found["slow"]) == (5, None)
    alone = read_sample(SAMPLE.partition("***")[0] + "ERROR 1227 (42000) at line 5: Access denied\n")
    assert (alone.fields["role"], alone.fields["lag"], alone.error) == ("primary", None, None)
    assert read_sample("ERROR 1045 (28000): Access denied\n").error == "ERROR 1045 (28000): Access denied"
    assert "not an answer" in str(read_sample("what?").error)


class Answers:
    """A connection that gives these answers, one after the other."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def ask(self, *_questions: str) -> None:
        """Nobody reads it."""

    def answer(self, _until: float) -> Response:
        return Response(self._answers.pop(0), None)

    def close(self) -> None:
        """There is nothing to close."""


def waits(*samples: tuple[float, str]) -> list[Any]:
    """What samples say of locks, at these seconds of the server, with these lines for those who wait."""
    texts = [f"{SAMPLE}locks\t1\t{now}\n{lines}" for now, lines in samples]
    sampling = MysqlSampling(Answers(*texts))
    return [sampling.answer(0.0).fields["lock_wait"] for _ in texts]


def test_a_wait_is_as_long_as_it_was_seen_and_no_longer_than_its_statement_runs() -> None:
    line = "lock\t7\t{}\tALTER TABLE t\tUPDATE t\n"
    long = waits((100.0, line.format(9.0)), (101.0, line.format(10.0)), (103.5, line.format(12.5)), (104.5, ""))
    assert [one.longest for one in long] == [0.0, 1.0, 3.5, 0.0]
    assert (long[2].sessions, long[2].waits, long[2].holder) == (1, "ALTER TABLE t", "UPDATE t")
    again = waits(*((100.0 + second, line.format(0.2)) for second in range(4)))  # a new statement each time
    assert max(one.longest for one in again) == 0.2
    apart = waits((100.0, line.format(9.0)), (101.0, ""), (102.0, line.format(11.0)))
    assert [one.longest for one in apart] == [0.0, 0.0, 0.0]


def test_without_the_privilege_to_see_others_nothing_is_told_of_locks() -> None:
    sampling = MysqlSampling(Answers(SAMPLE + "ERROR 1227 (42000) at line 7: Access denied; you need PROCESS\n"))
    assert sampling.answer(0.0).fields.get("lock_wait") is None


@dataclass(frozen=True)
class Running:
    """A MariaDB, where `app` has the password `right`."""

    port: int
    directory: Path
    ca: str

    def server(self, **changes: object) -> MySQL:
        made = {"kind": "mariadb", "user": "app", "database": "shop", "address": f"127.0.0.1:{self.port}"}
        return MySQL.model_validate({**made, **changes})


@pytest.fixture(scope="module")
def database() -> Iterator[Running]:
    server, install = program("mariadbd", "mariadb-server"), program("mariadb-install-db", "mariadb-server")
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as place:
        made, files = Running(free_port(), Path(place), f"{place}/cert.pem"), certificate(Path(place))
        for name in (place, files["key"]):
            if user:
                shutil.chown(name, user)
        initialise: list[Any] = [install, "--no-defaults", f"--datadir={place}/data", "--skip-test-db"]
        initialise += ["--auth-root-authentication-method=normal"]
        subprocess.run(initialise, check=True, cwd=place, user=user, **QUIET)
        serve = [server, "--no-defaults", f"--datadir={place}/data", f"--socket={place}/s.sock", f"--port={made.port}"]
        serve += ["--bind-address=127.0.0.1", f"--ssl-cert={files['ca']}", f"--ssl-key={files['key']}"]
        root = f"mariadb --no-defaults -u root -S {place}/s.sock"
        grant = "CREATE USER app@'%' IDENTIFIED BY 'right'; GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION"
        asked = ["sh", "-c", f"{root} -e 'SELECT 1'"]
        with running(serve, cwd=place, user=user) as process:
            up(process, lambda: subprocess.run(asked, check=False, **QUIET).returncode == 0)
            sh(f'{root} -e "CREATE DATABASE shop; {grant}"')
            yield made


@pytest.fixture
def app(database: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs statements in an empty database; the password of `app` is in the variable that its client reads."""
    monkeypatch.setenv("MYSQL_PWD", "right")
    client = f"mariadb --no-defaults -u app -h 127.0.0.1 -P {database.port}"
    sh(f"{client} -e 'DROP DATABASE shop; CREATE DATABASE shop'")

    def run(statements: str) -> None:
        sh(f"{client} -D shop <<'E'\n{statements}\nE")

    return run


def test_a_sample_tells_who_is_connected_and_a_wrong_password_is_told_in_mariadbs_words(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = sampled(database.server())
    assert (seen["role"], seen["lag"], seen["waiting"]) == ("primary", None, 0)
    assert seen["uptime"] >= 0
    assert seen["questions"] > 0
    monkeypatch.setenv("MYSQL_PWD", "wrong")
    sampled(database.server(), lambda event: "Access denied for user" in str(event.data["error"]))
    assert "Access denied for user" in str(fingerprint(database.server())["schema"].error)


@pytest.mark.parametrize("password", ["container", "variable", "file"])
def test_the_password_comes_from_the_container_or_a_variable_or_a_file(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: str
) -> None:
    monkeypatch.delenv("MYSQL_PWD")
    monkeypatch.setenv("MARIADB_PASSWORD" if password == "container" else "OTHER", "right")
    (tmp_path / "password").write_text("right\n")
    file = Password(file=str(tmp_path / "password"))
    declared = {"container": None, "variable": Password(variable="OTHER"), "file": file}[password]
    assert sampled(database.server(password=declared))["role"] == "primary"


def test_it_is_asked_over_its_unix_socket_and_over_tls(database: Running, app: Callable[[str], None]) -> None:
    local = SqlQueue(depth="SELECT host = 'localhost' FROM information_schema.processlist WHERE id = connection_id()")
    assert queued(database.server(queue=local)) == (0.0, None, None)
    assert queued(database.server(address=f"{database.directory}/s.sock", queue=local)) == (1.0, None, None)
    spoken = "SELECT count(*) FROM information_schema.session_status WHERE variable_name = 'Ssl_version'"
    ssl = SqlQueue(depth=f"{spoken} AND variable_value LIKE 'TLS%'")
    checked = {"address": f"localhost:{database.port}", "queue": ssl}
    assert queued(database.server(**checked, tls=ServerTls(ca=database.ca))) == (1.0, None, None)
    assert queued(database.server(**checked, tls=ServerTls(verify=False))) == (1.0, None, None)
    strict = database.server(**checked, tls=ServerTls())
    sampled(strict, lambda event: "certificate" in str(event.data["error"]))


CHANGES = [
    ("ALTER TABLE plans ADD COLUMN tier text", "schema", "column plans.tier"),
    ("CREATE INDEX slow ON plans (name(3))", "schema", "index plans.slow"),
    ("CREATE VIEW few AS SELECT 1", "schema", "view few"),
    ("CREATE TRIGGER seen BEFORE INSERT ON plans FOR EACH ROW SET NEW.seen = now()", "schema", "trigger plans.seen"),
    ("CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1", "schema", "function one"),
    (
        "CREATE TABLE parts (plan int, CONSTRAINT belongs FOREIGN KEY (plan) REFERENCES plans (id))",
        "schema",
        "constraint parts.belongs",
    ),
    ("ALTER TABLE plans ADD CONSTRAINT long_name CHECK (name <> 'x')", "schema", "check long_name"),
    ("UPDATE plans SET name = 'b'", "tables", "plans"),
    ("INSERT INTO schema_migrations VALUES ('002')", "migrations", "002"),
    ("CREATE USER auditor; GRANT SELECT ON shop.* TO auditor", "roles", "'auditor'@'%' on shop"),
    ("SET GLOBAL long_query_time = 3", "settings", "long_query_time"),
]


def test_each_kind_of_change_is_found_in_its_part_and_nothing_else_is(
    database: Running, app: Callable[[str], None]
) -> None:
    app("CREATE TABLE plans (id int PRIMARY KEY, name text, seen datetime); INSERT INTO plans VALUES (1, 'a', now())")
    server = database.server(tables=("plans(id, name)",))
    assert fingerprint(server)["migrations"].absent == "no table of a migration tool that is known"
    app("CREATE TABLE schema_migrations (version varchar(20))")
    assert items(server, "migrations") == {}
    try:
        for change, part, key in CHANGES:
            app("UPDATE plans SET seen = date_add(seen, interval 1 hour)")
            before = fingerprint(server)
            app(change)
            after = fingerprint(server)
            assert {name for name in server.parts if before[name] != after[name]} - {"contents"} == {part} - {
                "contents"
            }, change
            assert (after[part].items or {})[key] != (before[part].items or {}).get(key), change
    finally:
        app("DROP USER IF EXISTS auditor; SET GLOBAL long_query_time = 10")


@pytest.mark.parametrize(
    ("holds", "wants", "holder"),
    [
        ("BEGIN; UPDATE held SET id = 2; DO SLEEP(60)", "UPDATE held SET id = 3", "DO SLEEP(60)"),
        ("BEGIN; SELECT * FROM held; DO SLEEP(60)", "ALTER TABLE held ADD COLUMN more int", None),
    ],
    ids=["row", "table"],
)
def test_who_waits_for_a_lock_is_told_and_who_holds_a_rows(
    database: Running, app: Callable[[str], None], holds: str, wants: str, holder: str | None
) -> None:
    app("CREATE TABLE held (id int) ENGINE=InnoDB; INSERT INTO held VALUES (1)")
    assert sampled(database.server())["lock_wait"] == {"sessions": 0, "longest": 0.0, "waits": None, "holder": None}
    client = ["mariadb", "--no-defaults", "-u", "app", "-h", "127.0.0.1", "-P", str(database.port), "-D", "shop", "-e"]
    with running([*client, holds]):
        sampled(database.server(), lambda event: (event.data["longest"] or 0) > 0)  # it sleeps, and has the lock
        with running([*client, wants]):
            seen = sampled(
                database.server(), lambda event: ((event.data.get("lock_wait") or {}).get("longest") or 0.0) > 1.0
            )
    wait = seen["lock_wait"]
    assert (wait["sessions"], wait["waits"], wait["holder"]) == (1, wants, holder)


def test_columns_of_states_and_of_numbers_have_a_profile(database: Running, app: Callable[[str], None]) -> None:
    app(
        "CREATE TABLE units (id int PRIMARY KEY, name varchar(20), state text, flag enum('yes', 'no'), n bigint,"
        " tiny decimal(20, 15), word varchar(9), at datetime, day date, never timestamp NULL);"
        "INSERT INTO units SELECT seq, concat('unit ', seq), if(seq % 2, 'on', 'On'), if(seq < 10, 'yes', 'no'),"
        " 10 * seq, 0, NULL, now() - INTERVAL 7 * (seq % 2) HOUR, current_date + INTERVAL 3000 DAY, NULL"
        " FROM seq_0_to_39"
    )
    found = items(database.server(), "contents")
    profiles = {key.removesuffix(" (values)"): item for key, item in found.items() if key.endswith(" (values)")}
    assert profiles == {
        "units/state": {"rows": 40, "words": {"on": 20, "On": 20}},
        "units/flag": {"rows": 40, "words": {"yes": 10, "no": 30}},
        "units/n": {"rows": 40, "low": 10.0, "high": 390.0, "magnitudes": {"1": 9, "2": 30}, "sum": 7800.0},
        "units/tiny": {"rows": 40, "low": None, "high": 0.0, "magnitudes": None, "sum": 0.0},
        "units/at": {"rows": 40, "ages": {"0": 20, "4": 20}, "ahead": None},
        "units/day": {"rows": 40, "ages": None, "ahead": {"8": 40}},
    }
    app("DROP TABLE units; CREATE TABLE handful (id int PRIMARY KEY, word text); INSERT INTO handful VALUES (1, 'a')")
    assert not [key for key in items(database.server(), "contents") if key.endswith(" (values)")]


def test_what_cannot_be_asked_is_an_error_of_its_part_alone(database: Running, app: Callable[[str], None]) -> None:
    found = fingerprint(database.server(tables=("nothing",), migrations="SELECT x FROM nowhere"))
    assert "nothing" in str(found["tables"].error)
    assert "Table 'shop.nowhere' doesn't exist" in str(found["migrations"].error)
    assert all(found[name].items is not None for name in ("schema", "roles", "settings"))
    assert "Unknown database" in str(fingerprint(database.server(database="none"))["roles"].error)


def test_a_queue_and_a_readback_are_asked_in_sql(database: Running, app: Callable[[str], None], tmp_path: Path) -> None:
    app("CREATE TABLE jobs (k text, at datetime)")
    queue = SqlQueue(
        depth="SELECT count(*) FROM jobs", oldest="SELECT unix_timestamp(min(at)) FROM jobs HAVING min(at) > 0;"
    )
    back_of = "SELECT k, count(*) FROM jobs WHERE k LIKE '{key}-%' GROUP BY 1"
    server = database.server(queue=queue, readback=back_of)
    assert queued(server) == (0.0, 0.0, None)
    app("INSERT INTO jobs VALUES ('k-1', now() - interval 1 hour), ('k-1', now()), ('k-2', now()), ('other', now())")
    depth, age, error = queued(server)
    assert (depth, error) == (4.0, None)
    assert 3590 < age < 3900
    assert back(server, "k", tmp_path)["pieces"] == 2
    app("DROP TABLE jobs")
    assert "Table 'shop.jobs' doesn't exist" in str(queued(server)[2])
    assert "Table 'shop.jobs' doesn't exist" in str(back(server, "k", tmp_path / "again")["error"])


def test_the_contents_of_every_table_are_told_by_column_without_the_loads_own_rows(
    database: Running, app: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    app("CREATE TABLE flags (id int PRIMARY KEY, name varchar(20), state text)")
    app("INSERT INTO flags VALUES (1, 'new', 'off'), (2, NULL, 'on')")
    server = database.server()

    def contents(*own: str) -> dict[str, Any]:
        found = server.fingerprint(lambda text: LocalReplica().ask(text, 60.0), (), SystemClock(), own)["contents"]
        assert found.items is not None, found
        return {key: value for key, value in found.items.items() if key.startswith("flags")}

    before = contents("k1")
    assert set(before) == {"flags", "flags/id", "flags/name", "flags/state"}
    app("UPDATE flags SET state = CASE state WHEN 'on' THEN 'off' ELSE 'on' END")  # they change places
    moved = contents("k1")
    assert {key for key in before if before[key] != moved[key]} == {"flags/state"}
    app("INSERT INTO flags VALUES (3, 'k1-17', 'on')")
    assert contents("k1") == moved
    assert contents()["flags"] == "3 rows"
    monkeypatch.setattr(_mysql_contents, "WHOLE", 0)
    part = fingerprint(server)["contents"]
    assert "flags" in str(part.note)
    assert part.items == {}
    app("DROP TABLE flags")


def test_a_table_that_did_not_answer_leaves_the_contents_unknown() -> None:
    tables = _mysql_contents.tables("a\t10\tid\tint\tPRI\na\t10\tname\ttext\t\n")
    assert _mysql_contents.part("a\t1\t5\t7\n", tables, (), "why").items == {"a": "1 row", "a/id": "5", "a/name": "7"}
    for text in ("", "a\t1\t5\n", "ERROR 1142 (42000) at line 3\n"):
        assert _mysql_contents.part(text, tables, (), "why").error == "why"
