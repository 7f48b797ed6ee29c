"""A deployer's process in a replica, read frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from harness.deploy.inside import ReplicaProcess
from harness.environment import Answer, Replica
from harness.errors import DeployerError, EngineGone, ReplicaGone

Frame = tuple[int, bytes] | None | Exception


class FakeExec:
    """Gives frames; an exception among them is raised."""

    def __init__(self, *frames: Frame, running: bool = False) -> None:
        self.frames, self._running = list(frames), running
        self.called: list[str] = []
        self.refuse: Exception | None = None

    def read(self, timeout: float) -> tuple[int, bytes] | None:  # noqa: ARG002 - the real one's
        frame = self.frames.pop(0) if self.frames else None
        if isinstance(frame, Exception):
            raise frame
        return frame

    def running(self) -> bool:
        return self._running

    def exit_code(self) -> int:
        return 7

    def kill(self) -> None:
        self.called.append("kill")
        if self.refuse is not None:
            raise self.refuse

    def close(self) -> None:
        self.called.append("close")


class FakeReplica:
    name = "control-1"

    def __init__(self, process: FakeExec, *, there: bool = True) -> None:
        self._process, self._there = process, there
        self.started: list[tuple[list[str], dict[str, str]]] = []

    def run(self, command: Sequence[str]) -> Answer:
        assert command[-1] == "deployctl"
        return Answer(0 if self._there else 127, "", "", 0.0)

    def start(self, argv: Sequence[str], environment: Mapping[str, str]) -> Any:
        self.started.append((list(argv), dict(environment)))
        return self._process


def process(*frames: Frame, running: bool = False) -> tuple[ReplicaProcess, FakeExec]:
    fake = FakeExec(*frames, running=running)
    return ReplicaProcess(cast(Replica, FakeReplica(fake)), ["deployctl", "deploy"], {"K": "v"}), fake


def lines(found: ReplicaProcess) -> list[tuple[str, str]]:
    every = []
    while (line := found.line(1.0)) is not None:
        every.append(line)
    return every


def test_the_command_is_started_with_its_words_and_variables() -> None:
    replica = FakeReplica(FakeExec())
    ReplicaProcess(cast(Replica, replica), ["deployctl", "deploy"], {"K": "v"})
    assert replica.started == [(["deployctl", "deploy"], {"K": "v"})]


def test_a_command_that_the_replica_does_not_have_is_said_before_anything_is_started() -> None:
    replica = FakeReplica(FakeExec(), there=False)
    with pytest.raises(DeployerError) as caught:
        ReplicaProcess(cast(Replica, replica), ["deployctl"], {})
    assert (caught.value.where, caught.value.got) == ("x-harness.deployer, in control-1", "deployctl")
    assert replica.started == []


def test_lines_are_put_together_from_frames_stream_by_stream() -> None:
    found, _ = process((1, b"on"), (2, b"err"), (1, b"e\ntwo\r\nth"), (2, b"or\n"), (1, b"ree"))
    assert lines(found) == [("out", "one"), ("out", "two"), ("err", "error"), ("out", "three")]


def test_a_character_cut_by_a_frame_is_whole_in_its_line() -> None:
    found, _ = process((1, b"caf\xc3"), (1, b"\xa9\n"))
    assert lines(found) == [("out", "caf\u00e9")]


def test_a_quiet_command_is_a_timeout_and_what_it_had_begun_to_write_is_kept() -> None:
    found, _ = process((1, b"be"), TimeoutError(), (1, b"gun\n"), running=True)
    with pytest.raises(TimeoutError):
        found.line(0.1)
    assert found.line(0.1) == ("out", "begun")


def test_a_child_that_holds_the_streams_does_not_hold_the_end_up() -> None:
    found, _ = process((1, b"one\nlast"), TimeoutError(), running=False)
    assert lines(found) == [("out", "one"), ("out", "last")]
    assert found.line(1.0) is None


def test_close_ends_what_is_left_and_gives_the_connection_back() -> None:
    found, fake = process()
    found.close()
    assert fake.called == ["kill", "close"]


@pytest.mark.parametrize("gone", [ReplicaGone("gone"), EngineGone("gone")], ids=["replica", "engine"])
def test_where_the_replica_is_gone_nothing_is_left_to_be_ended(gone: Exception) -> None:
    found, fake = process()
    fake.refuse = gone
    found.close()
    assert fake.called == ["kill", "close"]


def test_the_exit_code_is_the_commands() -> None:
    assert process()[0].exit_code() == 7
