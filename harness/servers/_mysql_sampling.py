"""Samples of a MySQL or MariaDB: what is asked once a second, and what the answer says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.events import LockWait
from harness.printable import shortened
from harness.servers._base import Sample, ServerConnection, SimpleSampling
from harness.servers._sql import quoted

STATUS = {
    "running": "Threads_running",
    "waiting": "Innodb_row_lock_current_waits",
    "slow": "Slow_queries",
    "questions": "Questions",
    "aborted": "Aborted_connects",
    "rejected": "Connection_errors_max_connections",
    "uptime": "Uptime",
}
SETUP = """SET SESSION lock_wait_timeout = 2;
SET SESSION /*M! max_statement_time = 2 */ /*!80000 max_execution_time = 2000 */;
"""
_OTHERS = "FROM information_schema.processlist WHERE id <> connection_id()"
# Row locks, whose holder is known, and locks of tables, whose holder is not. The first row says that it could be told.
_LOCKS = """SELECT 'locks', count(*), unix_timestamp(now(6)) FROM information_schema.innodb_trx;
SELECT 'lock', p.id, /*M! p.time_ms / 1000 */ /*!80000 p.time */, left(coalesce(p.info, p.state), 160), coalesce((
    SELECT left(coalesce(h.info, concat('a transaction that has been idle for ', h.time, ' s')), 160)
    FROM /*M! information_schema.innodb_lock_waits */ /*!80000 performance_schema.data_lock_waits */
    JOIN information_schema.innodb_trx b
        ON b.trx_id = /*M! blocking_trx_id */ /*!80000 blocking_engine_transaction_id */
    JOIN information_schema.processlist h ON h.id = b.trx_mysql_thread_id
    WHERE /*M! requesting_trx_id */ /*!80000 requesting_engine_transaction_id */ = t.trx_id
    ORDER BY b.trx_started LIMIT 1), '')
FROM information_schema.processlist p
LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = p.id AND t.trx_state = 'LOCK WAIT'
WHERE p.id <> connection_id() AND (t.trx_id IS NOT NULL
    OR p.state LIKE 'Waiting for % lock' OR p.state IN ('User lock', 'Waiting for table flush'));"""
SAMPLE = (
    f"SHOW GLOBAL STATUS WHERE variable_name IN ({', '.join(map(quoted, STATUS.values()))});",
    f"SELECT 'connections', command, count(*) {_OTHERS} AND command <> 'Daemon' GROUP BY command;",
    f"SELECT 'longest', coalesce(max(time), 0) {_OTHERS} AND command IN ('Query', 'Execute');",
    "SELECT 'read_only', @@global.read_only;",
    _LOCKS,
    "SHOW REPLICA STATUS\\G",
)
ERROR = re.compile(r"^ERROR .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Waiter:
    """A session that waits for a lock.

    Attributes:
        id: the server's, of its connection.
        age: seconds since its statement began.
        waits, holder: statements; the holder's is empty where it is not known.
    """

    id: str
    age: float
    waits: str
    holder: str


class MysqlSampling(SimpleSampling):
    """Samples it, and remembers who waited for a lock before: the server tells since when a statement runs, and not
    since when it waits.
    """

    def __init__(self, connection: ServerConnection) -> None:
        super().__init__(connection, SAMPLE, read_sample)
        self._since: dict[str, float] = {}  # by connection, the server's time at which it was first seen to wait

    def answer(self, until: float) -> Sample:
        """Take the answer."""
        heard = self._connection.answer(until)
        if heard.text is None:
            return Sample(error=heard.error or "no answer")
        sample, told = read_sample(heard.text), read_waiters(heard.text)
        if sample.error or told is None:
            return sample
        return Sample({**sample.fields, "lock_wait": self._longest(*told)})

    def _longest(self, now: float, waiters: list[Waiter]) -> LockWait:
        """Of a session that waited in every sample from one to this one, at least the time between. No wait is older
        than its statement: one that begins again and again is not taken for one that lasts.
        """
        self._since = {one.id: self._since.get(one.id, now) for one in waiters}
        if not waiters:
            return LockWait()
        seconds, worst = max(
            ((min(now - self._since[one.id], one.age), one) for one in waiters), key=lambda found: found[0]
        )
        return LockWait(len(waiters), round(max(seconds, 0.0), 3), worst.waits, worst.holder or None)


def read_sample(text: str) -> Sample:
    """The fields of an answer; a replica's lag is None where it is not a replica, or where the user may not see it."""
    rows = _rows(text)
    status = {row[0]: row[1] for row in rows if len(row) == 2}
    found: dict[str, Any] = {name: _whole(status.get(key)) for name, key in STATUS.items()}
    if found["uptime"] is None:
        failed = ERROR.search(text)
        return Sample(error=shortened(failed[0] if failed else f"not an answer to the question: {text.strip()}"))
    found["connections"] = {row[1]: _whole(row[2]) for row in rows if len(row) == 3 and row[0] == "connections"}
    found["longest"] = _whole(status.get("longest"))
    # A replica of MySQL is behind its source, one of MariaDB its master.
    lag = re.search(r"Seconds_Behind_(?:Source|Master): (\S+)", text)
    writable = {"0": "primary", "1": "standby"}.get(status.get("read_only", ""))
    return Sample({**found, "role": "standby" if lag else writable, "lag": _whole(lag[1]) if lag else None})


def read_waiters(text: str) -> tuple[float, list[Waiter]] | None:
    """The server's time, and who waits for a lock; None where the user may not see the others (privilege PROCESS)."""
    rows = _rows(text)
    try:
        now = next((float(row[2]) for row in rows if len(row) == 3 and row[0] == "locks"), None)
        waiters = [Waiter(row[1], float(row[2]), row[3], row[4]) for row in rows if len(row) == 5 and row[0] == "lock"]
    except ValueError:
        return None
    return None if now is None else (now, waiters)


def _rows(text: str) -> list[list[str]]:
    return [line.strip("\r\n ").split("\t") for line in text.splitlines()]


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
