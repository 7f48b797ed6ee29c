import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.samples import SHED
from harness.workload.samples import Samples, quantile
from harness.workload.spec import Spec

SPEC = Spec("127.0.0.1", 80, rate=10.0, expected=(200,))


def made(*codes: int) -> Samples:
    samples = Samples(SPEC, began=1000.0)
    samples.add([[n, 0.001, 0.01 * (n + 1), code, ""] for n, code in enumerate(codes) if code])
    return samples


def test_an_outage_lasts_from_the_first_failure_to_the_next_answer() -> None:
    assert made(200, 503, 1, 200, 503, 200).window("x", 0, 6, 0.6).longest_outage == pytest.approx(0.2)


def test_an_outage_that_has_not_ended_lasts_to_the_end_of_the_window() -> None:
    assert made(200, 503, 503).window("x", 0, 3, 0.55).longest_outage == pytest.approx(0.45)


def test_what_was_never_sent_is_intended_and_nothing_else() -> None:
    window = made(200, 0, 0, 200).window("x", 0, 6, 0.6)
    assert (window.intended, window.sent, window.ok, window.failed, window.shed) == (6, 2, 2, 0, 0)


def test_a_window_holds_the_requests_that_were_due_in_it() -> None:
    window = made(503, 200, 200, SHED).window("x", 1, 4, 0.4)
    assert (window.intended, window.ok, window.failed, window.shed) == (3, 2, 0, 1)
    assert (window.began, window.p50, window.p99) == (1000.1, 0.02, 0.03)


def test_quantiles_are_of_the_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [quantile(values, q) for q in (0.5, 0.95, 0.99)] == [50.0, 95.0, 99.0]
    assert quantile([], 0.5) is None


@given(st.lists(st.sampled_from([0, 1, 2, SHED, 200, 503]), max_size=60), st.randoms())
def test_the_counts_of_a_window_add_up_in_whatever_order_the_answers_come(codes: list[int], random: object) -> None:
    samples = Samples(SPEC, began=0.0)
    rows = [[n, 0.0, 0.1, code, ""] for n, code in enumerate(codes) if code]
    random.shuffle(rows)  # type: ignore[attr-defined]
    for row in rows:
        samples.add([row])
    window = samples.window("x", 0, len(codes), len(codes) / 10)
    assert window.sent == window.ok + window.failed
    assert window.sent + window.shed == sum(1 for code in codes if code)
    assert window.ok == codes.count(200)
    assert sum(window.errors.values()) == window.failed + window.shed
    assert samples.complete == (codes.index(0) if 0 in codes else len(codes)) or not rows
    assert 0 <= window.longest_outage <= len(codes) / 10 + 1e-9
