"""What takes a failover back, run as a shell runs it, on servers that are stand-ins: whatever was done before."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.errors import FaultUnavailable
from harness.faults.database._postgres import PostgresServer
from harness.faults.database._switchback import Switchback

pytestmark = pytest.mark.programs


class FakeServer:
    """A server whose answers are files in a directory: `recovery` and `streams`; what it is told is in `told`."""

    def __init__(self, directory: Path, name: str, **answers: str) -> None:
        self.data, self.answers = directory / name, answers
        self.data.mkdir()
        (self.data / "PG_VERSION").write_text("15\n")
        ran = SimpleNamespace(exit_code=int(answers.get("follows", "0")), stdout="ext2/ext3", stderr="no entry")
        self.replica = SimpleNamespace(name=name, container_id=f"id-{name}", run=lambda *_, **__: ran)

    def admin(self, statement: str) -> str:
        known = {"data_directory": str(self.data), "synchronous": self.answers.get("waits", ""), "pg_file_settings": ""}
        return next((said for word, said in known.items() if word in statement), "user=app host=elsewhere") + "\n"

    def admin_argv(self, *statements: str) -> list[str]:
        text = " ".join(statements)
        script = f"printf '%s\\n' \"$1\" >> {self.data}/told; "
        if "is_in_recovery" in text:
            script = f"cat {self.data}/recovery"
        elif "wal_receiver" in text:
            script = f"cat {self.data}/streams"
        elif "pg_promote" in text:
            script += f"echo 0 > {self.data}/recovery; echo 1"
        return ["sh", "-c", script, "psql", text]

    def is_(self, **state: str) -> None:
        for key, value in state.items():
            (self.data / key).write_text(f"{value}\n")

    @property
    def told(self) -> str:
        return (self.data / "told").read_text() if (self.data / "told").exists() else ""

    @property
    def follows_later(self) -> bool:
        return (self.data / "standby.signal").exists()


def pair(directory: Path, **answers: str) -> tuple[FakeServer, FakeServer]:
    return FakeServer(directory, "database-1", **answers), FakeServer(directory, "standby-1")


def switchback(primary: FakeServer, standby: FakeServer) -> Switchback:
    return Switchback.of(cast(PostgresServer, cast(Any, primary)), cast(PostgresServer, cast(Any, standby)))


def ran(shell: str) -> subprocess.CompletedProcess[str]:
    # What ends the server is left out: there is none.
    text = shell.replace("setsid", "echo")
    return subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, timeout=60, check=False)


def test_the_old_primary_follows_takes_over_and_is_followed_in_this_order(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    steps = switchback(primary, standby).steps()
    assert [(one.place, one.call or "shell") for one in steps] == [
        ("database-1", "start"), ("database-1", "shell"), ("standby-1", "shell"), ("standby-1", "stop"),
        ("database-1", "shell"), ("standby-1", "start"),
    ]  # fmt: skip


def test_after_a_failover_both_are_again_what_they_were(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    _, follow, give_up, _, promote, _ = switchback(primary, standby).steps()
    primary.is_(recovery="1", streams="1")
    standby.is_(recovery="0")
    assert ran(follow.shell).returncode == 0
    assert primary.told == "", "it follows, and nothing else is asked of it yet"
    assert ran(give_up.shell).returncode == 0
    assert standby.follows_later
    assert ran(promote.shell).returncode == 0
    assert (primary.data / "recovery").read_text() == "0\n"
    assert "pg_promote" in primary.told
    assert "ALTER SYSTEM RESET primary_conninfo" in primary.told


def test_where_nothing_was_done_yet_only_what_was_prepared_is_taken_back(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    _, follow, give_up, _, promote, _ = switchback(primary, standby).steps()
    primary.is_(recovery="0")
    standby.is_(recovery="1")
    (primary.data / "standby.signal").touch()
    for one in (follow, give_up, promote):
        assert ran(one.shell).returncode == 0
    assert not primary.follows_later
    assert not standby.follows_later, "it follows anyway"
    assert "pg_promote" not in primary.told
    assert "ALTER SYSTEM RESET primary_conninfo" in primary.told


def test_an_old_primary_that_cannot_follow_is_told_and_the_new_one_keeps_leading(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    _, follow, *_ = switchback(primary, standby).steps()
    primary.is_(recovery="1", streams="0")
    quick = follow.shell.replace("sleep 0.5", ":")
    found = ran(quick)
    assert found.returncode == 1
    assert "does not receive what the new primary writes" in found.stdout


def test_one_that_does_not_answer_is_told(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    for one in switchback(primary, standby).steps():
        if one.shell:
            found = ran(one.shell.replace("sleep 0.5", ":"))
            assert (found.returncode, found.stdout) == (1, "it does not answer\n")


def test_it_connects_as_the_standby_did_but_to_the_standby(tmp_path: Path) -> None:
    primary, standby = pair(tmp_path)
    (statement,) = switchback(primary, standby).follow_later()
    assert "user=app host=elsewhere host=standby-1 hostaddr=''''" in statement


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"waits": "standby-1"}, "its commits wait for standby-1"),
        ({"follows": "2"}, "it may not follow standby-1: no entry"),
    ],
)
def test_a_primary_that_could_not_come_back_is_left_alone(tmp_path: Path, answers: dict[str, str], why: str) -> None:
    with pytest.raises(FaultUnavailable) as caught:
        switchback(*pair(tmp_path, **answers))
    assert caught.value.got == why
