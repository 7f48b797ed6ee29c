"""How a log is told to be missing, silent, stray or torn, at the limits, and what that rests on."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import logs
from harness.checks.logs import ExpectedLog
from harness.events import ProbeLog
from harness.history import of
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import LOG, Made
from suites.selftest.checks.witnessed import witness

WHERE = f"{LOG} on backend-1"


def told(*reports: dict[str, Any], load: dict[str, Any] | None = None, share: float = 0.0, **expected: Any) -> Verdict:
    """What is said of a log with these reports, each after a load, on a machine that stood still for some time."""
    made = witness(Made(), share, seconds=120)
    made.clock.advance(100.0)
    made.load("deployed", **(load or {}))
    for report in reports:
        made.log("deployed", **report)
    wanted = [ExpectedLog("backend-1", LOG, 2.0, **expected)]
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)


NOTHING: dict[str, Any] = {"records": 0, "by_release": {}}
LOAD = 120  # the event of the load; the reports come after it


def change(made_of: str) -> dict[str, Any]:
    return {"what": made_of, "at": 1_333_525_500.0, "was": 11, "now": 12, "births": True}


STRAY = {"pid": 7, "process": "python3", "inode": 8123, "file": "/srv/log.1", "how": "renamed", "grew": 2048}
WRITES = "backend-1 writes to a renamed file (/srv/log.1): inode 8123, opened before"


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"state": "missing"}, f"{WHERE} is missing"),
        ({"state": "deleted", "changes": [change("deleted")]}, f"{WHERE} was deleted at 07:45:00: inode 11"),
        (
            {"mount": {"was": "/a", "shows": "/b"}},
            f"{WHERE} is a mounted single file, and the mount still shows the old one: outside, /a was renamed to /b",
        ),
        ({"unparsed": 2}, f"{WHERE} has 2 records that cannot be parsed"),
    ],
)
def test_what_became_of_a_log_rests_on_the_report_that_says_so(report: dict[str, Any], reason: str) -> None:
    both = told({}, report)
    assert (both.outcome, both.reason, both.evidence) == (Outcome.FAIL, reason, (LOAD + 2,))


def test_a_deleted_log_says_who_still_writes_to_it() -> None:
    found = told({"state": "deleted", "writers": [{**STRAY, "how": "deleted"}]})
    assert found.reason.startswith(f"{WHERE} was deleted; backend-1 writes to a deleted file: inode 8123")


def test_all_that_is_wrong_with_the_records_is_told() -> None:
    found = told(
        {"unparsed": 1, "times": {"ahead": 1, "lead": 60.0}, "sequence": {"missing": 1}},
        carries_time=True, carries_number=True,
    )  # fmt: skip
    assert found.reason == (
        f"{WHERE} has 1 record that cannot be parsed; {WHERE} has 1 record from the future, by up to 60.0 s; "
        f"{WHERE} has a sequence with 1 number missing"
    )
    silent = told({"times": {"ahead": 1, "lead": 60.0}, "sequence": {"missing": 1}})
    assert silent, "where records are not said to carry a time or a number"


def test_a_stray_writer_fails_a_log_that_gets_records_of_others() -> None:
    found = told({}, {"writers": [{**STRAY, "since": None}]})
    assert found.outcome is Outcome.FAIL
    assert found.reason == (f"{WRITES} it was watched; python3, pid 7; 2 KiB went there, and {WHERE} got 80 records")
    assert found.evidence == (LOAD + 1, LOAD + 2)
    one = told({"writers": [{**STRAY, "since": None}], "records": 1})
    assert one.reason.endswith("got 1 record")


def test_a_writer_may_go_on_for_a_moment_after_a_rotation_where_the_log_is_written_too() -> None:
    def since(seconds: float, **report: Any) -> Verdict:
        made = Made()
        made.clock.advance(100.0)
        now = made.clock.now()
        made.load("deployed", began=now)
        writer = {**STRAY, "since": made.clock.now() - seconds, **report.pop("writer", {})}
        made.log("deployed", writers=[writer], **report)
        wanted = [ExpectedLog("backend-1", LOG, 2.0)]
        return logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)

    assert since(2.0), "no longer than the silence that is allowed"
    assert since(2.1).outcome is Outcome.FAIL
    assert "writes to a renamed file" in since(1.0, **NOTHING).reason, "and the log itself gets nothing"
    assert since(9.0, writer={"grew": 0}), "it holds the file and writes nothing"


def test_a_silence_may_last_as_long_as_it_is_allowed_to() -> None:
    assert told({"silence": 2.0})
    assert told({"silence": 2.1}).reason == f"{WHERE} was silent for 2.1 s, longer than 2 s"
    assert told({"silence": 2.1}, {}).evidence == (LOAD + 1, LOAD + 2)
    watched = told({**NOTHING, "seconds": 2.0})
    assert watched.outcome is Outcome.FAIL
    assert watched.evidence == (LOAD, LOAD + 1), "the load and the report"


def test_a_silence_is_explained_for_one_and_a_half_times_a_stall() -> None:
    """Of four seconds that were watched, in which nothing came, two are allowed."""
    for share, outcome in ((0.34, Outcome.UNKNOWN), (0.32, Outcome.FAIL)):
        assert told(NOTHING, share=share).outcome is outcome
        assert told({"silence": 4.0}, share=share).outcome is outcome


def test_what_became_of_a_silent_log_is_told_once() -> None:
    for state in ("replaced", "truncated"):
        since = "to that one" if state == "replaced" else "since"
        found = told({**NOTHING, "state": state, "touched": True, "changes": [change(state)]})
        touched = "it was touched: its time changed, and nothing was written"
        assert found.reason.endswith(f", and nothing was written {since} ({touched})"), state
        assert found.reason.count("07:45:00") == 1
        alone = told({**NOTHING, "state": state, "changes": [change(state)]})
        assert alone.reason.endswith(f", and nothing was written {since}")
    rotated = told({**NOTHING, "changes": [change("appeared")]})
    assert rotated.reason == (
        f"{WHERE} is silent: no record in 4.0 s while the workload had 500 requests answered "
        "(appeared again at 07:45:00 as inode 12)"
    )
    assert "(it was touched" in told({"silence": 3.0, "touched": True}).reason


def test_what_explains_a_silence_is_told_to_others_too() -> None:
    made = Made().log("deployed", touched=True, open=0)
    assert logs.explained(of(made.events, ProbeLog)[0].body) == (
        " (it was touched: its time changed, and nothing was written; no process has it open for writing)"
    )


def test_requests_to_a_replica_are_counted_over_all_windows_and_one_is_traffic() -> None:
    made = Made().load("deployed", served_by={"backend-1": 2}).load("deployed", served_by={"backend-1": 3})
    made.log("deployed", **NOTHING)
    wanted = [ExpectedLog("backend-1", LOG, 2.0)]
    found = logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)
    assert found.reason == f"{WHERE} is silent: no record in 4.0 s while it answered 5 requests"
    assert told(NOTHING, load={"served_by": {"backend-1": 1}}).outcome is Outcome.FAIL
    assert told(NOTHING, load={"ok": 1}).outcome is Outcome.FAIL


def test_a_log_that_could_not_be_read_completely_is_unknown_and_says_one_reason() -> None:
    lost = told({"error": "no shell", "losses": [{"what": "the end of it"}]}, {})
    assert (lost.outcome, lost.reason) == (Outcome.UNKNOWN, f"{WHERE} could not be read completely: no shell")
    first = told({"losses": [{"what": "the end of it"}]}, {"unread_parts": ["log.1 is compressed"]})
    assert first.reason == f"{WHERE} could not be read completely: the end of it"
    quiet = told({**NOTHING, "unread_parts": ["log.1"]}, may_be_silent=True)
    assert quiet.reason == f"{WHERE} could not be read completely: log.1"


def half(seconds: float, share: float = 0.0, **expected: Any) -> Verdict:
    """The last report says that the log ends in half a line for so long."""
    made = witness(Made(), share, seconds=120)
    made.clock.advance(100.0)
    made.load("deployed").log("deployed")
    partial = {"bytes": 12, "since": made.clock.now() - seconds}
    silent = NOTHING if expected else {}
    made.log("deployed", partial=partial, **silent)
    wanted = [ExpectedLog("backend-1", LOG, 2.0, **expected)]
    return logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)


def test_half_a_line_that_stays_is_a_writer_that_stalled() -> None:
    assert half(2.0)
    found = half(2.1)
    assert (found.outcome, found.evidence) == (Outcome.FAIL, (LOAD + 2,))
    assert found.reason.startswith(f"{WHERE} stalled within a record: it ends in half a line (12 bytes) since 07:4")
    assert half(4.5, 0.34).outcome is Outcome.UNKNOWN, "five seconds were watched, and 1.7 s explain 2.55 s"
    assert half(4.7, 0.34).outcome is Outcome.FAIL
    assert half(2.1, may_be_silent=True).outcome is Outcome.FAIL


def test_half_a_line_of_an_earlier_report_was_completed() -> None:
    assert told({"partial": {"bytes": 12, "since": 0.0}}, {})


def test_a_log_that_may_be_silent_is_read_completely_however_long_it_was_silent() -> None:
    for report in ({"silence": 2.1}, {"silence": 2.0}, NOTHING):
        assert told(report, load={"ok": 0}, may_be_silent=True).outcome is (
            Outcome.UNKNOWN if report == {"silence": 2.0} else Outcome.PASS
        )


def test_a_rotation_that_failed_in_this_phase_leaves_it_unknown() -> None:
    made = Made().load("deployed").log("deployed")
    made.add("log.rotate", "another", replica="backend-1", path=LOG, error="no logrotate")
    wanted = [ExpectedLog("backend-1", LOG, 2.0)]
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted).evidence == (0, 1)
    made.add("log.rotate", "deployed", replica="backend-1", path=LOG, error="no logrotate")
    found = logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, f"{WHERE} could not be rotated: no logrotate")
    assert found.evidence == (0, 1, 3)


def test_one_log_that_was_not_watched_hides_no_other() -> None:
    made = Made().load("deployed").log("deployed", "backend-2", unparsed=1)
    wanted = [ExpectedLog(replica, LOG, 2.0) for replica in ("backend-1", "backend-2")]
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted).outcome is Outcome.FAIL
    nothing = logs.check(made.events, phase="deployed", release="4.1.1", logs=[])
    assert (nothing.outcome, nothing.reason) == (Outcome.UNKNOWN, "no log was to be watched")


def test_a_pass_tells_what_this_phase_had_alone() -> None:
    made = Made().log("baseline", by_release={"4.1.1": 40}, hole=1024).load("deployed").log("deployed", by_release={})
    wanted = [ExpectedLog("backend-1", LOG, 2.0, carries_release=False)]
    found = logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted)
    assert found.reason == "1 log advanced, with records that do not tell their release and no errors"
    holes = told({"hole": 1024}, {"hole": 1024})
    assert holes.reason.endswith(
        " (a hole of 2 KiB of NUL bytes, left by a writer without O_APPEND after a truncation)"
    )


@pytest.mark.parametrize("times", [{"blocks": 3, "lag": 3.0}, {"backward": 3, "step": 3.0}])
def test_records_that_come_late_rest_on_their_report(times: dict[str, Any]) -> None:
    found = told({}, {"times": times}, carries_time=True)
    assert (found.outcome, found.evidence) == (Outcome.FAIL, (LOAD + 2,))


def test_records_that_come_late_are_explained_for_one_and_a_half_times_a_stall() -> None:
    for share, outcome in ((0.55, Outcome.UNKNOWN), (0.45, Outcome.FAIL)):
        assert told({"times": {"blocks": 3, "lag": 3.0}}, carries_time=True, share=share).outcome is outcome


def test_of_three_reports_the_last_one_says_what_became_of_a_log() -> None:
    for report in ({"mount": {"was": "/a", "shows": "/b"}}, {"state": "deleted"}):
        assert told({}, {}, report).evidence == (LOAD + 3,)


def test_half_a_line_of_a_log_that_may_be_silent_counts_though_nothing_else_came() -> None:
    def outcome(seconds: float) -> Outcome:
        made = Made()
        made.clock.advance(100.0)
        made.load("deployed").log("deployed", **NOTHING).log("deployed", **NOTHING)
        made.log("deployed", partial={"bytes": 12, "since": made.clock.now() - seconds}, **NOTHING)
        wanted = [ExpectedLog("backend-1", LOG, 2.0, may_be_silent=True)]
        return logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted).outcome

    assert (outcome(2.0), outcome(2.1)) == (Outcome.PASS, Outcome.FAIL)


def test_what_is_allowed_of_a_longer_silence_is_what_the_log_may_be_silent() -> None:
    """Of six seconds that were watched two are allowed, and 2.67 s explain four."""
    for share, outcome in ((0.46, Outcome.UNKNOWN), (0.43, Outcome.FAIL)):
        assert told({**NOTHING, "seconds": 6.0}, share=share).outcome is outcome


def test_one_report_is_enough_for_half_a_line_that_stays() -> None:
    made = witness(Made(), 0.0, seconds=120)
    made.clock.advance(100.0)
    made.load("deployed").log("deployed", partial={"bytes": 12, "since": made.clock.now() - 4.0})
    found = logs.check(made.events, phase="deployed", release="4.1.1", logs=[ExpectedLog("backend-1", LOG, 2.0)])
    assert (found.outcome, found.evidence) == (Outcome.FAIL, (LOAD + 1,))


def test_a_log_that_was_silent_for_too_long_rests_on_its_own_reports() -> None:
    made = Made().load("deployed").log("deployed", "backend-2").log("deployed", silence=2.1).log("deployed")
    wanted = [ExpectedLog("backend-2", LOG, 2.0), ExpectedLog("backend-1", LOG, 2.0)]
    assert logs.check(made.events, phase="deployed", release="4.1.1", logs=wanted).evidence == (2, 3)


def test_a_silence_between_records_is_explained_for_one_and_a_half_times_a_stall_and_what_it_may_last() -> None:
    """In five seconds the machine stood still for 1.7 s, and a log may be silent for two."""
    for silence, outcome in ((4.5, Outcome.UNKNOWN), (4.6, Outcome.FAIL)):
        made = witness(Made(), 0.34, seconds=120)
        made.clock.advance(100.0)
        made.load("deployed").log("deployed", silence=silence, seconds=5.0)
        found = logs.check(made.events, phase="deployed", release="4.1.1", logs=[ExpectedLog("backend-1", LOG, 2.0)])
        assert found.outcome is outcome, silence
