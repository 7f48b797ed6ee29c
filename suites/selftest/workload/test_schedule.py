"""Schedules are laid down beforehand: ascending, at their rates, the same for the same seed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.workload import Schedule
from harness.workload.access_log import times_of

rates = st.floats(0.5, 500.0)
lengths = st.floats(1.0, 60.0)


def counted(times: np.ndarray, begin: float, end: float) -> int:
    return int(((times >= begin) & (times < end)).sum())


@given(rates, lengths)
def test_constant_arrivals_are_evenly_spaced(rate: float, limit: float) -> None:
    times = Schedule(rate=rate).times(limit, 0)
    assert len(times) == int(limit * rate)
    assert np.allclose(np.diff(times), 1 / rate)


@given(st.floats(1.0, 500.0), st.floats(1.0, 500.0), st.floats(1.0, 30.0), lengths)
def test_a_ramp_sends_the_area_under_its_rate(begin: float, to: float, over: float, limit: float) -> None:
    times = Schedule("ramp", begin, to=to, over=over).times(limit, 0)
    assert (np.diff(times) > 0).all()
    assert times[-1] < limit
    at = min(limit, over)
    area = begin * at + (to - begin) * at**2 / (2 * over) + to * max(0.0, limit - over)
    assert abs(len(times) - area) <= 2


@given(st.lists(st.tuples(st.floats(0.5, 20.0), st.floats(1.0, 200.0)), min_size=1, max_size=5))
def test_each_step_has_its_rate_and_the_last_one_stays(steps: list[tuple[float, float]]) -> None:
    total = sum(seconds for seconds, _ in steps)
    times = Schedule("step", steps=tuple(steps)).times(total + 10.0, 0)
    assert (np.diff(times) > 0).all()
    begin = 0.0
    for seconds, rate in steps:
        assert abs(counted(times, begin, begin + seconds) - seconds * rate) <= 2
        begin += seconds
    assert abs(counted(times, total, total + 10.0) - 10.0 * steps[-1][1]) <= 2


def test_poisson_arrivals_are_independent_and_the_seed_decides() -> None:
    times = Schedule("poisson", 100.0).times(200.0, 3)
    assert (times == Schedule("poisson", 100.0).times(200.0, 3)).all()
    assert len(times) != len(Schedule("poisson", 100.0).times(200.0, 4))
    counts = np.bincount(times.astype(int), minlength=200)
    # Five standard deviations wide: the mean of 200 counts, and the ratio of variance and mean, which is 1.
    assert abs(counts.mean() - 100.0) < 5 * np.sqrt(100.0 / 200)
    assert abs(counts.var() / counts.mean() - 1.0) < 5 * np.sqrt(2 / 200)
    assert times[-1] < 200.0


# -- replay ------------------------------------------------------------------------------------------------------------

COMMON = '10.0.0.1 - - [04/Apr/2012:00:45:{:02d} -0700] "GET / HTTP/1.1" 200 12\n'


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_an_access_log_is_replayed_and_its_whole_seconds_are_spread_evenly(tmp_path: Path) -> None:
    file = written(tmp_path / "log", "".join(COMMON.format(second) for second in (0, 0, 0, 0, 2, 3)))
    assert Schedule("replay", file=file).times(60.0, 0).tolist() == [0.0, 0.25, 0.5, 0.75, 2.0, 3.0]
    assert Schedule("replay", file=file, speed=2.0).times(1.2, 0).tolist() == [0.0, 0.125, 0.25, 0.375, 1.0]


@pytest.mark.parametrize(
    "lines",
    [
        '{"time": "2012-04-04T00:45:00.5-07:00"}\n{"time": "2012-04-04T00:45:02-07:00"}\n',
        '{"ts": 1333525500.5}\n{"ts": 1333525502}\n',
        '{"timestamp": 1333525500500}\n{"timestamp": 1333525502000}\n',
        'noise\n{"ts": 1333525502}\n\n{"ts": 1333525500.5}\n{"ts": true}\n',
    ],
)
def test_json_lines_are_read_by_their_time_in_any_order(tmp_path: Path, lines: str) -> None:
    assert times_of(Path(written(tmp_path / "log", lines)), 100).tolist() == [0.0, 1.5]


def test_no_more_than_so_many_requests_are_read(tmp_path: Path) -> None:
    assert len(times_of(Path(written(tmp_path / "log", COMMON.format(1) * 50)), 10)) == 10


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "an empty file"), ("this is\nno log\n", "2 lines without a time"), ("\x00\xff" * 1000, "without a time")],
)
def test_what_is_no_access_log_is_refused_with_what_would_be_one(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match="not an access log") as caught:
        times_of(Path(written(tmp_path / "log", text)), 10)
    assert words in str(caught.value)
    assert "04/Apr/2012" in str(caught.value)


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Schedule("replay", file=str(tmp_path / "nothing")).times(1.0, 0)


@pytest.mark.timeout(60)
def test_a_log_that_is_no_file_or_has_no_lines_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 40)  # one line of a terabyte
    for path, words in (
        (tmp_path / "pipe", "named pipe"),
        (Path("/dev/zero"), "character device"),
        (tmp_path / "holes", "100 lines without a time"),
    ):
        with pytest.raises(UsageError) as caught:
            times_of(path, 10)
        assert words in str(caught.value)


def test_a_schedule_of_any_kind_knows_the_rate_at_which_it_ends() -> None:
    assert Schedule("ramp", 1.0, to=9.0, over=2.0).usual == 9.0
    assert Schedule("step", steps=((1.0, 2.0), (1.0, 3.0))).usual == 3.0
    assert Schedule("poisson", 4.0).usual == 4.0
