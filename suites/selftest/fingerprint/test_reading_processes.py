"""Processes and their environment, as /proc has them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.environment.fingerprint import processes
from harness.environment.fingerprint.sections import Section
from harness.fingerprint import StatePart
from suites.selftest.fingerprint.answers import section

MARK = "\x1emark"
REST = b"1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 "  # from the process group to before the start time


def one(
    pid: int, argv: str, parent: int = 1, *, uid: int = 0, env: bytes = b"", state: bytes = b"read", started: int = 5
) -> tuple[bytes, bytes]:
    """What is said of a process, and its line of the second look."""
    stat = b"%d (%s) S %d " % (pid, argv.split(maxsplit=1)[0].encode(), parent) + REST + b"%d 9 9" % started
    words = argv.replace(" ", "\0").encode() + b"\0"
    mark = MARK.encode()
    return mark + b"%d\n%s\n%d\n%s" % (pid, stat, uid, words) + mark + env + mark + state, stat + b"\n"


def read(found: Iterable[tuple[bytes, bytes]], again: bytes | None = None) -> dict[str, StatePart]:
    told = list(found)
    users = section("root:x:0:0:root:/root:/bin/sh\napp:x:998:998::/:/bin/false\n")
    answer: dict[str, Section] = {"processes": section(b"".join(text for text, _ in told)), "users": users}
    return processes.read(answer, MARK, b"".join(line for _, line in told) if again is None else again)


def test_processes_are_known_by_command_user_and_parent_and_counted() -> None:
    found = read([one(1, "init", 0), one(7, "worker -n", uid=998), one(8, "worker -n", uid=998), one(9, "x", uid=5)])
    assert found["processes"].items == {
        "init (user root, started by nothing)": 1,
        "worker -n (user app, started by init)": 2,
        "x (user 5, started by init)": 1,
    }


def test_who_came_in_by_exec_and_its_children_are_left_out_and_what_a_deployer_left_behind_is_not() -> None:
    found = read([one(1, "init", 0), one(30, "sh", 0), one(31, "find", 30), one(40, "left-behind", 1)])
    assert set(found["processes"].items or {}) == {
        "init (user root, started by nothing)", "left-behind (user root, started by init)",
    }  # fmt: skip


def test_who_lives_only_for_a_moment_or_is_another_by_then_is_left_out() -> None:
    (init, line), (short, _), (other, _) = one(1, "init", 0), one(7, "short"), one(8, "other", started=5)
    again = line + one(8, "other", started=6)[1]
    found = read([(init, line), (short, b""), (other, b"")], again)
    assert list(found["processes"].items or {}) == ["init (user root, started by nothing)"]


@pytest.mark.parametrize(
    "title", ["postgres: app app 10.0.0.7(4711) idle", "postgres: autovacuum worker", "sshd: deploy@notty"]
)
def test_sessions_that_servers_open_for_their_clients_are_left_out(title: str) -> None:
    found = read([one(1, "init", 0), one(7, "real"), (one(8, title)[0], one(8, title)[1])])
    assert len(found["processes"].items or {}) == 2


def test_a_password_on_a_command_line_is_hidden() -> None:
    (name,) = read([one(1, "client --password hunter2 amqp://app:hunter2@queue", 0)])["processes"].items or {}
    assert "hunter2" not in name
    assert name.count("hidden:") == 2


def test_the_environment_is_told_once_and_where_a_process_has_another() -> None:
    env = b"PATH=/bin\0LEVEL=info\0API_KEY=s3cr3t\0HOSTNAME=x\0"
    found = read(
        [one(1, "init", 0, env=env), one(7, "same", env=env), one(8, "other", env=env.replace(b"info", b"debug"))]
    )
    items = dict(found["environment"].items or {})
    assert items.pop("API_KEY of process 1").startswith("hidden:")
    assert items == {
        "PATH of process 1": "/bin", "LEVEL of process 1": "info", "LEVEL of other": "debug",
    }  # fmt: skip


def test_an_environment_that_cannot_be_read_is_an_error_that_names_whose() -> None:
    found = read([one(1, "init", 0), one(7, "closed", state=b"unread")])
    assert "the environment of closed cannot be read" in (found["environment"].error or "")
    assert found["processes"].error is None


@pytest.mark.parametrize("output", [b"", b"noise", MARK.encode() * 5, MARK.encode() + b"7\n7 (x\n"])
def test_an_answer_without_a_process_is_an_error_and_not_none(output: bytes) -> None:
    found = processes.read({"processes": section(output), "users": section("")}, MARK, output)
    assert {part.error for part in found.values()} == {"no process was seen"}


def test_what_was_not_answered_is_an_error() -> None:
    assert {part.error for part in processes.read({}, MARK, b"").values()} == {"not answered"}
