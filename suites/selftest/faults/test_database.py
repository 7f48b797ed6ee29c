"""Faults of databases on a real PostgreSQL with a standby: what a client sees while they are on, and when healed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import FaultUnproven
from suites.selftest.faults.servers import PYTHON, Servers

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("faults of databases")]
COUNT = "say(database().execute('SELECT count(*) FROM history').fetchone()[0])"
INSERT = "say(caught(lambda: database().execute(\"INSERT INTO environments (id, name) VALUES (9000, 'x')\").rowcount))"
CLEAN = "say(database().execute('DELETE FROM environments WHERE id = 9000').rowcount)"


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("database.cached-plans", {}),
        ("database.locked", {"table": "history"}),
        ("database.locked", {"advisory": 7}),
        ("database.slow", {"from": "peer"}),  # the standby, whose connections it ends, comes back meanwhile
        ("database.full", {}),
        ("database.read-only", {}),
        ("database.lagging", {}),
        ("database.disk-full", {}),
        ("database.failing", {"from": "peer"}),
    ],
)
def test_without_a_client_nothing_is_proven(servers: Servers, name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(FaultUnproven) as caught, servers.fault(name, **parameters):
        pass
    assert "is not gone" not in caught.value.what, caught.value


def test_a_prepared_statement_fails_while_its_table_has_another_form(servers: Servers) -> None:
    program = """
d = database()
ask = lambda: d.execute("SELECT * FROM environments LIMIT 1", prepare=True).fetchone() and "a row"
seen = [caught(ask)]
open("/tmp/ready", "w").close()
import os, time
until = time.monotonic() + 20
while not os.path.exists("/tmp/go") and time.monotonic() < until:
    time.sleep(0.05)
seen.append(caught(ask))
say(seen)
"""
    peer = servers.environment.replica("peer-1")
    peer.run("rm -f /tmp/ready /tmp/go")
    with peer.start(["python3", "-c", PYTHON + program]) as client:
        peer.run("until [ -e /tmp/ready ]; do sleep 0.05; done", timeout=20)
        with servers.fault("database.cached-plans", tables=["environments"]) as on:
            peer.run("touch /tmp/go")
            said = [line for _, line in client.lines(20)]
            assert "cached plan must not change result type" in said[-1]
            assert said[-1].startswith('["a row"')
            on.evidence()
    columns = "say(len(database().execute('SELECT * FROM environments LIMIT 1').description))"
    assert servers.peer(columns) == 6


def test_a_locked_table_is_waited_for_and_free_again(servers: Servers) -> None:
    ask = "d = database(); d.execute(\"SET lock_timeout = '{}'\"); say(caught(lambda: d.execute('TABLE history')))"
    peer = servers.environment.replica("peer-1")
    with servers.fault("database.locked", table="history") as on:
        with peer.start(["python3", "-c", PYTHON + ask.format("20s")]):
            assert on.bites(within=15).figures["database-1"] == {"waiting": 1}
        assert "LockNotAvailable" in servers.peer(ask.format("100ms"))
    assert on.proven
    assert isinstance(servers.peer(COUNT), int)


def test_an_advisory_lock_is_not_given_twice(servers: Servers) -> None:
    ask = "say(database().execute('SELECT pg_try_advisory_lock(7)').fetchone()[0])"
    with pytest.raises(FaultUnproven), servers.fault("database.locked", advisory=7):
        assert servers.peer(ask) is False
    assert servers.peer(ask) is True


def test_a_full_database_takes_no_connection_and_then_does(servers: Servers) -> None:
    with servers.fault("database.full") as on:
        assert "too many clients" in servers.peer("say(caught(database))")
        on.bites()
    assert on.proven
    assert isinstance(servers.peer(COUNT), int)


def test_a_read_only_database_refuses_writes_and_answers_reads(servers: Servers) -> None:
    with servers.fault("database.read-only") as on:
        assert "ReadOnlySqlTransaction" in servers.peer(INSERT)
        assert isinstance(servers.peer(COUNT), int)
        on.bites(within=10)
    assert on.proven
    assert [servers.peer(INSERT), servers.peer(CLEAN)] == [1, 1]


def test_a_setting_that_was_there_before_comes_back(servers: Servers) -> None:
    database = servers.environment.replica("database-1")
    ask = 'psql -U app -d app -qAtc "{}"'
    database.run(ask.format("ALTER SYSTEM SET default_transaction_read_only = off"))
    with pytest.raises(FaultUnproven), servers.fault("database.read-only"):
        pass
    written = database.run("grep read_only $PGDATA/postgresql.auto.conf").stdout
    database.run(ask.format("ALTER SYSTEM RESET default_transaction_read_only"))
    assert written == "default_transaction_read_only = 'off'\n"


def test_dropped_connections_end_in_the_middle_and_new_ones_are_taken(servers: Servers) -> None:
    program = """
d = database()
open("/tmp/ready", "w").close()
say(caught(lambda: d.execute("SELECT pg_sleep(20)")))
"""
    peer = servers.environment.replica("peer-1")
    peer.run("rm -f /tmp/ready")
    with peer.start(["python3", "-c", PYTHON + program]) as client:
        peer.run("until [ -e /tmp/ready ]; do sleep 0.05; done", timeout=20)
        with servers.fault("database.dropped-connections") as on:
            assert "terminating connection due to administrator command" in [line for _, line in client.lines(20)][-1]
    assert on.proven
    assert isinstance(servers.peer(COUNT), int)


def test_a_standby_that_lags_answers_with_the_past_and_catches_up(servers: Servers) -> None:
    look = "say(database('standby').execute('SELECT count(*) FROM environments WHERE id = 9000').fetchone()[0])"
    with servers.fault("database.lagging") as on:
        assert servers.peer(INSERT) == 1
        assert servers.peer(look) == 0
        on.bites(within=10)
    assert on.proven
    assert servers.peer(look) == 1
    servers.peer(CLEAN)


@pytest.mark.sampled
def test_a_failed_over_database_is_reached_by_its_old_name_and_everything_is_as_it_was(servers: Servers) -> None:
    where = "d = database({}); say(d.execute('SELECT pg_is_in_recovery(), inet_server_addr()').fetchone())"
    look = "say(database('{}').execute('SELECT count(*) FROM environments WHERE id = 9000').fetchone()[0])"
    before = [servers.peer(where.format(name)) for name in ("'database'", "'standby'")]
    assert [standby for standby, _ in before] == [False, True]
    with servers.fault("database.failed-over") as on:
        assert on.evidence().bit is False, "nobody has connected yet"
        assert servers.peer(where.format("'database'")) == [False, before[1][1]], "the standby answers, and leads"
        assert servers.peer(INSERT) == 1
        assert on.bites().figures["database-1"]["bytes"]
    assert on.proven
    assert [servers.peer(where.format(name)) for name in ("'database'", "'standby'")] == before
    assert servers.peer(look.format("database")) == 1, "what was written meanwhile is kept"
    assert servers.peer(CLEAN) == 1
    database = servers.environment.replica("database-1")
    assert database.run("ls $PGDATA/standby.signal").exit_code != 0
    assert "primary_conninfo" not in database.run("cat $PGDATA/postgresql.auto.conf").stdout


def test_a_restarted_database_ends_connections_and_is_back(servers: Servers) -> None:
    with servers.fault("database.restarted") as on:
        assert isinstance(servers.peer(COUNT), int)
        on.bites()
    assert on.proven


def test_a_full_disk_fails_what_writes_with_its_own_sqlstate(servers: Servers) -> None:
    with servers.fault("database.disk-full") as on:
        assert servers.peer(INSERT).startswith("DiskFull: ")
        assert isinstance(servers.peer(COUNT), int)
        on.bites()
    assert on.proven
    assert [servers.peer(INSERT), servers.peer(CLEAN)] == [1, 1]


def test_statements_that_match_fail_as_asked_for(servers: Servers) -> None:
    with servers.fault("database.failing", statements=["*history*"], sqlstate="40001") as on:
        assert "SerializationFailure" in servers.peer(COUNT.replace("say(", "say(caught(lambda: ") + ")")
        assert [servers.peer(INSERT), servers.peer(CLEAN)] == [1, 1]
        on.bites()
    assert on.proven


def test_a_slow_database_answers_later(servers: Servers) -> None:
    timed = """
import time
d = database(); began = time.monotonic()
for _ in range(3):
    d.execute("SELECT 1")
say(time.monotonic() - began)
"""
    with servers.fault("database.slow", ms=200) as on:
        assert servers.peer(timed) >= 0.6
        on.bites()
    assert on.proven
