"""postgres_error."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from itertools import starmap
from typing import Any

import pytest

from harness.proxy.toxics.postgres_error import message
from suites.selftest.proxy.peers import Through, eventually, read_exactly

psycopg = pytest.importorskip("psycopg")


def connect(database: Through, **more: Any) -> Any:
    where = {"host": "127.0.0.1", "port": database.port, "user": "app", "dbname": "postgres", "connect_timeout": 10}
    return psycopg.connect(**where, **more)


@pytest.fixture
def connection(database: Through) -> Iterator[Any]:
    with connect(database, autocommit=True) as made:
        made.execute("DROP TABLE IF EXISTS releases")
        made.execute("CREATE TABLE releases (name text)")
        yield made


@pytest.mark.parametrize("parameters", [None, ("4.1.0",)])
def test_matching_statements_fail_with_the_state(database: Through, connection: Any, parameters: Any) -> None:
    database.toxic("postgres_error", statements=["insert into releases*"], sqlstate="53100", message="no 'space' left")
    statement = "INSERT  INTO\nreleases VALUES (%s)" if parameters else "INSERT INTO releases VALUES ('4.1.0')"
    for _ in range(7):  # often enough for psycopg to prepare it
        with pytest.raises(psycopg.errors.DiskFull, match="no 'space' left"):
            connection.execute(statement, parameters)
    assert connection.execute("SELECT count(*) FROM releases").fetchone() == (0,)
    database.heal("postgres_error_upstream")
    connection.execute(statement, parameters)
    assert connection.execute("SELECT count(*) FROM releases").fetchone() == (1,)


def test_a_transaction_is_aborted_as_by_any_other_error(database: Through, connection: Any) -> None:
    database.toxic("postgres_error", statements=["UPDATE *"], sqlstate="40P01")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO releases VALUES ('lost')")
    with pytest.raises(psycopg.errors.DeadlockDetected):
        connection.execute("UPDATE releases SET name = %s", ("x",))
    connection.execute("ROLLBACK")
    assert connection.execute("SELECT count(*) FROM releases").fetchone() == (0,)
    connection.execute("BEGIN")
    with pytest.raises(psycopg.errors.DeadlockDetected):
        connection.execute("UPDATE releases SET name = 'x'")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("SELECT 1")
    connection.execute("ROLLBACK")


def test_statements_that_were_prepared_fail_when_they_are_carried_out(database: Through) -> None:
    database.toxic("postgres_error", statements=["nothing"])
    with connect(database, autocommit=True, prepare_threshold=0) as made:
        for number in range(3):
            assert made.execute("SELECT %s::int", (number,)).fetchone() == (number,)
        database.change("postgres_error_upstream", statements=["SELECT $1::int"], sqlstate="57014")
        with pytest.raises(psycopg.errors.QueryCanceled):
            made.execute("SELECT %s::int", (5,))
        database.change("postgres_error_upstream", statements=["nothing"])
        assert made.execute("SELECT %s::int", (6,)).fetchone() == (6,)


def test_a_pipeline_fails_where_it_should(database: Through) -> None:
    database.toxic("postgres_error", statements=["SELECT 'bad'"], sqlstate="57014")
    with connect(database, autocommit=True) as made:
        with contextlib.suppress(psycopg.errors.PipelineAborted), made.pipeline():
            good = made.execute("SELECT 'good'")
            bad = made.execute("SELECT 'bad'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                bad.fetchone()
        assert good.fetchone() == ("good",)
        assert made.execute("SELECT 'fine'").fetchone() == ("fine",)


def batch(*messages: tuple[bytes, bytes]) -> bytes:
    return b"".join(starmap(message, messages))


class Raw:
    """A client that speaks the protocol message by message."""

    def __init__(self, opened: socket.socket) -> None:
        self.opened = opened
        first = struct.pack("!I", 196608) + b"user\0app\0database\0postgres\0\0"
        opened.sendall(struct.pack("!I", len(first) + 4) + first)
        self.until(b"Z")

    def until(self, last: bytes) -> str:
        """The kinds of the messages that come, up to this one."""
        kinds = b""
        while not kinds.endswith(last):
            head = read_exactly(self.opened, 5)
            read_exactly(self.opened, struct.unpack("!I", head[1:])[0] - 4)
            kinds += head[:1]
        return kinds.decode()

    def ask(self, *messages: tuple[bytes, bytes], until: bytes) -> str:
        self.opened.sendall(batch(*messages))
        return self.until(until)


SYNC, FLUSH = (b"S", b""), (b"H", b"")


def statement(text: bytes, name: bytes = b"") -> list[tuple[bytes, bytes]]:
    """Prepared, described and carried out."""
    carried_out = [(b"B", b"\0" + name + bytes(7)), (b"D", b"P\0"), (b"E", bytes(5))]
    return [(b"P", name + b"\0" + text + bytes(3)), *carried_out]


@pytest.fixture
def raw(database: Through) -> Iterator[Raw]:
    database.toxic("postgres_error", statements=["SELECT 'bad'"], sqlstate="57014")
    with database.connect() as opened:
        yield Raw(opened)


def test_the_server_is_ready_after_a_failed_batch_only_when_the_batch_has_ended(raw: Raw) -> None:
    good, bad = statement(b"SELECT 'good'"), statement(b"SELECT 'bad'")
    assert raw.ask(*good, *bad, FLUSH, until=b"E") == "12TDC12E"
    raw.opened.settimeout(0.5)  # long enough for a message that must not come: on the same host it takes a millisecond
    with pytest.raises(TimeoutError):
        raw.until(b"Z")
    raw.opened.settimeout(10)
    assert raw.ask(*good, SYNC, until=b"Z") == "Z"  # what follows an error is skipped
    assert raw.ask(*good, SYNC, until=b"Z") == "12TDCZ"


def test_a_batch_that_fails_at_its_end_has_no_message_too_many(raw: Raw) -> None:
    good, bad = statement(b"SELECT 'good'"), statement(b"SELECT 'bad'")
    assert raw.ask(*good, *bad, *good, SYNC, until=b"Z") == "12TDCEZ"
    assert raw.ask(*good, SYNC, until=b"Z") == "12TDCZ"


def test_a_batch_that_is_under_way_when_the_toxic_goes_fails_still(database: Through, raw: Raw) -> None:
    good, bad = statement(b"SELECT 'good'"), statement(b"SELECT 'bad'")
    raw.opened.sendall(batch(*bad))
    eventually(lambda: database.stats()["toxics"]["postgres_error_upstream"]["bytes"] >= len(batch(*bad)))
    database.heal("postgres_error_upstream")
    assert raw.ask(*good, SYNC, until=b"Z") == "12EZ"
    assert raw.ask(*bad, SYNC, until=b"Z") == "12TDCZ"


def test_a_copy_passes(database: Through, connection: Any) -> None:
    database.toxic("postgres_error", statements=["nothing"])
    with connection.cursor() as cursor:
        with cursor.copy("COPY releases FROM STDIN") as copy:
            for number in range(50_000):
                copy.write_row((f"Q{number}",))
        with cursor.copy("COPY releases TO STDOUT") as copy:
            assert sum(1 for _ in copy.rows()) == 50_000


@pytest.mark.parametrize("state", ["", "00000", "0100", "abcde", "57014'; DROP"])
def test_what_is_no_error_state_is_refused(database: Through, state: str) -> None:
    assert "sqlstate" in database.toxic("postgres_error", sqlstate=state, expect=400)["error"]
