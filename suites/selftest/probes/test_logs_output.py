"""A log without a file is followed through the engine: across restarts and replacements, with nothing twice."""

from __future__ import annotations

import json

from harness.clock import ManualClock
from harness.errors import EngineError
from harness.events import ProbeLog
from harness.history import History
from harness.probes.logs import OutputFollower, View
from harness.stack import Log
from suites.selftest.probes.fakes import LocalReplica


class Container:
    """What one container wrote, in pieces with stamps."""

    def __init__(self, name: str) -> None:
        self.name, self.pieces, self.running = name, list[tuple[bytes, bytes]](), True

    def write(self, text: str) -> None:
        self.pieces.append((b"%09d" % (len(self.pieces) + 1), text.encode()))


class Source:
    def __init__(self, container: Container, first: int) -> None:
        self._container, self._next = container, first
        self.late = False  # the engine does not pass on what it has
        self.closed = False

    @property
    def stamp(self) -> bytes:
        return self._container.pieces[self._next - 1][0] if self._next else b""

    @property
    def ended(self) -> bool:
        return not self._container.running

    def take(self) -> bytes:
        found = [] if self.late else self._container.pieces[self._next :]
        self._next += len(found)
        return b"".join(text for _, text in found)

    def caught_up(self, within: float) -> bool:  # noqa: ARG002
        return not self.late

    def close(self) -> None:
        self.closed = True


class Replica(LocalReplica):
    def __init__(self) -> None:
        super().__init__()
        self.container = Container("one")
        self.sources: list[Source] = []
        self.refuses = False

    @property
    def container_id(self) -> str:
        return self.container.name

    def state(self) -> Container:
        return self.container

    def output(self, stream: str, after: bytes | None = None) -> Source:
        if self.refuses:
            raise EngineError("The output cannot be read", where=stream)
        pieces = self.container.pieces
        first = len(pieces) if after is None else sum(stamp <= after for stamp, _ in pieces)
        self.sources.append(Source(self.container, first))
        return self.sources[-1]


class Followed:
    def __init__(self) -> None:
        self.replica, self.clock = Replica(), ManualClock()
        self.history = History(clock=self.clock)
        spec = Log.model_validate({"stdout": True, "path": "stdout", "format": "json", "release": "release"})
        self.follower = OutputFollower(self.replica, spec, self.history, self.clock)
        self.seen: list[str] = []
        self.view: View = self.follower.view(self.seen.append)

    def write(self, count: int = 1, release: str = "4.1.1") -> None:
        for _ in range(count):
            self.replica.container.write(json.dumps({"level": "info", "release": release}) + "\n")

    def report(self) -> ProbeLog:
        return self.view.report().body


def test_only_what_comes_after_the_mark_counts() -> None:
    log = Followed()
    log.write(3, "4.1.0")
    log.view.mark()
    log.write(2)
    body = log.report()
    assert (body.records, body.by_release, body.state, body.error, body.path) == (2, {"4.1.1": 2}, "ok", None, "stdout")


def test_what_came_before_the_mark_goes_to_those_who_marked_before() -> None:
    log = Followed()
    log.view.mark()
    log.write(2)
    other = log.follower.view()
    other.mark()
    log.write()
    assert (log.report().records, other.report().body.records) == (3, 1)


def test_a_line_in_two_pieces_is_one_record_and_half_a_line_none() -> None:
    log = Followed()
    log.view.mark()
    for text in ('{"release": ', '"4.1.1"}\n{"rel'):
        log.replica.container.write(text)
    body = log.report()
    assert (body.records, body.unparsed) == (1, 0)
    assert body.partial is not None
    assert body.partial.bytes == 5


def test_a_container_that_is_restarted_is_followed_on_with_nothing_twice() -> None:
    log = Followed()
    log.view.mark()
    log.write(2)
    log.view.poll()
    log.write()
    log.replica.container.running = False
    log.view.poll()
    log.write(2)
    log.replica.container.running = True
    log.replica.sources[0].__class__ = EndedSource
    log.view.poll()
    body = log.report()
    assert (body.records, body.state, [one.what for one in body.changes]) == (5, "ok", ["restarted"])
    assert log.replica.sources[0].closed


class EndedSource(Source):
    """A connection that ended with its container."""

    @property
    def ended(self) -> bool:
        return True


def test_a_container_that_takes_the_place_of_another_is_read_from_its_beginning_behind_the_rest_of_that_one() -> None:
    log = Followed()
    log.view.mark()
    log.write(2, "4.1.0")
    log.replica.container.running = False
    log.replica.container = Container("two")
    log.write(3)
    body = log.report()
    assert (body.records, body.by_release) == (5, {"4.1.0": 2, "4.1.1": 3})
    assert (body.state, [one.what for one in body.changes]) == ("replaced", ["new container"])
    assert log.replica.sources[0].closed


def test_a_new_container_that_writes_nothing_is_told() -> None:
    log = Followed()
    log.write()
    log.view.mark()
    log.replica.container.running = False
    log.replica.container = Container("two")
    assert log.report().state == "replaced"
    assert log.report().state == "replaced"  # still what explains the silence
    log.write()
    log.report()
    assert log.report().state == "ok"


def test_after_the_connection_was_closed_it_goes_on_behind_what_came_over_it() -> None:
    log = Followed()
    log.view.mark()
    log.write(2)
    log.follower.close()
    log.write(3)
    body = log.report()
    assert (body.records, body.state) == (5, "ok")
    assert len(log.replica.sources) == 2


def test_what_the_engine_does_not_pass_on_is_said() -> None:
    log = Followed()
    log.view.mark()
    log.write()
    log.replica.sources[0].late = True
    body = log.report()
    assert (body.records, body.error) == (0, "the engine did not pass on within 5 s what it had")


def test_an_engine_that_cannot_read_the_output_is_said() -> None:
    log = Followed()
    log.replica.refuses = True
    log.view.mark()
    body = log.report()
    assert body.state is None
    assert body.error is not None
    assert "The output of the container cannot be read" in body.error
