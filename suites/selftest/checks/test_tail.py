"""A few answers in a hundred that are slow by themselves are seen, and pauses of a machine are not taken for them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from harness import checks
from harness.checks import tail
from harness.checks._stretches import Stretch, stretches
from harness.clock import ManualClock
from harness.history import History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import raw

# Seconds at which a command began and ended: a deployment, two rollbacks of which the second does nothing, and again.
CHANGES = (("deploy", 10.0, 16.0), ("rollback", 22.0, 28.0), ("rollback", 34.0, 35.0), ("deploy", 40.0, 46.0))
END = 52.0
NEW = ((17.0, 22.0), (47.0, END))  # on the new release, warm
OLD = ((0.0, 10.0), (29.0, 34.0), (36.0, 40.0))


class Run:
    """Requests at an even rate through a round trip; 10 ms each."""

    def __init__(
        self, rate: float = 50.0, codes: tuple[int, ...] = (0, 0, 0, 0), seed: int = 1, arm: str = "subject"
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.history = History(clock=ManualClock())
        self.rows = np.zeros(int(END * rate), SAMPLE)
        self.rows["n"], self.rows["intended"] = np.arange(len(self.rows)), np.arange(len(self.rows)) / rate
        self.rows["latency"], self.rows["outcome"], self.rows["flags"] = 0.01, 202, OK | FINAL
        self.start = self.history.record(raw("workload.start", file="s.bin", at=0.0, began=0.0, arm=arm, rate=rate))
        for (verb, begin, end), code in zip(CHANGES, codes, strict=True):
            self.to(begin)
            start = self.history.record(raw("deployer.start", verb=verb))
            self.to(end)
            self.history.record(raw("deployer.end", start=start.id, verb=verb, exit_code=code, ended="exit"))

    def to(self, second: float) -> None:
        clock: Any = self.history.clock
        clock.advance(second - clock.monotonic())

    def slow(self, share: float, *spans: tuple[float, float], by: float = 0.4) -> Run:
        """A share of the answers to requests that were due then is slow, whichever they are."""
        due = self.rows["intended"]
        chosen = self.random.random(len(due)) < share
        for low, high in spans:
            self.rows["latency"][chosen & (due >= low) & (due < high)] += by
        return self

    def pause(self, begin: float, end: float) -> Run:
        """Nothing is answered for a while: all that was due comes at its end."""
        due = self.rows["intended"]
        held = (due >= begin) & (due < end)
        self.rows["latency"][held] = end - due[held] + 0.01
        return self

    def stall(self, *spans: tuple[float, float]) -> Run:
        """The machine stands still for most of each second in these."""
        for second in range(int(END)):
            stood = 0.9 if any(begin <= second < end for begin, end in spans) else 0.0
            self.history.record(
                raw("witness", environment="h1", place="door", begin=second, end=second + 1.0, stood=stood, busy=1.0)
            )
        return self

    def only(self, begin: float, end: float) -> Run:
        """There was no other load than that."""
        due = self.rows["intended"]
        self.rows = self.rows[(due >= begin) & (due < end)]
        return self

    def verdict(self, phase: str = "deployed-again", **parameters: Any) -> Verdict:
        self.to(END)
        self.history.record(raw("note", text="the end"), phase="deployed-again")
        stream = Stream(self.start.id, "h1", "subject", 0.0, 0.0, "", (), {}, self.rows)
        return checks.call(tail.check, self.history.events, Samples((stream,)), phase, parameters)


@pytest.mark.parametrize("seed", range(3))
def test_four_in_a_hundred_on_the_new_release_are_seen_in_a_few_seconds(seed: int) -> None:
    found = Run(seed=seed).slow(0.04, *NEW).verdict()
    assert found.outcome is Outcome.FAIL, found
    assert (
        "of the new release were slow by themselves, later than those beside them by more than 100 ms" in found.reason
    )
    assert "of the old one 0 of 950 answers" in found.reason


@pytest.mark.parametrize("seed", range(3))
def test_as_many_on_both_releases_are_no_finding(seed: int) -> None:
    assert Run(seed=seed).slow(0.04, (0.0, END)).verdict().outcome is Outcome.PASS


def test_a_sound_release_passes_and_the_reason_says_what_would_have_been_seen() -> None:
    found = Run().verdict()
    assert found.outcome is Outcome.PASS
    assert found.reason.startswith(
        "0 of 500 answers of the new release and 0 of 950 answers of the old one were slow by themselves, later than "
        "those beside them by more than 100 ms; a share of "
    )
    assert re.search(
        r"a share of 2\.[0-9] % would have been seen, 2 % would need 1\d s on the new release", found.reason
    )


def test_what_the_reason_calls_visible_is_seen_nine_times_of_ten_and_a_quarter_of_it_is_not() -> None:
    share = 0.026
    seen = [Run(seed=seed).slow(share, *NEW).verdict().outcome is Outcome.FAIL for seed in range(10)]
    assert sum(seen) >= 8
    assert sum(Run(seed=seed).slow(share / 4, *NEW).verdict().outcome is Outcome.FAIL for seed in range(10)) <= 1


def test_a_pause_that_holds_up_everybody_is_no_slow_answer() -> None:
    assert Run().pause(18.0, 18.5).pause(48.0, 48.7).pause(50.0, 50.4).verdict().outcome is Outcome.PASS


def test_slow_answers_at_the_same_time_count_once() -> None:
    run = Run()
    for begin in (18.0, 48.0, 50.0):
        run.slow(1.0, (begin, begin + 0.08), by=0.9)
    assert run.verdict().outcome is Outcome.PASS


def test_what_only_one_of_two_deployments_showed_may_be_chance() -> None:
    assert Run().slow(0.1, NEW[0]).verdict().outcome is Outcome.PASS


def test_a_release_that_warms_up_in_its_first_second_passes() -> None:
    assert Run().slow(0.5, (16.0, 17.0), (46.0, 47.0)).verdict().outcome is Outcome.PASS


def test_a_slow_release_on_which_all_are_late_is_not_this_checks_to_tell() -> None:
    assert Run().slow(1.0, *NEW).verdict().outcome is Outcome.PASS


def test_a_low_rate_is_told_with_what_it_would_need_and_too_few_are_unknown() -> None:
    found = Run(rate=3.0).verdict()
    assert found.outcome is Outcome.PASS
    assert re.search(r"a share of \d\d % would have been seen, 2 % would need \d\d\d s", found.reason)
    few = Run(rate=0.4).verdict()
    assert few.outcome is Outcome.UNKNOWN
    assert few.reason == "3 answers of the new release are too few to see any share of slow ones"
    assert re.search(r"a share of 1\.[0-9] % would have been seen$", Run(rate=100.0).verdict().reason), "less than 2 %"


def test_after_a_command_that_failed_nobody_knows_which_release_answers() -> None:
    assert Run(codes=(1, 0, 0, 1)).slow(0.2, *NEW).verdict().outcome is Outcome.UNKNOWN
    assert Run(codes=(1, 0, 0, 0)).slow(0.2, *NEW).verdict().outcome is Outcome.FAIL


def test_slow_is_twice_the_old_releases_p95_and_fifty_milliseconds() -> None:
    run = Run()
    run.rows["latency"] = 0.05
    assert "later than those beside them by more than 150 ms" in run.verdict().reason


@pytest.mark.parametrize(("begin", "end", "release"), [(17.0, END, "old"), (0.0, 17.0, "new")])
def test_without_an_answer_on_one_of_the_releases_there_is_nothing_to_compare(
    begin: float, end: float, release: str
) -> None:
    """The rollback here tells nothing: it failed."""
    found = Run(codes=(0, 1, 1, 1)).only(begin, end).verdict()
    assert (found.check, found.outcome) == ("tail", Outcome.UNKNOWN)
    assert found.reason == f"no request was answered on the {release} release between deployments"


def test_what_a_stall_explains_of_both_deployments_proves_nothing_and_of_one_leaves_it_proven() -> None:
    both = Run().slow(0.04, *NEW).stall(*NEW).verdict()
    assert (both.outcome, both.stalled) == (Outcome.UNKNOWN, True)
    assert "so this proves nothing" in both.reason
    one = Run().slow(0.04, *NEW).stall(NEW[0]).verdict()
    assert (one.outcome, one.stalled) == (Outcome.FAIL, False)


def test_it_rests_on_the_loads_the_changes_and_the_last_event_of_the_phase() -> None:
    run = Run(arm="")
    run.to(END)
    for _ in range(2):
        run.history.record(raw("note", text="not the last one"), phase="deployed-again")
    assert run.verdict().evidence == (*range(9), 11)


def test_without_an_event_it_is_unknown() -> None:
    assert tail.check((), phase="deployed").reason == "there was no load"


def test_requests_that_were_not_saved_are_unknown() -> None:
    run = Run()
    run.to(END)
    run.history.record(raw("note", text="the end"), phase="deployed-again")
    assert tail.check(run.history.events, phase="deployed-again", samples=Samples()).outcome is Outcome.UNKNOWN


def test_a_stretch_ends_with_the_phase_that_is_judged() -> None:
    run = Run()
    found = [*stretches(run.history.events, 30.0, 1.0)]
    assert found[:3] == [Stretch(False, 0.0, 10.0), Stretch(True, 17.0, 22.0), Stretch(False, 29.0, 30.0)]


@pytest.mark.parametrize(
    ("new", "answers", "old", "of"),
    [
        (7, 400, 0, 750),
        (3, 100, 2, 500),
        (0, 5, 4, 9),
        (5, 5, 0, 5),
        (0, 700, 0, 900),
        (90, 400, 30, 750),
        (2, 9, 90, 95),
    ],
)
def test_the_chance_is_that_of_fishers_exact_test(new: int, answers: int, old: int, of: int) -> None:
    slow = new + old
    ways = sum(math.comb(answers, k) * math.comb(of, slow - k) for k in range(new, slow + 1))
    assert tail._chance(new, answers, old, of) == pytest.approx(ways / math.comb(answers + of, slow), rel=1e-9)
