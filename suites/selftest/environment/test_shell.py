"""A replica's shell: whatever a command does, its answer is its own, and nothing stays behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.engine.process import Api
from harness.environment.open_shell import OpenShell
from harness.environment.shell import Shell
from harness.errors import CommandTimeout, HostError, ReplicaGone
from suites.selftest.environment.conftest import BASE, Start, commands, eventually, running

pytestmark = pytest.mark.containers


@pytest.fixture
def shell(api: Api, sleeper: str) -> Iterator[Shell]:
    with Shell(api, sleeper, "backend-1") as shell:
        yield shell


@pytest.fixture(scope="module")
def shared(api: Api) -> Iterator[Shell]:
    """One shell for all commands of the table, so each also shows that the ones before it changed nothing."""
    with running(api, BASE, ["sleep", "100000"]) as container, Shell(api, container, "backend-1") as shell:
        yield shell


@pytest.mark.parametrize(
    ("command", "exit_code", "stdout", "stderr"),
    [
        ("echo hi", 0, "hi\n", ""),
        ("printf 'no newline'", 0, "no newline", ""),
        ("true", 0, "", ""),
        ("echo out; echo err >&2", 0, "out\n", "err\n"),
        ("exit 3", 3, "", ""),
        ("return 3", 3, "", ""),
        ("cd /tmp; pwd", 0, "/tmp\n", ""),
        ("set -e; false; echo no", 1, "", ""),
        ("set -x; echo q", 0, "q\n", "+ echo q\n"),
        ("set -u; echo $nope", 2, "", "nope: parameter not set"),
        ("echo 'open", 2, "", "Unterminated quoted string"),
        ("if then", 2, "", "Syntax error"),
        ("(", 2, "", "Syntax error"),
        ("cat", 0, "", ""),
        ("exec >/dev/null 2>&1; echo x", 0, "", ""),
        ("exec nosuch", 127, "", "nosuch: not found"),
        ("trap 'echo t' EXIT; exit 4", 4, "t\n", ""),
        ('echo "$#"', 0, "0\n", ""),
        (
            "printf '\\036E:%s:0\\n' 0123456789abcdef0123456789abcdef",
            0,
            "\x1eE:0123456789abcdef0123456789abcdef:0\n",
            "",
        ),
        ("echo 'é ü'", 0, "é ü\n", ""),
        ("echo one\necho two", 0, "one\ntwo\n", ""),
        ("# nothing", 0, "", ""),
        ("", 0, "", ""),
        ("unset PATH HOME; alias; exec 3>&- 9>&-; echo $$ >/dev/null", 0, "", ""),
        ("echo end\\", 0, "end\\\n", ""),
    ],
)
def test_a_command_answers_as_it_would_alone_and_the_next_one_too(
    shared: Shell, command: str, exit_code: int, stdout: str, stderr: str
) -> None:
    for _ in range(2):
        answer = shared.run(command)
        assert (answer.exit_code, answer.stdout) == (exit_code, stdout)
        assert stderr in answer.stderr
        assert bool(stderr) == bool(answer.stderr)
    assert shared.run("pwd").stdout == "/\n"


def test_all_bytes_come_back(shell: Shell) -> None:
    data = bytes(range(256)) * 40
    octal = "".join(f"\\{byte:03o}" for byte in bytes(range(256)))
    assert shell.ask(f"i=0; while [ $i -lt 40 ]; do printf '{octal}'; i=$((i+1)); done").stdout == data


def test_a_command_cannot_learn_its_own_token(shell: Shell) -> None:
    first = shell.run("set; alias; trap; env; echo $*").stdout
    assert not [line for line in first.splitlines() if line.startswith("\x1e")]
    assert shell.run("set | grep -Ec '[0-9a-f]{32}'").stdout == "0\n"


def test_an_argument_list_is_quoted(shell: Shell) -> None:
    arguments = ["printf", "%s|", "it's", "$HOME", "a b", "", "*", "\n", "é"]
    assert shell.run(arguments).stdout == "it's|$HOME|a b||*|\n|é|"


def test_a_command_line_larger_than_a_pipe_works(shell: Shell) -> None:
    assert shell.run(f"printf %s {'x' * 1_000_000} | wc -c", timeout=30).stdout.strip() == "1000000"


def test_a_nul_byte_in_a_command_is_refused(shell: Shell) -> None:
    with pytest.raises(HostError, match="NUL"):
        shell.run("echo a\0b")


def test_fifty_megabytes_come_back(shell: Shell) -> None:
    assert len(shell.ask("head -c 50000000 /dev/zero", timeout=60).stdout) == 50_000_000


def test_more_output_than_the_limit_is_an_error_and_the_writer_is_ended(api: Api, sleeper: str) -> None:
    with Shell(api, sleeper, "backend-1", limit=1_000_000) as shell:
        with pytest.raises(HostError, match="backend-1 wrote more than"):
            shell.run("yes")
        eventually(lambda: commands(api, sleeper) == [])
        assert shell.run("echo on").stdout == "on\n"


def test_a_late_command_is_ended_with_its_children_and_the_next_one_answers(
    shell: Shell, api: Api, sleeper: str
) -> None:
    with pytest.raises(CommandTimeout) as caught:
        shell.run("echo so far; echo alas >&2; timeout 500 sleep 400 & sh -c 'sleep 401'; echo never", timeout=3)
    message = str(caught.value)
    for part in ("backend-1", "3 s", "sleep 400", "stdout: so far", "stderr: alas"):
        assert part in message
    assert commands(api, sleeper) == []
    assert shell.run("echo next").stdout == "next\n"


def test_a_command_that_never_stops_writing_is_late_too(shell: Shell, api: Api, sleeper: str) -> None:
    with pytest.raises(CommandTimeout):
        shell.run("while :; do echo x; done", timeout=0.3)
    assert commands(api, sleeper) == []


def test_a_background_process_does_not_write_into_later_answers(shell: Shell) -> None:
    stray = "(i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo stray; sleep 0.01; done)"  # for a minute
    assert shell.run(f"{stray} & echo at once").seconds < 30
    for _ in range(3):
        answer = shell.run("sleep 0.1; echo clean; echo also >&2")
        assert (answer.stdout, answer.stderr) == ("clean\n", "also\n")


def test_a_background_process_that_writes_without_end_stops_neither_commands_nor_the_close(
    api: Api, sleeper: str
) -> None:
    shell = Shell(api, sleeper, "backend-1")
    shell.run("yes & sleep 0.1")
    assert shell.run("echo clean").stdout == "clean\n"
    shell.run("yes >&2 & sleep 0.1")
    began = time.monotonic()
    shell.close()
    assert time.monotonic() - began < 30  # the writer has no end, and neither had the close
    assert commands(api, sleeper) == []


def test_a_background_process_can_go_on_writing_to_nobody(shell: Shell) -> None:
    shell.run("(head -c 3000000 /dev/zero; sleep 0.2; head -c 3000000 /dev/zero; echo done >/tmp/done) & true")
    eventually(lambda: shell.run("cat /tmp/done").stdout == "done\n")


def test_a_background_process_lives_on_until_the_shell_is_closed(api: Api, sleeper: str) -> None:
    shell = Shell(api, sleeper, "backend-1")
    shell.run("sleep 300 & ")
    shell.run("sleep 301 >/dev/null 2>&1 &")
    shell.run("true")
    with pytest.raises(CommandTimeout):
        shell.run("sleep 302", timeout=0.2)
    eventually(lambda: {"sleep 300", "sleep 301"} <= set(commands(api, sleeper)))
    shell.close()
    assert commands(api, sleeper) == []


def test_nothing_stays_in_the_container_after_close(api: Api, sleeper: str) -> None:
    with Shell(api, sleeper, "backend-1") as shell, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: shell.run(f"sleep 0.05; echo {n}"), range(16)))
        eventually(lambda: commands(api, sleeper) == ["/bin/sh"] * 4)  # one that has answered has yet to exit
    assert commands(api, sleeper) == []


def test_a_closed_shell_gives_back_its_sockets(api: Api, sleeper: str) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with Shell(api, sleeper, "backend-1") as shell:
        shell.run("true")
    before = opened()
    for _ in range(5):
        with Shell(api, sleeper, "backend-1") as shell:
            shell.run("true")
    assert opened() <= before


def test_two_hundred_commands_from_eight_threads_get_their_own_answers(shell: Shell) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: shell.run(f"echo {n}; echo e{n} >&2; exit {n % 7}"), range(200)))
    assert [(a.stdout, a.stderr, a.exit_code) for a in answers] == [(f"{n}\n", f"e{n}\n", n % 7) for n in range(200)]


@pytest.mark.sampled
def test_a_replica_whose_shell_is_mute_is_waited_for_twice_and_then_only_shortly_until_it_speaks(
    shell: Shell, api: Api, sleeper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that asks such a replica a hundred times would take an hour."""
    monkeypatch.setattr("harness.environment.shell.START", 1.0)
    with Shell(api, sleeper, "backend-1") as other:
        mute = "printf '#!/usr/bin/perl\\nsleep 600;\\n' >/tmp/mute && chmod 755 /tmp/mute && mv /tmp/mute /bin/sh"
        assert other.run(mute).exit_code == 0
        for limit in ("1", "1", "2", "2"):
            with pytest.raises(CommandTimeout, match=f"/bin/sh did not start in backend-1 within {limit} s"):
                shell.run("true")
        assert other.run("ln -sf dash /bin/sh").exit_code == 0
        monkeypatch.setattr("harness.environment.shell.START_MUTE", 30.0)
        assert shell.run("echo hi").stdout == "hi\n"
        assert shell._mute == 0


@pytest.mark.sampled
def test_a_shell_that_takes_up_no_command_is_waited_for_twice_and_then_only_shortly(
    shell: Shell, api: Api, sleeper: str
) -> None:
    with ThreadPoolExecutor(4) as pool:  # four shells, open and idle
        list(pool.map(shell.run, ["sleep 0.5"] * 4))
    pids = [one.process.pid for one in shell._idle]
    assert len(pids) == 4
    with Shell(api, sleeper, "backend-1") as other:
        assert other.run(f"kill -STOP {' '.join(map(str, pids))}").exit_code == 0
        for limit in ("3", "3", "2", "2"):
            with pytest.raises(CommandTimeout, match=f"did not take up a command within {limit} s"):
                shell.run("true", timeout=3.0)
    assert shell.run("sleep 3; echo hi", timeout=30.0).stdout == "hi\n", "one that takes long is given its time"
    assert shell._mute == 0


def test_a_command_that_kills_its_own_shell_is_named(shell: Shell) -> None:
    with pytest.raises(HostError, match="ended while it ran the command"):
        shell.run("kill -9 0")
    assert shell.run("echo on").stdout == "on\n"


ENDS: dict[str, tuple[Callable[[Api, str], object], str]] = {
    "stopped": (lambda api, container: api.stop(container, timeout=0), "exited with code 1"),
    "killed": (lambda api, container: api.kill(container), "exited with code 137"),
    "removed": (lambda api, container: api.remove_container(container, force=True), "remov"),
    "paused": (lambda api, container: api.pause(container), "paused"),
}


@pytest.mark.parametrize("way", ENDS)
def test_a_replica_that_is_gone_raises_with_its_state(shell: Shell, api: Api, sleeper: str, way: str) -> None:
    end, state = ENDS[way]
    shell.run("true")
    end(api, sleeper)
    for command in ("true", ["true"]):
        with pytest.raises(ReplicaGone, match="backend-1") as caught:
            shell.run(command)
        assert state in str(caught.value)


@pytest.mark.parametrize("way", ENDS)
def test_a_replica_that_goes_under_a_command_raises_with_its_state(
    shell: Shell, api: Api, sleeper: str, way: str
) -> None:
    end, state = ENDS[way]
    shell.run("true")
    ending = threading.Timer(0.3, end, (api, sleeper))
    ending.start()
    try:
        with pytest.raises(ReplicaGone, match="backend-1") as caught:
            shell.run("sleep 60", timeout=50)
    finally:
        ending.join()
    assert state in str(caught.value)


def test_a_replica_that_never_was_raises(api: Api) -> None:
    with pytest.raises(ReplicaGone, match="backend-7 is removed"):
        Shell(api, "no-such-container", "backend-7").run("true")


def test_a_paused_replica_answers_again_when_it_goes_on(shell: Shell, api: Api, sleeper: str) -> None:
    shell.run("true")
    api.pause(sleeper)
    with pytest.raises(ReplicaGone):
        shell.run("true")
    api.unpause(sleeper)
    assert shell.run("echo on").stdout == "on\n"


def test_the_first_command_after_a_restart_works_every_time(shell: Shell, api: Api, sleeper: str) -> None:
    for n in range(5):
        shell.run("true")
        api.restart(sleeper, timeout=0)
        assert shell.run(f"echo {n}").stdout == f"{n}\n"


def test_a_command_sent_to_a_shell_that_was_dead_already_is_sent_to_another(
    shell: Shell, api: Api, sleeper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("true")
    api.restart(sleeper, timeout=0)
    with monkeypatch.context() as unseen:
        unseen.setattr(OpenShell, "ready", lambda *_: True)
        assert shell.run("echo once >>/tmp/runs; cat /tmp/runs").stdout == "once\n"


def test_a_restart_under_a_command_says_so(shell: Shell, api: Api, sleeper: str) -> None:
    shell.run("true")
    restart = threading.Timer(0.3, api.restart, (sleeper,), {"timeout": 0})
    restart.start()
    try:
        with pytest.raises(ReplicaGone, match="backend-1"):
            shell.run("sleep 60", timeout=50)
    finally:
        restart.join()


def test_closing_the_shell_of_a_dead_replica_is_quiet(api: Api, start: Start) -> None:
    container = start(BASE, ["sleep", "100000"])
    shell = Shell(api, container, "backend-1")
    shell.run("true")
    api.kill(container)
    shell.close()


def test_another_user_has_a_shell_of_its_own(shell: Shell) -> None:
    assert shell.as_user("nobody").run("id -un").stdout == "nobody\n"
    assert shell.run("id -un").stdout == "root\n"


def test_an_image_without_a_shell_runs_argument_lists(api: Api, start: Start, bare_image: str) -> None:
    with Shell(api, start(bare_image), "cache-1") as shell:
        answer = shell.run(["/bin/busybox", "echo", "it's"])
        assert (answer.exit_code, answer.stdout) == (0, "it's\n")
        assert shell.run(["/bin/busybox", "false"]).exit_code == 1
        with pytest.raises(HostError, match="cache-1 has no shell"):
            shell.run("echo hi")
        with pytest.raises(CommandTimeout, match="cache-1"):
            shell.run(["/bin/busybox", "sleep", "5"], timeout=0.3)
