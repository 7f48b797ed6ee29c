"""`replica.log(path)`, over files of this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from harness.clock import ManualClock
from harness.environment import Replica
from harness.errors import ReplicaGone, UsageError
from harness.history import Event, History
from harness.plan import replica_log
from harness.plan.logged_replica import LoggedReplica
from harness.plan.replica_log import Followed, ReplicaLog
from harness.redaction import Redactor
from harness.stack import Log
from harness.verdict import Outcome
from suites.raw import select
from suites.selftest.probes.fakes import LocalReplica

pytestmark = pytest.mark.programs


class Local(LoggedReplica):
    """A replica that runs its commands on this machine."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.local, self.clock = LocalReplica(), ManualClock()
        self.name = self.local.name
        self.history = History(clock=self.clock)
        self.paths = [folder / name for name in names]
        self._logs = {}
        for path in self.paths:
            path.touch()
        declared = [Log(path=str(path), format="json", release="release", canary="key") for path in self.paths]
        self.follow(declared, self.history)

    def run(self, *arguments: Any, **named: Any) -> Any:
        return self.local.run(*arguments, **named)

    def ask(self, *arguments: Any, **named: Any) -> Any:
        return self.local.ask(*arguments, **named)

    def write(self, release: str, key: str = "") -> None:
        for path in self.paths:
            with path.open("a") as file:
                file.write(json.dumps({"release": release, "key": key}) + "\n")


class WritingClock(ManualClock):
    """Somebody writes while one waits."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Any] = []

    def wait(self, woken: Any, seconds: float) -> bool:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().wait(woken, seconds)


class Made:
    def __init__(self, folder: Path, **declared: Any) -> None:
        self.path = folder / "log"
        self.path.touch()
        self.clock = WritingClock()
        self.history = History(clock=self.clock)
        self.replica: Any = LocalReplica()
        vars(self.replica)["service"] = "backend"
        spec = Log(path=str(self.path), **{"format": "json", "release": "release", **declared})
        self.followed = Followed(cast(Replica, self.replica), spec, self.history)
        self.log = ReplicaLog(self.followed)

    def write(self, release: str = "4.1.0", text: str = "fine") -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"release": release, "text": text}) + "\n")

    def step(self, name: str) -> Event:
        self.clock.advance(1.0)
        with self.history.step(name) as event:
            self.followed.step(event)
        return event


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_a_log_advances_when_a_record_comes_and_not_for_what_was_there(made: Made) -> None:
    made.write()
    assert made.log.advances(within=2).outcome is Outcome.FAIL
    made.clock.meanwhile = [lambda: None, made.write]
    verdict = made.log.advances(within=2)
    assert verdict
    assert verdict.evidence == (select(made.history.events, "probe.log")[-1].id,)


def test_a_failed_claim_explains_itself(made: Made) -> None:
    made.path.touch()
    verdict = made.log.advances(within=1)
    assert f"{made.path} on backend-1 did not advance: no record in 1 s" in repr(verdict)


def test_heartbeats_are_no_advance(tmp_path: Path) -> None:
    made = Made(tmp_path, heartbeat="beat")
    made.clock.meanwhile = [lambda: made.write(text="beat")]
    verdict = made.log.advances()
    assert verdict.outcome is Outcome.FAIL
    assert "1 heartbeat and no other record" in verdict.reason


def test_carries_judges_what_comes_from_now_on(made: Made) -> None:
    made.write("4.1.1")
    made.clock.meanwhile = [lambda: made.write("4.1.0")]
    assert made.log.carries(release="4.1.0")
    made.clock.meanwhile = [lambda: made.write("4.1.1")]
    verdict = made.log.carries(release="4.1.0")
    assert verdict.outcome is Outcome.FAIL
    assert "1 of 1 records do not carry 4.1.0" in verdict.reason


def test_carries_without_a_record_is_unknown(made: Made) -> None:
    assert made.log.carries(release="4.1.0").outcome is Outcome.UNKNOWN


def test_carries_since_a_step_judges_all_since_then(made: Made) -> None:
    made.write("4.1.1")
    step = made.step("rollback")
    made.write("4.1.0")
    assert made.log.since(step).carries(release="4.1.0")
    made.write("4.1.1")
    assert made.log.since(step).carries(release="4.1.0").outcome is Outcome.FAIL


def test_carries_of_a_log_whose_release_is_not_declared_is_a_mistake(tmp_path: Path) -> None:
    made = Made(tmp_path, format="text", release=None)
    with pytest.raises(UsageError, match="Which field"):
        made.log.carries(release="4.1.0")


def test_has_no_looks_at_all_since_it_is_followed_or_since_a_step(made: Made) -> None:
    made.write(text="ERROR")
    step = made.step("later")
    made.write()
    assert made.log.has_no("ERROR").outcome is Outcome.FAIL
    assert made.log.since(step).has_no("ERROR")


def test_has_no_of_nothing_is_unknown(made: Made) -> None:
    assert made.log.has_no("ERROR").outcome is Outcome.UNKNOWN


def test_a_pattern_that_is_none_is_a_mistake(made: Made) -> None:
    with pytest.raises(UsageError, match="not a regular expression"):
        made.log.has_no("(")


def test_since_a_time_goes_back_to_the_last_look_before_it(made: Made) -> None:
    made.write(text="ERROR")
    made.step("look")
    made.clock.advance(5.0)
    now = made.clock.now()
    made.clock.advance(5.0)
    made.write()
    assert made.log.since(now).has_no("ERROR")
    assert made.log.since(now - 6.0).has_no("ERROR").outcome is Outcome.FAIL


def test_since_a_moment_before_it_was_followed_is_unknown_but_a_match_fails(made: Made) -> None:
    early = made.log.since(made.clock.now() - 10.0)
    made.write()
    verdict = early.has_no("ERROR")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "was not followed since" in verdict.reason
    made.write(text="ERROR")
    assert early.has_no("ERROR").outcome is Outcome.FAIL


def test_what_is_not_kept_any_more_makes_it_unknown(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica_log, "RECORDS", 3)
    step = made.step("first")
    for _ in range(5):
        made.write()
    verdict = made.log.since(step).has_no("ERROR")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "only the last 3 records are kept, 2 before them are not" in verdict.reason
    later = made.step("second")
    made.write()
    assert made.log.since(later).has_no("ERROR")


def test_a_loss_since_then_makes_it_unknown_and_one_before_does_not(made: Made) -> None:
    first = made.step("first")
    made.write()
    made.followed.look()
    made.path.write_text("")
    made.write(text="another")
    verdict = made.log.since(first).has_no("ERROR")
    assert verdict.outcome is Outcome.UNKNOWN
    assert "is lost: the file was emptied" in verdict.reason
    later = made.step("second")
    made.write()
    assert made.log.since(later).has_no("ERROR")


def test_a_dead_replica_raises(made: Made) -> None:
    made.write()
    made.replica.gone = True
    with pytest.raises(ReplicaGone):
        made.log.advances()
    with pytest.raises(ReplicaGone):
        made.log.carries("4.1.0")
    with pytest.raises(ReplicaGone):
        made.log.has_no("ERROR")
    assert made.clock.monotonic() == 0.0, "a dead replica is waited for"


def test_a_step_at_which_the_replica_cannot_be_asked_breaks_nothing_and_goes_back_to_the_look_before(
    made: Made,
) -> None:
    made.write(text="ERROR")
    made.replica.gone = True
    step = made.step("while it was gone")
    made.replica.gone = False
    made.write()
    assert made.log.since(step).has_no("ERROR").outcome is Outcome.FAIL


def test_a_log_that_cannot_be_read_is_unknown(made: Made) -> None:
    made.path.unlink()
    made.path.mkdir()
    assert made.log.advances(within=0.1).outcome is Outcome.UNKNOWN
    assert made.log.has_no("ERROR").outcome is Outcome.UNKNOWN
    shutil.rmtree(made.path)


def test_a_verdict_that_quotes_a_line_tells_no_secret(made: Made) -> None:
    """A failed assertion prints it."""
    made.history.redactor = Redactor(["Zx9secretPw"])
    made.write(text="ERROR cannot log in with Zx9secretPw")
    found = made.log.has_no("ERROR")
    assert found.outcome is Outcome.FAIL
    assert "Zx9secretPw" not in str(found)
    assert "hidden:" in found.reason


def test_phases_count_from_their_own_mark_and_claims_go_on_as_they_were(tmp_path: Path) -> None:
    replica = Local(tmp_path, "a", "b")
    replica.write("4.1.0")
    replica.mark_logs("k")
    replica.write("4.1.1", "k-7")
    replica.poll_logs()
    replica.report_logs()
    reports = select(replica.history.events, "probe.log")
    assert [(event.data["path"], event.data["by_release"]) for event in reports] == [
        (str(path), {"4.1.1": 1}) for path in replica.paths
    ]
    assert [list(event.data["canaries"]) for event in reports] == [["k-7"], ["k-7"]]
    log = replica.log(str(replica.paths[0]))
    assert log.has_no("ERROR").reason.endswith("none of 2 records matches ERROR")
    replica.mark_logs("k")
    replica.write("4.1.2")
    assert log.has_no("ERROR").reason.endswith("none of 3 records matches ERROR")
    replica.report_logs()
    assert select(replica.history.events, "probe.log")[-1].data["by_release"] == {"4.1.2": 1}


def test_a_log_that_is_not_declared_is_no_part_of_a_phase(tmp_path: Path) -> None:
    replica = Local(tmp_path, "a")
    (tmp_path / "other").touch()
    replica.log(str(tmp_path / "other"))
    replica.mark_logs("k")
    replica.report_logs()
    assert [event.data["path"] for event in select(replica.history.events, "probe.log")] == [str(replica.paths[0])]


def test_the_phases_and_the_tail_read_a_log_once(tmp_path: Path) -> None:
    replica = Local(tmp_path, "a")
    replica.write("4.1.0")
    replica.mark_logs("k")
    asked = replica.local.asked
    for _ in range(10):
        replica.write("4.1.1")
        replica.poll_logs()
    assert replica.local.asked - asked == 10, "each look is one question"
    replica.local.gone = True
    replica.record_tails(3)
    (tail,) = select(replica.history.events, "log.tail")
    assert [json.loads(line)["release"] for line in tail.data["lines"]] == ["4.1.1"] * 3
