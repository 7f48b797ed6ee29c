"""Real writers in real containers: what the verdict says of each way to lose a log that needs more than a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fixtures import tiny
from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.environment.shell import Answer, RawAnswer
from harness.errors import ReplicaGone
from harness.history import Event
from harness.plan.logged_replica import LoggedReplica
from harness.plan.run import Run
from harness.plan.subject import Subject
from harness.probes.logs import LogFollower, LogReplica, View
from harness.stack import Log, load
from harness.stalls import Patience
from harness.verdict import Outcome, Verdict
from suites.raw import raw, select

pytestmark = pytest.mark.containers

STACK = f"""name: logs
services:
  app:
    build: {tiny.STACK.parent / "images" / "app"}
    command: [python3, -c, "import signal; signal.pause()"]
    init: true
    deploy: {{replicas: 2}}
    tmpfs: ["/full:size=1m"]
    volumes: ["./outside.log:/mounted.log"]
x-harness:
  releases: {{"4.1.0": {{}}}}
  logs: {{app: [{{path: /log, format: json, release: release, time: ts, max_silence: 1s}}]}}
"""
WRITE = """import json, sys, time
path, mode, buffering, release, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5])
file = open(path, mode, buffering=buffering)
print("open", flush=True)
number = 0
while True:
    number += 1
    file.write(json.dumps({"n": number, "ts": time.time(), "release": release, "text": "x" * 100}) + "\\n")
    time.sleep(pause)
"""


@pytest.fixture
def environment(tmp_path: Path, harness_run: Run, request: pytest.FixtureRequest) -> Iterator[Subject]:
    (tmp_path / "compose.yaml").write_text(STACK, encoding="utf-8")
    (tmp_path / "outside.log").write_text("", encoding="utf-8")
    found = harness_run.environment(load(tmp_path / "compose.yaml"), "4.1.0", test=request.node.nodeid)
    with harness_run.history.scope(environment=found.id), found:
        yield found


class Watched:
    """A log under watch, with the writers that a test starts."""

    def __init__(self, environment: Subject, path: str = "/log", **declared: Any) -> None:
        self.replica: LoggedReplica = environment["app"][0]
        self.log = Log(path=path, format="json", release="release", time="ts", **declared)
        self.history = environment.history
        self.asked: LogReplica = self.replica
        self.writers = ExitStack()

    def write(self, mode: str = "a", buffering: int = 1, release: str = "4.1.0", pause: float = 0.02) -> None:
        """Start a writer, and return when it has its file open."""
        argv = ["python3", "-c", WRITE, self.log.path, mode, str(buffering), release, str(pause)]
        process = self.writers.enter_context(self.replica.start(argv))
        assert process.read_until(time.monotonic() + 30.0) == (1, b"open\n")

    def sh(self, command: str) -> None:
        assert self.replica.run(command).exit_code == 0

    def watch(self, seconds: float, *then: Callable[[], object]) -> Verdict:
        """Follow it, and do these things one after the other, with some looks before each."""
        with self.writers, self.history.phase("watched"):
            follower = LogFollower(self.asked, self.log, self.history, self.history.clock).view()
            follower.mark()
            for one in then:
                self._look(follower, 0.5)
                one()
            self._look(follower, seconds)
            self.history.record(raw("workload", ok=100, served_by={self.replica.name: 100}))
            follower.report()
        log = ExpectedLog(self.replica.name, self.log.path, 1.0, carries_time=True)
        return logs.check(self.history.events, phase="watched", release="4.1.0", logs=[log])

    def _look(self, follower: View, seconds: float) -> None:
        """For so long on a machine that runs: what a stall may explain is not judged, so it is looked at for longer."""
        patience = Patience(seconds)
        while patience.left > 0:
            follower.poll()
            time.sleep(0.1)

    @property
    def data(self) -> Any:
        return select(self.history.events, "probe.log", phase="watched")[-1].data


def test_nothing_is_missed_of_two_rotations_between_two_looks(environment: Subject) -> None:
    log = Watched(environment, sequence="n")
    log.write()
    verdict = log.watch(
        0.5,
        lambda: log.sh(
            "mv /log /log.1 && : >/log && mv /log /log.0 && : >/log && mv /log.1 /log.2 && mv /log.0 /log.1"
        ),
    )
    assert verdict, verdict  # the writer was not told, but that is a moment ago
    assert log.data["sequence"]["missing"] == 0
    assert log.data["records"] > 20
    assert [change["what"] for change in log.data["changes"]] == ["rotated"]


@pytest.mark.parametrize(("how", "command"), [("renamed", "mv /log /log.1"), ("deleted", "rm /log")])
def test_2_a_writer_that_holds_a_renamed_or_deleted_file(environment: Subject, how: str, command: str) -> None:
    log = Watched(environment)
    log.write()
    verdict = log.watch(2.5, lambda: log.sh(f"{command} && : >/log"))
    assert verdict.outcome is Outcome.FAIL, verdict
    assert f"app-1 writes to a {how} file" in verdict.reason
    assert "opened before the rotation at " in verdict.reason
    assert "; python3, pid " in verdict.reason


def test_2_a_writer_of_another_user_is_seen_as_well(environment: Subject) -> None:
    log = Watched(environment)
    log.sh(": >/log && chown 65534:65534 /log")
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "python3", "-c", WRITE, "/log", "a", "1"]
    process = log.writers.enter_context(log.replica.start([*argv, "4.1.0", "0.02"]))
    assert process.read_until(time.monotonic() + 30.0) == (1, b"open\n")
    verdict = log.watch(2.5, lambda: log.sh("rm /log && : >/log"))
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "app-1 writes to a deleted file" in verdict.reason


def test_4_a_copytruncate_names_the_window_and_the_hole_of_a_writer_without_append(environment: Subject) -> None:
    log = Watched(environment)
    log.write("w")
    verdict = log.watch(1.0, lambda: log.sh("cp /log /log.1 && : >/log"))
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    assert "is lost: the file was emptied, and what came after the copy of it is in neither" in verdict.reason
    assert log.data["hole"] > 1000
    assert log.data["unparsed"] == 0


def test_8_a_writer_of_the_other_release_that_goes_on_beside_the_right_one(environment: Subject) -> None:
    log = Watched(environment)
    log.write()
    log.write(release="4.1.1", pause=0.2)
    verdict = log.watch(2.0)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "of 4.1.1, where 4.1.0 should write (from " in verdict.reason
    assert "it goes on to the end" in verdict.reason


@pytest.mark.sampled
def test_9_a_writer_that_holds_records_back(environment: Subject) -> None:
    log = Watched(environment, tolerance=0.5)
    log.write(buffering=16384)
    verdict = log.watch(6.0)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "is written in blocks: " in verdict.reason
    assert "the writer holds them back" in verdict.reason


def test_9_a_full_disk(environment: Subject) -> None:
    log = Watched(environment, "/full/log")
    log.write()
    verdict = log.watch(2.5, lambda: log.replica.run("dd if=/dev/zero of=/full/rest bs=4096 2>/dev/null"))
    for _ in range(3):  # as a gate does: a phase in which the machine stood still is measured again
        verdict = log.watch(2.5) if verdict.stalled else verdict
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "its file system is full (0 bytes free of 1 MiB)" in verdict.reason


class MadeAnew:
    """A replica whose container is exchanged for another one, as a deployer that makes it anew does."""

    def __init__(self, first: LoggedReplica, second: LoggedReplica) -> None:
        self.name, self.now, self.second = first.name, first, second

    def exchange(self) -> None:
        self.now.kill()
        self.now = self.second

    def ask(self, command: str | Sequence[str], timeout: float = 10.0) -> RawAnswer:
        return self.now.ask(command, timeout)

    def run(self, command: str | Sequence[str], timeout: float = 10.0) -> Answer:
        return self.now.run(command, timeout)


def test_10_a_container_that_was_made_anew_took_its_log_along(environment: Subject) -> None:
    log = Watched(environment)
    first, second = environment["app"]
    assert second.run(": >/log").exit_code == 0
    for _ in range(4):  # as a gate does: a phase in which the machine stood still is measured again
        anew = log.asked = MadeAnew(first, second)
        log.write()
        verdict = log.watch(2.0, anew.exchange)
        if not verdict.stalled:
            break
        first.begin()
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "vanished with its container, which was recreated" in verdict.reason


def test_10_a_replica_that_is_gone_is_unknown(environment: Subject) -> None:
    log = Watched(environment)
    log.write()
    verdict = log.watch(1.0, log.replica.kill)
    assert verdict.outcome is Outcome.UNKNOWN, verdict
    assert "could not be read" in verdict.reason


def test_11_a_mounted_file_that_was_rotated_outside(environment: Subject, tmp_path: Path) -> None:
    log = Watched(environment, "/mounted.log")
    log.write()

    def rotate() -> None:
        (tmp_path / "outside.log").rename(tmp_path / "outside.log.1")
        (tmp_path / "outside.log").touch()

    verdict = log.watch(1.0, rotate)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert "is a mounted single file, and the mount still shows the old one: outside, " in verdict.reason
    assert "outside.log was renamed to " in verdict.reason
    assert (tmp_path / "outside.log").stat().st_size == 0


# -- as assertions -----------------------------------------------------------------------------------------------------


def test_a_declared_log_is_followed_from_the_beginning_and_any_step_can_be_gone_back_to(environment: Subject) -> None:
    log = Watched(environment)
    step = step_of(environment, "first")
    with log.writers:
        log.write(pause=0.01)
        backend = environment["app"][0].log("/log")
        assert backend.advances(within=5)
        assert backend.carries(release="4.1.0")
        assert not backend.carries(release="4.1.1")
        assert backend.since(step).has_no(r"ERROR|Traceback")
        log.sh("echo ERROR >>/log")
        verdict = backend.since(step).has_no("ERROR|Traceback")
        assert (verdict.outcome, verdict.reason.endswith(": ERROR")) == (Outcome.FAIL, True)
        later = step_of(environment, "second")
        assert backend.advances(within=5)
        assert backend.since(later).has_no("ERROR")
    verdict = backend.advances(within=0.5)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "/log on app-1 did not advance: no record in 0.5 s (no process has it open for writing)"


def test_a_dead_replica_raises_and_never_passes(environment: Subject) -> None:
    backend = environment["app"][0].log("/log")
    environment["app"][0].kill()
    with pytest.raises(ReplicaGone):
        backend.advances()
    with pytest.raises(ReplicaGone):
        backend.carries("4.1.0")
    with pytest.raises(ReplicaGone):
        backend.has_no("ERROR")


def step_of(environment: Subject, name: str) -> Event:
    with environment.history.step(name) as step:
        return step


def test_only_what_is_new_of_a_log_of_10_gb_is_read(environment: Subject) -> None:
    log = Watched(environment)
    log.sh("dd if=/dev/zero of=/log bs=1 count=1 seek=10000000000 2>/dev/null && echo >>/log")
    began = os.times()
    log.write()
    verdict = log.watch(1.0)
    assert verdict, verdict
    assert os.times().user - began.user < 5.0
