"""What the reads found becomes events: of a window, and of a pass over everything."""

from __future__ import annotations

from typing import Any

from harness.workload import Read
from harness.workload.reading import EXAMPLES, ReadResults
from harness.workload.reads import PATIENCE
from suites.selftest.workload.made import spec

READ = Read(path="/kept/{key}", json={"key": "{key}"}, within=2.0)


def results() -> ReadResults:
    return ReadResults(spec(read=READ, key="k", name="write"))


def one(verdict: str = "good", n: int = 3, **other: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "verdict": verdict, "n": n, "request": 0, "written": 1.0, "asked": 5.0, "ended": 5.5, "attempts": 1, "pass": 0,
    }  # fmt: skip
    bad = {} if verdict == "good" else {"outcome": 404, "server": "b-2", "expected": "x", "got": "status 404"}
    return {**usual, **bad, **other}


def said(*found: dict[str, Any], passed: tuple[tuple[int, int], ...] = (), skipped: int = 0) -> dict[str, Any]:
    return {"found": list(found), "passed": passed, "skipped": skipped}


def test_what_was_not_found_is_counted_among_what_is_wrong() -> None:
    made = results()
    made.take(said(one("wrong", expected="what was written"), one("wrong"), one("unanswered")))
    found = made.beside(7, 0.0, 100.0)
    assert (found.wrong, found.absent, found.unanswered) == (2, 1, 1)


def test_a_window_has_what_was_found_since_the_last_one_and_nothing_twice() -> None:
    made = results()
    made.take(said(one(), one(attempts=2), one("wrong"), skipped=4))
    first = made.beside(7, 0.0, 100.0)
    assert (first.start, first.every, first.written) == (7, False, 0)
    assert (first.asked, first.good, first.late, first.wrong, first.skipped) == (3, 2, 1, 1, 4)
    assert first.absent == 0, "something was found, and it is wrong"
    second = made.beside(7, 0.0, 100.0)
    assert (second.asked, second.skipped, second.bad) == (0, 0, [])


def test_what_was_asked_for_before_the_window_and_got_no_answer_is_apart() -> None:
    made = results()
    made.take(said(one("unanswered", asked=4.9), one("unanswered", asked=5.0), one("wrong", asked=4.0)))
    found = made.beside(7, 5.0, 100.0)
    assert (found.unanswered, found.interrupted, found.wrong) == (1, 1, 1)
    assert [bad.verdict for bad in found.bad] == ["wrong", "unanswered"]


def test_a_bad_read_is_told_in_seconds_of_the_history() -> None:
    made = results()
    made.take(said(one("wrong"), one("unanswered", outcome=1)))
    wrong, silent = made.beside(7, 0.0, 100.0).bad
    assert (wrong.key, wrong.request, wrong.outcome, wrong.server) == ("k-3", "write", "status 404", "b-2")
    assert (wrong.written, wrong.asked, wrong.ended) == (101.0, 105.0, 105.5)
    assert silent.outcome == "timeout"


def test_the_bad_reads_that_are_told_are_those_that_were_written_first() -> None:
    made = results()
    made.take(said(*(one("wrong", n, written=float(n)) for n in (30, 10, *range(100, 200), 20))))
    assert [bad.key for bad in made.beside(7, 0.0, 0.0).bad[:3]] == ["k-10", "k-20", "k-30"]


def test_of_many_bad_reads_some_are_told_and_all_are_counted() -> None:
    made = results()
    made.take(said(*(one("wrong", n) for n in range(500)), *(one("unanswered", n) for n in range(500))))
    found = made.beside(7, 0.0, 0.0)
    assert (found.wrong, found.unanswered, len(found.bad)) == (500, 500, 2 * EXAMPLES)


def test_of_a_pass_what_was_found_last_counts_with_how_often_it_was_asked_for() -> None:
    made = results()
    assert made.begin() == 1
    made.take(said(one(n=1) | {"pass": 1}, one("wrong", n=2) | {"pass": 1}, passed=((1, 9),)))
    assert (made.passed, made.bad) == (1, True)
    made.take(said(one(n=2) | {"pass": 2}, passed=((made.begin(), 9),)))
    assert (made.passed, made.bad) == (2, False)
    found = made.everything(7, 0.0, None)
    assert (found.every, found.written, found.asked, found.good, found.late) == (True, 9, 2, 2, 1)
    assert made.everything(7, 0.0, None).asked == 0


def test_it_is_worth_while_to_ask_again_as_long_as_work_may_be_done_later() -> None:
    assert results().within == 2.0 + PATIENCE
    assert results().declared
    assert not ReadResults(spec()).declared
