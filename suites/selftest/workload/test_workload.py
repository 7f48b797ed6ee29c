import time
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotMeasured, UsageError
from harness.history import History
from harness.samples import FINAL, OK
from harness.samples import read as read_samples
from harness.workload import Window, Workload
from suites.raw import raw, select
from suites.selftest.workload.made import eventually, spec
from suites.selftest.workload.server import Behaviour, answer, closed_port, good, serving, silent, stalling, telling

pytestmark = pytest.mark.programs


def measured(behaviour: Behaviour, seconds: float = 0.6, **changes: Any) -> Window:
    with serving(behaviour) as server, Workload(spec(server.port, **changes), History()) as workload:
        return workload.baseline(seconds)


def test_a_good_server_answers_everything_at_the_rate() -> None:
    window = measured(good, 1.0)
    assert window.ok == window.sent == window.intended
    assert 45 <= window.intended <= 500  # a window is never too short; how long a busy machine makes it is open
    assert (window.failed, window.shed, window.errors) == (0, 0, {})
    assert 0.0 <= window.longest_outage < 1.0  # no longer than the slowest answer took
    assert window.statuses == {"202": window.ok}
    assert window.p50 is not None
    assert 0 < window.p50 < 10


def test_the_loop_is_open_so_a_stall_shows_in_the_latencies_and_not_in_the_rate() -> None:
    window = measured(stalling(1.0, after=1.0), 3.0)
    assert window.ok == window.sent == window.intended
    assert 145 <= window.intended <= 500
    assert window.p99 is not None
    assert window.p99 > 0.8  # the first request of the stall waited for a second, those behind it for the rest of it
    assert window.p95 is not None
    assert window.p95 > 0.5  # of at most 500 requests 50 fell into the stall: a closed loop would show one


def test_unexpected_statuses_are_failures_with_their_counts() -> None:
    window = measured(telling(answer(503)))
    assert (window.ok, window.failed) == (0, window.sent)
    assert window.statuses == {"503": window.sent}
    assert window.errors == {"status 503": window.sent}
    assert window.p50 is None
    assert window.longest_outage > 0.3


def drops(handler: Any, head: bytes) -> bytes | None:
    return None


def halves(handler: Any, head: bytes) -> bytes | None:
    handler.wfile.write(answer()[:-1])
    return None


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (drops, "closed before the whole answer"),
        (halves, "closed before the whole answer"),
        (telling(b"\x00\x01 garbage\r\n\r\n"), "not HTTP"),
        (telling(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "not HTTP"),
        (telling(b"HTTP/1.1 202 OK\r\n\r\n" + b"x" * (5 << 20)), "answer too large"),
        (silent, "timeout"),
    ],
    ids=["drops", "halves", "garbage", "bad length", "too large", "silent"],
)
def test_every_way_not_to_answer_is_counted_and_bounded(behaviour: Behaviour, error: str) -> None:
    began = time.monotonic()
    window = measured(behaviour, 0.4, rate=25.0, timeout=0.5 if error == "timeout" else 20.0)
    assert window.errors == {error: window.intended}
    assert (window.ok, window.failed) == (0, window.intended)
    assert time.monotonic() - began < 60.0


def test_a_refused_connection_is_counted() -> None:
    with Workload(spec(closed_port()), History()) as workload:
        window = workload.baseline(0.4)
    assert window.errors == {"connection refused": window.intended}


def test_what_is_due_beyond_the_cap_is_shed_and_not_queued() -> None:
    # All five must still be under way when the window ends: how long they may be bounds how late that may be.
    with (
        serving(silent) as server,
        Workload(spec(server.port, in_flight=5, timeout=5.0, rate=100.0), History()) as busy,
    ):
        busy.start("busy")
        time.sleep(0.8)
        window = busy.stop()
    assert window is not None
    assert window.sent == 5
    assert window.shed == window.intended - window.sent
    assert window.errors["shed"] == window.shed


def closing(handler: Any, head: bytes) -> bytes | None:
    """Answers as if the connection were kept, and closes it 5 ms after the next request has come."""
    if getattr(handler, "before", False):
        return None
    handler.before = True
    return answer()


def test_a_kept_connection_that_closes_under_a_request_is_asked_again_where_that_is_safe() -> None:
    window = measured(closing, method="GET")
    assert (window.failed, window.closed, window.ok) == (0, 0, window.intended)
    assert window.repeated > 0
    assert window.attempts == window.intended + window.repeated


def test_a_post_is_asked_again_where_the_stack_says_that_this_is_safe() -> None:
    with (
        serving(closing) as server,
        Workload(spec(server.port, method="POST", repeatable=True), History()) as workload,
    ):
        window = workload.baseline(0.4)
    assert (window.failed, window.closed, window.ok) == (0, 0, window.intended)
    assert window.repeated > 0


def test_a_kept_connection_that_closes_under_a_post_is_a_class_of_its_own() -> None:
    window = measured(closing, method="POST")
    assert window.closed > 0
    assert (window.failed, window.errors, list(window.failures), window.repeated) == (0, {}, [], 0)
    assert window.ok + window.closed == window.sent


def test_a_new_connection_that_closes_without_an_answer_is_a_failure_of_every_method() -> None:
    for method in ("GET", "POST"):
        window = measured(drops, method=method)
        assert (window.failed, window.closed, window.repeated) == (window.intended, 0, 0)


@pytest.mark.parametrize(
    ("extra", "changes"),
    [("", {"keep_alive": 0.05}), ("Keep-Alive: max=9, timeout=0\r\n", {}), ("", {"keep_alive": 0.0})],
    ids=["declared", "said by the server", "never"],
)
def test_a_connection_that_was_idle_for_too_long_is_not_used_again(extra: str, changes: dict[str, Any]) -> None:
    with (
        serving(telling(answer(extra=extra))) as server,
        Workload(spec(server.port, rate=8.0, **changes), History()) as workload,
    ):
        window = workload.baseline(0.9)
    assert window.failed == 0
    assert server.connections >= window.intended > 1


def test_a_connection_that_was_idle_for_a_moment_is_used_again() -> None:
    with serving(good) as server, Workload(spec(server.port, rate=8.0), History()) as workload:
        assert workload.baseline(0.9).failed == 0
    assert server.connections <= 3  # of 7 requests a busy machine may have two under way at once


def test_failures_are_told_by_kind_status_and_server_with_first_last_and_examples() -> None:
    window = measured(telling(answer(503, extra="X-Served-By: backend-2\r\n")), served_by="X-Served-By")
    (group,) = window.failures
    assert (group.request, group.outcome, group.server) == ("request", "status 503", "backend-2")
    assert group.count == window.failed == window.intended
    assert window.began is not None
    assert window.began <= group.first < group.last <= window.began + window.seconds
    assert len(group.examples) == 3
    assert all("with id" in example and "ended after 0." in example for example in group.examples)
    assert window.requests == {"request": window.intended}


def test_a_server_that_closes_after_every_answer_costs_no_failure() -> None:
    def once(handler: Any, head: bytes) -> bytes | None:
        handler.wfile.write(answer(extra="Connection: close\r\n"))
        return None

    assert measured(once, method="POST").failed == 0


def test_ids_come_from_the_range_by_the_seed_and_fill_path_and_body() -> None:
    heads: list[list[bytes]] = []
    for _ in range(2):
        with (
            serving(good) as server,
            Workload(spec(server.port, path="/jobs/{id}", ids=(5, 9), seed=3, limit=0.4), History()) as w,
        ):
            w.start()
            assert eventually(lambda: not w.running())
        heads.append([head.split(b" ")[1] for head in server.requests])
    assert len(heads[0]) == 20
    assert set(heads[0]) <= {f"/jobs/{number}".encode() for number in range(5, 10)}
    assert sorted(heads[0]) == sorted(heads[1])


def test_who_served_is_counted_by_the_response_header() -> None:
    window = measured(telling(answer(extra="X-Served-By: backend-2\r\n")), served_by="X-Served-By")
    assert window.served_by == {"backend-2": window.ok}


def test_marks_cut_the_schedule_into_windows_and_record_them() -> None:
    history = History()
    with serving(good) as server, Workload(spec(server.port), history) as workload:
        workload.start("baseline")
        assert workload.running()
        time.sleep(0.3)
        first = workload.mark("deploy")
        time.sleep(0.3)
        second = workload.stop()
    assert first is not None
    assert second is not None
    assert [event.data["phase"] for event in select(history.events, "workload")] == ["baseline", "deploy"]
    assert first.began is not None
    assert second.began == pytest.approx(first.began + first.intended / 50.0, abs=1e-3)
    assert first.sent == first.intended
    assert select(history.events, "workload")[0].data["p50"] == first.p50


def test_a_window_is_measured_although_its_block_raises() -> None:
    history = History()
    with serving(good) as server, Workload(spec(server.port), history) as workload:
        workload.start()
        with pytest.raises(ValueError, match="as it is"), workload.window("deploy"):  # noqa: PT012
            time.sleep(0.2)
            raise ValueError("as it is")
    assert len(select(history.events, "workload", phase="deploy")) == 1


def test_every_sample_is_in_the_file_and_the_history_indexes_it(tmp_path: Path) -> None:
    path, history = tmp_path / "run" / "samples.bin", History(tmp_path / "run" / "events.jsonl")
    with serving(good) as server, Workload(spec(server.port), history, samples=path) as workload:
        window = workload.baseline(0.4)
    (stream,) = read_samples(path.parent, history.events).streams
    records = stream.records
    assert (stream.problem, stream.arm, stream.key) == ("", "subject", workload.key)
    assert len(records) >= window.intended
    assert (records["outcome"] == 202).all()
    assert (records["flags"] == OK | FINAL).all()
    assert ((records["sent"] >= 0) & (records["sent"] <= records["latency"])).all()
    (event,) = select(history.events, "workload", phase="baseline")
    assert (event.data["start"], event.data["last"] - event.data["first"]) == (stream.start, window.intended)


def test_the_samples_lie_on_the_axis_of_the_history(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    with serving(good) as server, Workload(spec(server.port), history, samples=tmp_path / "samples.bin") as workload:
        before = history.record(raw("note", text="the workload is about to start")).since_start
        workload.start()
        after = history.record(raw("note", text="it has started")).since_start
        workload.baseline(0.2)
    (stream,) = read_samples(tmp_path, history.events).streams
    assert before <= stream.at <= after


def test_what_is_still_on_its_way_is_waited_for() -> None:
    with serving(stalling(1.0, after=0.5)) as server, Workload(spec(server.port), History()) as workload:
        workload.start()
        assert eventually(lambda: workload.samples is not None and workload.samples.complete > 20)
        time.sleep(0.3)  # into the stall
        asked = time.monotonic()
        until = workload.caught_up()
        assert until == pytest.approx(asked, abs=1.0)
        assert workload.samples is not None
        assert until is not None
        assert workload.samples.complete >= int((until - workload.began) * 50)
        workload.stop()
        assert (workload.caught_up() or 0.0) >= until


def test_an_error_in_the_block_is_not_hidden_by_the_stopping() -> None:
    workload = Workload(spec(closed_port()), History())
    with pytest.raises(KeyboardInterrupt), workload:  # noqa: PT012
        workload.start("baseline")
        raise KeyboardInterrupt
    assert workload.pid is None


def test_a_workload_ends_by_itself_at_its_limit_and_says_that_it_sent_no_more() -> None:
    with serving(good) as server, Workload(spec(server.port, limit=0.3), History()) as workload:
        workload.start("deploy")
        assert eventually(lambda: not workload.running())
        time.sleep(0.5)
        window = workload.stop()
    assert window is not None
    assert window.sent == 15
    assert window.intended > 35  # 0.3 s and 0.5 s at the rate


def test_a_baseline_that_outlasts_the_workload_is_not_measured() -> None:
    with serving(good) as server:
        workload = Workload(spec(server.port, limit=0.3), History())
        with workload, pytest.raises(NotMeasured, match="before its baseline was over"):
            workload.baseline(5.0)


def test_misuse_is_named() -> None:
    with serving(good) as server, Workload(spec(server.port), History()) as workload:
        with pytest.raises(UsageError, match="not running"):
            workload.mark("deploy")
        workload.start()
        with pytest.raises(UsageError, match="running already"):
            workload.start()
    assert workload.stop() is None


def test_what_is_started_again_is_another_load_and_what_the_first_left_stays(tmp_path: Path) -> None:
    """A load by day, one by night, and by day again: three streams, none of them written over."""
    history = History(tmp_path / "events.jsonl")
    with serving(good) as server:
        first = Workload(spec(server.port), history, samples=tmp_path / "samples-h1.bin")
        with first:
            ok = first.baseline(0.3).ok
        with first:
            ok += first.baseline(0.3).ok
        with Workload(spec(server.port), history, samples=tmp_path / "samples-h1.bin") as other:
            ok += other.baseline(0.3).ok
    streams = read_samples(tmp_path, history.events).streams
    assert [event.data["file"] for event in select(history.events, "workload.start")] == [
        "samples-h1.bin", "samples-h1-2.bin", "samples-h1-3.bin",
    ]  # fmt: skip
    assert len({stream.key for stream in streams}) == 3
    good_ones = sum(int(((one.records["flags"] & (FINAL | OK)) == FINAL | OK).sum()) for one in streams)
    assert good_ones >= ok
    assert all(len(one.records) and not one.problem for one in streams)
