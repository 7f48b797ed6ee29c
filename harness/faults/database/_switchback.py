"""How a primary that was shut down cleanly, and whose standby was promoted, leads again: as shell texts and calls."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from harness.faults._acts import unavailable
from harness.faults._undo import Undo
from harness.faults.database._postgres import ASK_WITHIN, STANDBY, PostgresServer, literal

NAME = "database.failed-over"
CONNINFO = "SELECT setting FROM pg_settings WHERE name = 'primary_conninfo';"
# What ALTER SYSTEM wrote before, or none.
WRITTEN = """SELECT setting FROM pg_file_settings
WHERE name = 'primary_conninfo' AND sourcefile LIKE '%postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1;"""
STREAMS = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming';"
# `ask` is a shell function that prints whether the server is in recovery. A script has a minute.
ANSWERS = """role=
i=0
while [ $i -lt 50 ] && [ -z "$role" ]; do
    role=$({recovery} 2> /dev/null) || role=
    [ -n "$role" ] || sleep 0.5
    i=$((i + 1))
done
"""
FOLLOW = """case "$role" in
0)
    rm -f {signal}
    {reset}
    ;;
1)
    i=0
    while [ $i -lt 60 ]; do
        [ "$({streams} 2> /dev/null)" = 1 ] && exit 0
        sleep 0.5
        i=$((i + 1))
    done
    echo "it does not receive what the new primary writes"
    exit 1
    ;;
*)
    echo "it does not answer"
    exit 1
    ;;
esac
"""
# Where it still follows it is left as it is: then the next step stops and starts a standby, which does no harm.
GIVE_UP = """case "$role" in
0)
    : > {signal}
    chown --reference={version} {signal}
    {stop}
    ;;
1) ;;
*)
    echo "it does not answer"
    exit 1
    ;;
esac
"""
PROMOTE = """case "$role" in
0) ;;
1) [ "$({promote})" = 1 ] || exit 1 ;;
*)
    echo "it does not answer"
    exit 1
    ;;
esac
{reset}
"""


@dataclass(frozen=True, slots=True)
class Switchback:
    """What takes a failover back.

    Attributes:
        primary, standby: as they were.
        follow: how the primary connects to the standby, should that lead.
        before: what its primary_conninfo was; empty for none.
        data: where each has its data.
    """

    primary: PostgresServer
    standby: PostgresServer
    follow: str
    before: str
    data: tuple[str, str]

    @classmethod
    def of(cls, primary: PostgresServer, standby: PostgresServer) -> Switchback:
        """For two servers, as they are before the failover.

        Raises:
            FaultUnavailable: the primary could not follow the standby.
        """
        name = primary.replica.name
        if said := primary.admin("SHOW synchronous_standby_names;").strip():
            raise unavailable(NAME, name, f"its commits wait for {said}", "no synchronous_standby_names")
        data = (primary.admin("SHOW data_directory;").strip(), standby.admin("SHOW data_directory;").strip())
        for server, place in zip((primary, standby), data, strict=True):
            if server.replica.run(f"stat -f -c %T {shlex.quote(place)}").stdout.strip() in ("tmpfs", "ramfs"):
                raise unavailable(NAME, server.replica.name, f"{place} is in memory", "data that outlive the process")
        # Of a key that stands twice the last one counts; an empty address is none.
        follow = f"{standby.admin(CONNINFO).strip()} host={standby.replica.name} hostaddr=''"
        asked = ["psql", "-X", "-w", "-c", "IDENTIFY_SYSTEM", f"{follow} replication=true"]
        answer = primary.replica.run(asked, timeout=ASK_WITHIN)
        if answer.exit_code != 0:
            raise unavailable(
                NAME, name, f"it may not follow {standby.replica.name}: {answer.stderr.strip()[:200]}",
                "a line for replication in the standby's pg_hba.conf, and the same user on both",
            )  # fmt: skip
        return cls(primary, standby, follow, primary.admin(WRITTEN).strip(), data)

    def follow_later(self) -> tuple[str, ...]:
        """Statements for the primary: once it is started again it follows the standby."""
        return (f"ALTER SYSTEM SET primary_conninfo = {literal(self.follow)};",)

    def shut_down(self) -> str:
        """The shell text that ends the primary, and makes it one that follows when it is started again."""
        data = self.data[0]
        signal, version = shlex.quote(f"{data}/standby.signal"), shlex.quote(f"{data}/PG_VERSION")
        return f"set -e\n: > {signal}\nchown --reference={version} {signal}\n{_stop(data)}"

    def steps(self) -> Sequence[Undo]:
        """In the order in which they are done. Each may be done twice, and where nothing was done before."""
        first, second = self.primary, self.standby
        return (
            _call(first, "start"),
            _shell(first, ANSWERS + FOLLOW, self._words(first, self.data[0])),
            _shell(second, ANSWERS + GIVE_UP, self._words(second, self.data[1])),
            _call(second, "stop"),
            _shell(first, ANSWERS + PROMOTE, self._words(first, self.data[0])),
            _call(second, "start"),
        )

    def _words(self, server: PostgresServer, data: str) -> dict[str, str]:
        written = f"ALTER SYSTEM SET primary_conninfo = {literal(self.before)};"
        reset = written if self.before else "ALTER SYSTEM RESET primary_conninfo;"

        def asked(*statements: str) -> str:
            return shlex.join(server.admin_argv(*statements))

        return {
            "signal": shlex.quote(f"{data}/standby.signal"), "version": shlex.quote(f"{data}/PG_VERSION"),
            "recovery": asked(STANDBY), "streams": asked(STREAMS), "stop": _stop(data),
            "promote": asked("SELECT pg_promote(true, 30)::int;"), "reset": asked(reset, "SELECT pg_reload_conf();"),
        }  # fmt: skip


def _stop(data: str) -> str:
    """A fast shutdown, a moment later: whatever runs in the container ends with it."""
    end = f'sleep 0.3; kill -INT "$(head -n 1 {shlex.quote(data + "/postmaster.pid")})"'
    return f"setsid sh -c {shlex.quote(end)} < /dev/null > /dev/null 2>&1 &"


def _call(server: PostgresServer, call: str) -> Undo:
    place = server.replica
    return Undo(place.name, place.container_id, call="start" if call == "start" else "stop")


def _shell(server: PostgresServer, script: str, words: dict[str, str]) -> Undo:
    place = server.replica
    return Undo(place.name, place.container_id, shell=script.format(**words))
