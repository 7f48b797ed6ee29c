"""psycopg cannot tell the proxy from the PostgreSQL, not even with a toxic on it that reads every statement."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from suites.selftest.proxy.peers import Through

psycopg = pytest.importorskip("psycopg")


def connect(port: int, **more: Any) -> Any:
    where = {"host": "127.0.0.1", "port": port, "user": "app", "dbname": "postgres", "connect_timeout": 10}
    return psycopg.connect(**where, **more)


@pytest.fixture
def read(database: Through) -> Through:
    """A proxy with a toxic that reads every statement and means none."""
    database.toxic("postgres_error", statements=["nothing"])
    return database


def twice(made: Any) -> str:
    """What is said to a transaction that fails in the middle."""
    made.execute("BEGIN")
    made.execute("INSERT INTO things VALUES (100, 'lost', NULL)")
    with pytest.raises(psycopg.errors.UniqueViolation) as raised:
        made.execute("INSERT INTO things VALUES (1, 'twice', NULL)")
    made.execute("ROLLBACK")
    return str(raised.value)


def session(port: int) -> list[Any]:
    """What a PostgreSQL says to a bit of everything, from an empty state."""
    said: list[Any] = []
    with connect(port, autocommit=True) as made:
        made.execute("DROP TABLE IF EXISTS things")
        made.execute("CREATE TABLE things (id int PRIMARY KEY, name text, data bytea)")
        with made.transaction():
            for number in range(20):
                made.execute("INSERT INTO things VALUES (%s, %s, %s)", (number, "é" * number, bytes(number)))
        said += made.execute("SELECT * FROM things ORDER BY id", prepare=True).fetchall()
        said.append(twice(made))
        with made.cursor() as cursor, cursor.copy("COPY things (id, name) FROM STDIN") as copy:
            for number in range(1000, 6000):
                copy.write_row((number, "Q" * (number % 50)))
        with made.cursor() as cursor, cursor.copy("COPY things TO STDOUT (FORMAT BINARY)") as copy:
            said.append(b"".join(map(bytes, copy)))
        with made.pipeline():
            piped = [made.execute("SELECT %s::int + 1", (number,)) for number in range(50)]
        said += [cursor.fetchone() for cursor in piped]
        with made.transaction(), made.cursor(name="server") as server:
            server.itersize = 100
            said.append(sum(1 for _ in server.execute("SELECT id FROM things")))
        said.append(made.execute("SELECT repeat('x', 3000000)").fetchone())
        made.execute("LISTEN news")
        made.execute("NOTIFY news, 'hello'")
        said += [note.payload for note in made.notifies(timeout=10, stop_after=1)]
        said.append(made.execute("SHOW server_version").fetchone())
    return said


def test_every_answer_is_the_same(read: Through, postgres_port: int) -> None:
    said = session(read.port)
    assert said[-2] == "hello"
    assert said == session(postgres_port)
    assert read.stats()["toxics"]["postgres_error_upstream"] == {"connections": 1, "bytes": 0, "closed": 0, "ttl": None}


def test_a_statement_can_be_cancelled(read: Through) -> None:
    with connect(read.port, autocommit=True) as made:
        threading.Timer(0.1, made.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            made.execute("SELECT pg_sleep(60)")
        assert made.execute("SELECT 1").fetchone() == (1,)
