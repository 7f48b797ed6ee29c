"""A side effect happens once for each piece of acknowledged work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.checks.effects import check
from harness.clock import ManualClock
from harness.history import History
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.witnessed import acknowledged

ONE_EACH = {f"k-{n}": 1 for n in range(10)}


def judged(
    *counts: dict[str, int] | None, effects: Any = ("mails", "invoices"), unread: str = "", key: str = "k", **asked: Any
) -> Verdict:
    """Ten requests that were all answered in the first second; a minute later each effect was counted."""
    history, stream = acknowledged()
    found, missing = dict[int, Any](), dict[int, str]()
    for name, there in zip(("mails", "invoices"), counts, strict=False):
        usual = {"name": name, "key": key, "pieces": 10, "file": "x", "error": None, "before": 50.0}
        event = history.record(raw("probe.effect", phase="p", **{**usual, **asked}))
        if there is not None:
            found[event.id] = there
        elif unread:
            missing[event.id] = unread
    return check(history.events, phase="p", effects=effects, samples=Samples((stream,), found, missing))


def test_one_for_each_acknowledged_piece_passes() -> None:
    verdict = judged(ONE_EACH, ONE_EACH)
    assert verdict.outcome is Outcome.PASS
    assert "mails: one for each of 10 acknowledged pieces of work, invoices: one" in verdict.reason


def test_one_that_is_missing_is_named_with_its_effect() -> None:
    verdict = judged(ONE_EACH, {**ONE_EACH, "k-4": 0})
    assert verdict.outcome is Outcome.FAIL
    assert "invoices: none for 1 of 10 acknowledged pieces of work: k-4" in verdict.reason


def test_one_that_happened_twice_is_named_with_how_often() -> None:
    verdict = judged({**ONE_EACH, "k-4": 3}, ONE_EACH)
    assert verdict.outcome is Outcome.FAIL
    assert "mails: more than one for 1 piece of work: k-4 (3 times)" in verdict.reason


def test_one_for_work_that_nobody_was_promised_is_allowed_once() -> None:
    assert judged({**ONE_EACH, "k-77": 1}, ONE_EACH)
    assert judged({**ONE_EACH, "k-77": 2}, ONE_EACH).outcome is Outcome.FAIL


def test_what_others_did_does_not_count() -> None:
    assert judged({**ONE_EACH, "other": 9}, ONE_EACH)


def test_what_was_acknowledged_later_need_not_have_happened() -> None:
    assert judged({f"k-{n}": 1 for n in range(5)}, ONE_EACH, before=0.45)


@pytest.mark.parametrize(
    ("counts", "asked", "words"),
    [
        ((ONE_EACH,), {}, "invoices: it was not counted"),
        ((ONE_EACH, ONE_EACH), {"error": "no such file"}, "mails: it could not be counted: no such file"),
        ((ONE_EACH, ONE_EACH), {"before": None}, "did not tell in time"),
        ((ONE_EACH, None), {"unread": "the file was changed"}, "invoices: the file was changed"),
        ((ONE_EACH, None), {}, "invoices: what was counted is not there"),
        ((ONE_EACH, ONE_EACH), {"effects": ()}, "no side effect is declared"),
        ((ONE_EACH, ONE_EACH), {"before": -1.0}, "nothing was acknowledged"),
        ((ONE_EACH, ONE_EACH), {"key": "z"}, "nothing was acknowledged"),
    ],
)
def test_what_is_not_known_is_not_passed(counts: Any, asked: dict[str, Any], words: str) -> None:
    verdict = judged(*counts, **asked)
    assert verdict.outcome is Outcome.UNKNOWN
    assert words in verdict.reason


def test_what_is_wrong_with_an_effect_rests_on_where_it_was_counted() -> None:
    assert judged(ONE_EACH, {**ONE_EACH, "k-4": 0}).evidence == (2,)
    assert judged({**ONE_EACH, "k-4": 3}, ONE_EACH).evidence == (1,)
    gone = dict(ONE_EACH)
    del gone["k-4"]
    assert "mails: none for 1 of 10 acknowledged pieces of work: k-4" in judged(gone, ONE_EACH).reason


def test_only_what_was_counted_in_the_phase_counts() -> None:
    history = History(clock=ManualClock())
    history.record(raw("probe.effect", phase="another", name="mails", key="k", pieces=1, file="x", before=1.0))
    assert check(history.events, phase="p", effects=("mails",)).reason == "mails: it was not counted"


def counted(share: float = 0.0, *, seconds: float = 2.0, problem: str = "", promises: Any = ((0, "k-0"),)) -> Verdict:
    """An effect of work that was acknowledged at second 2 is missing some seconds later."""
    clock = ManualClock()
    history = History(clock=clock)
    start = history.record(raw("workload.start", environment="h1"))
    for at in range(4):
        still = share if at >= 2 else 0.0
        history.record(raw("witness", place="door", begin=float(at), end=at + 1.0, stood=still, busy=1.0))
    clock.advance(2.0 + seconds)
    read = history.record(
        raw("probe.effect", phase="p", name="mails", key="k", pieces=1, file="x", error=None, before=2.0)
    )
    records = np.zeros(1, SAMPLE)
    records["flags"] = OK | FINAL
    stream = Stream(start.id, "h1", "subject", 0.0, 0.0, "k", (), {}, records, problem, promises, "")
    return check(history.events, phase="p", effects=("mails",), samples=Samples((stream,), {read.id: {}}, {}))


def test_an_effect_that_is_on_its_way_because_the_machine_stood_still_is_not_missing() -> None:
    assert counted(0.5).outcome is Outcome.UNKNOWN
    assert counted(0.2).outcome is Outcome.FAIL, "a stall explains four times its length, which is 1.6 s"


def test_samples_that_are_not_whole_leave_it_unknown_and_say_what_is_missing() -> None:
    torn = counted(problem="the file is torn")
    assert (torn.outcome, torn.reason) == (Outcome.UNKNOWN, "mails: the file is torn")
    untold = counted(promises=((7, "k-7"),))
    assert untold.reason == (
        "mails: the samples do not say when k-7 was acknowledged; mails: nothing was acknowledged before it was counted"
    )
