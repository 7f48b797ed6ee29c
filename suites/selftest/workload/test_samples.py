import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.samples import FINAL, OK, SHED
from harness.samples.records import SAMPLE, Records
from harness.workload.samples import RunningSamples, quantile


def rows(*codes: int, attempts: int = 1) -> Records:
    """A record for each code that is not 0: request n, due at n / 10, answered after 0.01 * (n + 1) seconds."""
    made = np.zeros(len(codes), SAMPLE)
    made["n"] = np.arange(len(codes))
    made["intended"], made["sent"], made["outcome"] = made["n"] / 10, 0.001, codes
    made["latency"], made["attempt"] = 0.01 * (made["n"] + 1), attempts
    made["flags"] = np.where(made["outcome"] == 200, OK | FINAL, FINAL)
    found: Records = made[made["outcome"] != 0]
    return found


def samples(count: int) -> RunningSamples:
    return RunningSamples(np.arange(max(count, 1)) / 10, began=1000.0)


def made(*codes: int) -> RunningSamples:
    found = samples(len(codes))
    found.add(rows(*codes))
    return found


def test_an_outage_lasts_from_the_first_failure_to_the_next_good_answer() -> None:
    assert made(200, 503, 1, 200, 503, 200).window("x", 0, 6, 0.6).longest_outage == pytest.approx(0.24)


def test_an_outage_that_has_not_ended_lasts_to_the_end_of_the_window() -> None:
    assert made(200, 503, 503).window("x", 0, 3, 0.55).longest_outage == pytest.approx(0.45)


def test_an_outage_from_the_beginning_counts() -> None:
    assert made(503, 503, 200).window("x", 0, 3, 0.3).longest_outage == pytest.approx(0.23)


def test_a_generator_that_stood_still_was_blind_from_the_first_request_that_was_due() -> None:
    found, late = samples(6), rows(*[200] * 6)
    late["sent"][2:5], late["latency"][2:5] = (0.25, 0.15, 0.05), (0.26, 0.16, 0.06)
    found.add(late)
    assert found.window("x", 0, 6, 0.6).blind == pytest.approx(0.25)


def test_what_was_never_sent_is_intended_and_nothing_else() -> None:
    window = made(200, 0, 0, 200).window("x", 0, 6, 0.6)
    assert (window.intended, window.sent, window.ok, window.failed, window.shed) == (6, 2, 2, 0, 0)


def test_a_window_holds_the_requests_that_were_due_in_it() -> None:
    window = made(503, 200, 200, SHED).window("x", 1, 4, 0.4)
    assert (window.intended, window.ok, window.failed, window.shed) == (3, 2, 0, 1)
    assert window.began == 1000.1
    assert window.p50 == pytest.approx(0.02)
    assert window.p99 == pytest.approx(0.03)


def test_attempts_are_counted_and_the_last_one_decides() -> None:
    found = samples(1)
    first = rows(503)
    first["flags"] = 0
    found.add(first)
    assert found.complete == 0
    found.add(rows(200, attempts=2))
    window = found.window("x", 0, 1, 0.1)
    assert (window.sent, window.ok, window.attempts, found.complete) == (1, 1, 2, 1)


def test_what_was_shed_is_no_attempt() -> None:
    assert made(SHED, 200).window("x", 0, 2, 0.2).attempts == 1


def test_an_answer_whose_content_is_wrong_is_named() -> None:
    window = made(9, 200, 503).window("x", 0, 3, 0.3)
    assert window.errors == {"unexpected answer": 1, "status 503": 1}


def test_quantiles_are_of_the_nearest_rank() -> None:
    values = np.arange(1.0, 101.0)
    assert [quantile(values, q) for q in (0.5, 0.95, 0.99)] == [50.0, 95.0, 99.0]
    assert quantile(np.empty(0), 0.5) is None


def test_a_window_has_the_quantiles_that_it_names() -> None:
    window = made(*[200] * 100).window("p", 0, 100, 10.0)
    assert (window.p50, window.p95, window.p99) == (0.5, 0.95, 0.99)


@given(st.lists(st.sampled_from([0, 1, 2, SHED, 200, 503]), max_size=600), st.randoms())
def test_the_counts_of_a_window_add_up_in_whatever_order_the_answers_come(codes: list[int], random: object) -> None:
    found, order = samples(len(codes)), list(rows(*codes))
    random.shuffle(order)  # type: ignore[attr-defined]
    for one in order:
        found.add(np.array([one], SAMPLE))
    window = found.window("x", 0, len(codes), len(codes) / 10)
    assert window.sent == window.ok + window.failed
    assert window.sent + window.shed == sum(1 for code in codes if code)
    assert window.ok == codes.count(200)
    assert sum(window.errors.values()) == window.failed + window.shed
    assert found.complete == (codes.index(0) if 0 in codes else len(codes)) or not order
    assert 0 <= window.longest_outage <= len(codes) / 10 + 0.01 * len(codes) + 1e-6


def test_an_outage_of_one_kind_of_request_is_told_beside_that_of_all() -> None:
    times = np.arange(100) / 10
    running = RunningSamples(times, 1000.0, requests=("resume", "status"))
    rows = np.zeros(100, SAMPLE)
    rows["n"], rows["intended"], rows["latency"], rows["request"] = np.arange(100), times, 0.01, np.arange(100) % 2
    rows["outcome"], rows["flags"] = 200, OK | FINAL
    bad = (times >= 2.0) & (times < 6.0) & (rows["request"] == 1)
    rows["outcome"][bad], rows["flags"][bad] = 500, FINAL
    running.add(rows)
    window = running.window("deployed", 0, 100, 10.0)
    assert window.longest_outage < 0.3
    assert window.outages["status"] == pytest.approx(4.0, abs=0.3)
    assert window.outages["resume"] == pytest.approx(0.01, abs=0.01)
    assert [(group.request, group.outcome, group.count) for group in window.failures] == [("status", "status 500", 20)]
