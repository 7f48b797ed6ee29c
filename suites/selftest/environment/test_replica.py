"""What a replica says of itself; the commands in it are tested with the shell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.engine import Container, ContainerState, Engine
from harness.environment.replica import Replica
from harness.environment.shell import Answer
from harness.errors import HostError
from suites.selftest.environment.fakes import GOOD, bad, stack, state


class FakeContainer:
    id, name = "c1", "h1-web-2"

    def __init__(self, now: ContainerState) -> None:
        self._now = now
        self.called: list[tuple[str, Any]] = []

    def state(self) -> ContainerState:
        return self._now

    def logs(self, tail: int) -> str:
        return f"{tail} lines"

    def stop(self, seconds: float) -> None:
        self.called.append(("stop", seconds))

    def kill(self, signal: str) -> None:
        self.called.append(("kill", signal))


def made(now: ContainerState | None = None, **fields: Any) -> tuple[Replica, FakeContainer]:
    container = FakeContainer(now or state())
    engine: Any = SimpleNamespace(api=None)
    service = stack(web=fields).services["web"]
    return Replica(cast(Engine, engine), cast(Container, container), service, "web-2"), container


def test_a_replica_knows_its_service_its_number_and_its_container() -> None:
    replica, _ = made()
    assert (replica.name, replica.service, replica.number, replica.container) == ("web-2", "web", 2, "h1-web-2")
    assert repr(replica) == "<Replica web-2 (h1-web-2)>"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (state(), None),
        (state("exited", 1), "exited with code 1"),
        (state("exited", 137, oom_killed=True), "was killed by the OOM killer (code 137)"),
    ],
    ids=["running", "exited", "oom"],
)
def test_how_it_ended_is_said_in_words(now: ContainerState, words: str | None) -> None:
    assert made(now)[0].ended() == words


def test_stop_gives_it_its_own_grace_period_unless_told_otherwise() -> None:
    replica, container = made(stop_grace_period=3.0)
    replica.stop()
    replica.stop(0)
    assert container.called == [("stop", 3.0), ("stop", 0)]


def test_kill_sends_the_signal() -> None:
    replica, container = made()
    replica.kill()
    replica.kill("TERM")
    assert container.called == [("kill", "KILL"), ("kill", "TERM")]


class FakeShell:
    def __init__(self, answer: Answer) -> None:
        self.answer, self.asked = answer, list[tuple[str, float]]()

    def run(self, command: str, timeout: float) -> Answer:
        self.asked.append((command, timeout))
        return self.answer


def speaking(answer: Answer) -> tuple[Replica, FakeShell]:
    replica, shell = made()[0], FakeShell(answer)
    vars(replica)["_shell"] = shell
    return replica, shell


def test_words_become_one_quoted_command_and_a_text_stays_as_it_is() -> None:
    replica, shell = speaking(GOOD)
    replica.run(["cat", "a file"])
    replica.run("cat a file | wc", timeout=3)
    assert shell.asked == [("cat 'a file'", 10.0), ("cat a file | wc", 3)]


def test_a_file_is_written_whatever_is_in_it() -> None:
    replica, shell = speaking(GOOD)
    replica.write("/tmp/a b", "it's\n%s\\n")
    assert shell.asked[0][0] == "printf %s 'it'\"'\"'s\n%s\\n' > '/tmp/a b'"


def test_a_file_that_cannot_be_written_is_an_error_that_names_it() -> None:
    replica, _ = speaking(bad(2, stderr="Read-only file system\n"))
    with pytest.raises(HostError) as caught:
        replica.write("/etc/x", "")
    assert (caught.value.where, caught.value.got) == ("web-2:/etc/x", "Read-only file system")
