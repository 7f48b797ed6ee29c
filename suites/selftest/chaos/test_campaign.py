"""The coordinator: which plans begin, when it ends, and what is written down whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.chaos.campaign import BLIND, Campaign
from harness.chaos.ledger import Ledger
from harness.chaos.records import UNNAMED, Finding, Shrunk
from harness.chaos.seeds import Shard, plan_seed
from harness.chaos.tasks import Came, Limits, Task
from harness.chaos.thinning import OF_A_FINDING, PASSES
from harness.errors import NoEngine, NoSpace
from harness.files import write
from harness.plan.pace import Pace
from harness.plan.signature import Signature
from harness.signals import Terminated
from harness.verdict import Outcome
from suites.selftest.chaos.made import ABOUT, LOST_LOG, Runner, Told, campaign, shrink

FAILED = Came(Outcome.FAIL, "a log stopped", LOST_LOG, seconds=2.0)
BLANK = Came(Outcome.UNKNOWN, "no engine")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "chaos.sqlite") as made:
        yield made


def test_it_runs_the_plans_that_the_seed_says_and_writes_down_what_came(ledger: Ledger, tmp_path: Path) -> None:
    kept = campaign(ledger, tmp_path, Runner({4: FAILED, 5: BLANK})).work()
    assert [(one.number, one.seed) for one in kept.plans] == [(n, plan_seed(ABOUT.seed, n)) for n in range(1, 7)]
    assert [one.outcome.value for one in kept.plans] == ["pass", "pass", "pass", "fail", "unknown", "pass"]
    assert [one.plan is not None for one in kept.plans] == [False, False, False, True, True, False]
    assert all(one.state == "done" for one in kept.plans)


def test_called_again_it_goes_on_where_it_was(ledger: Ledger, tmp_path: Path) -> None:
    first, second = Runner(), Runner()
    campaign(ledger, tmp_path, first).work()
    campaign(ledger, tmp_path, second, limits=Limits(plans=3)).work()
    assert (sorted(first.ran), second.ran) == ([1, 2, 3, 4, 5, 6], [7, 8, 9])


def test_the_shards_of_a_campaign_are_the_whole(ledger: Ledger, tmp_path: Path) -> None:
    runners = [Runner(), Runner(), Runner()]
    for part, runner in enumerate(runners, 1):
        campaign(ledger, tmp_path, runner, shard=Shard(part, 3), limits=Limits(plans=2)).work()
    assert [runner.ran for runner in runners] == [[1, 4], [2, 5], [3, 6]]


def test_two_coordinators_of_one_campaign_run_no_plan_twice(ledger: Ledger, tmp_path: Path) -> None:
    one, other = Runner(), Runner()
    with Ledger(ledger.path) as second:
        works = [
            threading.Thread(target=campaign(made, tmp_path, runner, limits=Limits(plans=20, jobs=2)).work)
            for made, runner in ((ledger, one), (second, other))
        ]
        for work in works:
            work.start()
        for work in works:
            work.join(60.0)
    ran = one.ran + other.ran
    assert len(ran) == len(set(ran)) == 40
    assert len(ledger.campaign(ABOUT.id).plans) == 40


def test_with_until_failure_no_plan_begins_after_one_that_failed(ledger: Ledger, tmp_path: Path) -> None:
    runner = Runner({3: FAILED})
    going = campaign(ledger, tmp_path, runner, limits=Limits(until_failure=True))
    kept = going.work()
    assert runner.ran == [1, 2, 3]
    assert going.over == "plan 3 failed"
    assert kept.findings[0].shrunk is not None


def test_time_that_is_up_lets_no_plan_begin_that_would_not_end_in_it(ledger: Ledger, tmp_path: Path) -> None:
    now = iter(range(0, 1000))
    runner = Runner()
    going = campaign(ledger, tmp_path, runner, limits=Limits(seconds=10.0), clock=lambda: float(next(now)))
    going.work()
    assert 1 <= len(runner.ran) < 10
    assert going.over in ("its time is up", "no further plan ends in its time")


def test_plans_that_take_longer_than_was_thought_leave_time_for_fewer(ledger: Ledger, tmp_path: Path) -> None:
    begun: dict[float, list[tuple[int, float]]] = {}
    for factor in (1.0, 4.0):
        seen = begun.setdefault(factor, [])

        class Telling(Told):
            def begun(self, task: Task, seen: list[tuple[int, float]] = seen) -> None:
                seen.append((task.number, task.seconds))

        now = iter(range(0, 10_000))
        slow = Came(Outcome.PASS, "well", seconds=factor)  # and the estimate is 1 s
        runner = Runner(dict.fromkeys(range(100), slow))
        about = replace(ABOUT, seed=int(factor))
        going = campaign(
            ledger, tmp_path, runner, told=Telling(), about=about,
            limits=Limits(seconds=50.0), clock=lambda now=now: float(next(now)),
        )  # fmt: skip
        going.work()
    assert [seconds for _, seconds in begun[1.0][:3]] == [1.0, 1.0, 1.0]
    assert [seconds for _, seconds in begun[4.0][:3]] == [1.0, 4.0, 4.0]
    assert len(begun[4.0]) <= len(begun[1.0])


@pytest.mark.parametrize(("before", "expected"), [(1.0, 3), (30.0, 1)])
def test_what_plans_took_before_says_which_still_ends_in_time(
    before: float, expected: int, ledger: Ledger, tmp_path: Path
) -> None:
    pace = Pace()
    pace.took(1.0, before)
    table = dict.fromkeys(range(1, 4), Came(Outcome.UNKNOWN, "it says nothing of the pace", seconds=1.0))
    limits = Limits(seconds=20.0, plans=3)
    runner = Runner(table)
    going = campaign(ledger, tmp_path, runner, limits=limits, pace=pace, clock=lambda: 0.0)
    going.work()
    assert len(runner.ran) == expected
    assert (going.over == "no further plan ends in its time") is (expected == 1)


def test_failures_of_one_signature_are_one_finding_and_cut_down_once(ledger: Ledger, tmp_path: Path) -> None:
    told, other = Told(), Signature("errors", "requests failed", "web")
    table = {1: FAILED, 2: Came(Outcome.FAIL, "errors", other), 3: FAILED, 5: FAILED}
    kept = campaign(ledger, tmp_path, Runner(table), told=told).work()
    assert {one.signature: [plan.number for plan in one.plans] for one in kept.findings} == {
        LOST_LOG: [1, 3, 5], other: [2],
    }  # fmt: skip
    assert sorted(map(str, told.shrunk_)) == sorted(map(str, (LOST_LOG, other)))
    assert all(one.shrunk is not None and one.shrunk.steps == 1 for one in kept.findings)


def test_what_was_not_cut_down_is_cut_down_when_the_campaign_goes_on(ledger: Ledger, tmp_path: Path) -> None:
    def given_up(finding: Finding, stop: threading.Event, seconds: float) -> Shrunk | None:
        return None

    campaign(ledger, tmp_path, Runner({1: FAILED}), shrink=given_up).work()
    assert ledger.campaign(ABOUT.id).findings[0].shrunk is None
    campaign(ledger, tmp_path, Runner(), limits=Limits(plans=1), shrink=shrink).work()
    assert ledger.campaign(ABOUT.id).findings[0].shrunk is not None


def test_a_failure_without_a_signature_is_a_finding(ledger: Ledger, tmp_path: Path) -> None:
    kept = campaign(ledger, tmp_path, Runner({2: Came(Outcome.FAIL, "it failed")})).work()
    assert [one.signature for one in kept.findings] == [UNNAMED]


def test_where_no_plan_has_a_verdict_it_ends(ledger: Ledger, tmp_path: Path) -> None:
    runner = Runner(dict.fromkeys(range(1, 1000), BLANK))
    going = campaign(ledger, tmp_path, runner, limits=Limits(jobs=1))
    going.work()
    assert len(runner.ran) == BLIND
    assert "had no verdict" in going.over


@pytest.mark.parametrize("error", [NoEngine("no engine answers"), ValueError("a fault of the harness")])
def test_an_error_ends_what_runs_and_is_told_and_what_has_ended_is_written_down(
    ledger: Ledger, tmp_path: Path, error: Exception
) -> None:
    with pytest.raises(type(error)):
        campaign(ledger, tmp_path, Runner({3: error}), limits=Limits(jobs=1)).work()
    kept = ledger.campaign(ABOUT.id)
    assert [one.state for one in kept.plans] == ["done", "done", "started"]
    assert [one.outcome for one in kept.plans][2] is Outcome.UNKNOWN


def test_a_ledger_that_cannot_be_written_ends_it_and_no_plan_passes_that_was_not_written_down(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise NoSpace("The ledger cannot be written: the disk is full")

    monkeypatch.setattr(ledger, "finish", full)
    with pytest.raises(NoSpace):
        campaign(ledger, tmp_path, Runner()).work()
    assert not any(one.judged for one in ledger.campaign(ABOUT.id).plans)


# -- being told to end -------------------------------------------------------------------------------------------------


def interrupted(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, tmp_path: Path, *errors: BaseException
) -> tuple[Runner, Told]:
    """A campaign into whose wait these come, while two plans are under way."""
    runner, told = Runner(), Told()
    runner.hold.set()
    going = campaign(ledger, tmp_path, runner, told=told, limits=Limits(jobs=2))
    coming = iter(errors)
    lets_end = len(errors) == 1 and isinstance(errors[0], KeyboardInterrupt)  # else only being told to ends them

    def note(text: str) -> None:
        told.notes.append(text)
        if lets_end:
            runner.hold.clear()

    original = Campaign._take_in

    def take_in(self: Campaign) -> None:
        for _ in range(2):
            runner.held.acquire(timeout=30.0)
        if (error := next(coming, None)) is not None:
            raise error
        original(self)

    told.note = note  # type: ignore[method-assign]
    monkeypatch.setattr(Campaign, "_take_in", take_in)
    going.work()
    assert going.interrupted is errors[-1]
    return runner, told


def test_the_first_interrupt_lets_what_runs_end_and_nothing_more_begin(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, tmp_path: Path
) -> None:
    runner, told = interrupted(monkeypatch, ledger, tmp_path, KeyboardInterrupt())
    assert (runner.ran, runner.stopped) == ([1, 2], [])
    assert [one.outcome for one in ledger.campaign(ABOUT.id).plans] == [Outcome.PASS] * 2
    assert "no further plan begins; 2 under way" in told.notes[0]


def test_the_second_ends_what_runs_in_good_order_and_it_is_unknown(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, tmp_path: Path
) -> None:
    runner, _ = interrupted(monkeypatch, ledger, tmp_path, KeyboardInterrupt(), KeyboardInterrupt())
    assert sorted(runner.stopped) == [1, 2]
    kept = ledger.campaign(ABOUT.id)
    assert [(one.state, one.outcome) for one in kept.plans] == [("done", Outcome.UNKNOWN)] * 2


def test_sigterm_ends_what_runs_at_once(monkeypatch: pytest.MonkeyPatch, ledger: Ledger, tmp_path: Path) -> None:
    runner, _ = interrupted(monkeypatch, ledger, tmp_path, Terminated())
    assert sorted(runner.stopped) == [1, 2]


def test_the_lever_ends_what_runs_in_good_order_and_lets_nothing_begin(ledger: Ledger, tmp_path: Path) -> None:
    runner, lever = Runner(), tmp_path / "lever"
    runner.hold.set()

    def pull() -> None:
        for _ in range(2):
            runner.held.acquire(timeout=30.0)
        write(lever, "release day\n")  # at once: an empty one would be another word

    threading.Thread(target=pull).start()
    going = campaign(ledger, tmp_path, runner, limits=Limits(jobs=2))
    going.work()
    assert sorted(runner.stopped) == [1, 2]
    assert going.over == f"stopped by {lever}: release day"
    again = Runner()
    campaign(ledger, tmp_path, again).work()
    assert again.ran == []


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_of_what_passed_only_the_newest_runs_are_kept_and_of_a_finding_the_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    table = dict.fromkeys(range(1, 2 * OF_A_FINDING + 1, 1), FAILED)
    runner = Runner(table, runs)
    kept = campaign(ledger, tmp_path, runner, limits=Limits(plans=2 * OF_A_FINDING + 10)).work()
    left = sorted(int(path.name.removeprefix("run-")) for path in runs.iterdir())
    assert left == [*range(1, OF_A_FINDING + 1), *range(2 * OF_A_FINDING + 11 - PASSES, 2 * OF_A_FINDING + 11)]
    assert len(kept.findings[0].plans) == 2 * OF_A_FINDING
    assert all((one.run == "") == (one.number > OF_A_FINDING) for one in kept.findings[0].plans)


def test_what_earlier_nights_left_counts_among_what_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    for night in range(1, 4):
        campaign(ledger, runs, Runner({}, runs), limits=Limits(plans=PASSES + 1)).work()
        newest = night * (PASSES + 1)
        left = sorted(int(path.name.removeprefix("run-")) for path in runs.iterdir())
        assert left == [*range(newest + 1 - PASSES, newest + 1)]


def test_a_disk_that_is_nearly_full_loses_the_passes_first_and_then_ends_it(ledger: Ledger, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    runner = Runner({1: FAILED}, runs)
    campaign(ledger, runs, runner, limits=Limits(plans=3)).work()
    going = campaign(ledger, runs, runner, limits=Limits(plans=3, free=2**62))
    going.work()
    assert "are free" in going.over
    assert len(runner.ran) == 3
