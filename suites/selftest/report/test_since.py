"""What changed since an earlier run: pure, from two histories, and as a person asks for it."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fixtures import tiny
from harness.cli import run
from harness.clock import ManualClock
from harness.history import Event, History
from harness.report import Report, html, markdown
from harness.report.since import Earlier, since
from harness.report.summary import summary
from harness.samples import FINAL, OK, Samples, Stream
from harness.samples.records import SAMPLE
from suites.raw import raw
from suites.selftest.report.made import events, gate
from suites.selftest.report.test_retried import judged

GOOD, BROKEN, UNKNOWN = (events(), events(broken=True), events(unknown=True))


def groups(then: tuple[Event, ...], now: tuple[Event, ...]) -> dict[str, tuple[str, ...]]:
    found = since(Earlier("runs/then", Report.of(then), Samples()), Report.of(now), Samples()).since
    assert found is not None
    return dict(found.groups)


def test_between_a_run_and_itself_nothing_changed() -> None:
    for one in (GOOD, BROKEN, UNKNOWN):
        assert groups(one, one) == {}


def test_a_new_failure_is_told_with_what_it_was_and_one_that_is_gone_too() -> None:
    said = "release (rolled-back): passed then: backend-2 runs 4.1.1, not 4.1.0"
    assert groups(GOOD, BROKEN)["New failures"][0].startswith(said)
    assert set(groups(GOOD, BROKEN)) == {"New failures"}
    gone = groups(BROKEN, GOOD)["Failures that are gone"]
    assert [one.split(":")[0] for one in gone] == ["release (rolled-back)", "registry (rolled-back)"]
    assert set(groups(BROKEN, GOOD)) == {"Failures that are gone"}


def test_what_was_told_then_and_is_not_now_is_less_evidence() -> None:
    (one,) = groups(GOOD, UNKNOWN)["Less evidence"]
    assert one.startswith("logs (deployed): passed then, unknown now: /var/log/backend.log on backend-1")
    assert groups(UNKNOWN, GOOD) == {}


def test_a_failure_that_was_not_judged_again_is_not_gone() -> None:
    cut = tuple(event for event in GOOD if event.data.get("phase") != "rolled-back" and event.kind != "run.end")
    found = groups(BROKEN, cut)
    assert "Failures that are gone" not in found
    assert "release (rolled-back): failed then, not judged now" in found["Less evidence"]


@given(st.lists(st.sampled_from(["pass", "fail", "unknown"]), max_size=2), st.sampled_from(["pass", "fail", "unknown"]))
def test_a_failure_of_now_is_new_or_was_one_then(before: list[str], after: str) -> None:
    """Whatever the earlier run came to, no failure of this one is missing from both."""
    then, now = judged(*before), judged(after)
    found = dict(since(Earlier("x", then, Samples()), now, Samples()).since.groups)  # type: ignore[union-attr]
    failed_then = any(one.verdict.outcome == "fail" for one in then.judged)
    assert ("New failures" in found) == (after == "fail" and not failed_then)
    assert ("Failures that are gone" in found) == (after == "pass" and failed_then)
    assert ("Less evidence" in found) == (
        after == "unknown" and bool(before) and then.judged[0].verdict.outcome != after
    )


def test_another_stack_other_releases_and_a_run_that_was_cut_off_are_named() -> None:
    def started(**start: Any) -> tuple[Event, ...]:
        history = History(clock=ManualClock())
        history.record(raw("run.start", **start))
        return history.events

    then = started(stack="a", to="2", machine={"cores": 2}, command=["gate", "a.yaml"])
    now = started(stack="b", to="3", machine={"cores": 8}, command=["gate", "b.yaml"])
    assert groups(then, now)["Other than then"] == (
        "stack: a then, b now",
        "to: 2 then, 3 now",
        "command: gate a.yaml then, gate b.yaml now",
        "cores: 2 then, 8 now",
        "the earlier run did not come to its end: what it had not judged by then is not known",
    )


def looked(replicas: tuple[str, ...], sent: int) -> tuple[Event, ...]:
    history = History(clock=ManualClock())
    for name in replicas:
        history.record(raw("probe.release", phase="p", replica=name, release="1"))
        history.record(raw("probe.log", phase="p", replica=name, path="/var/log/a.log", state="ok", records=3))
    history.record(raw("workload", phase="p", intended=sent, sent=sent, ok=sent))
    history.record(raw("workload", phase="p", arm="control", intended=9, sent=9, ok=9))
    history.record(raw("run.end", outcome="pass", reason="", exit_code=0))
    return history.events


def test_fewer_requests_and_replicas_and_logs_that_nobody_looked_at_are_less_evidence() -> None:
    both, one = looked(("a-1", "a-2"), 100), looked(("a-1",), 89)
    assert groups(both, one)["Less evidence"] == (
        "replica a-2 was looked at then, and is not now",
        "log /var/log/a.log on a-2 was looked at then, and is not now",
        "p: 89 requests, 100 then",
    )
    assert "Less evidence" not in groups(one, both)
    assert "Less evidence" not in groups(looked((), 100), looked((), 91)), "a tenth is chance"


def test_a_deployer_that_was_faster_left_no_less_evidence() -> None:
    history = History(clock=ManualClock())
    history.record(raw("deployer.end", phase="p", verb="deploy", ended="exit", exit_code=0))
    history.record(raw("workload", phase="p", intended=50, sent=50, ok=50))
    assert "Less evidence" not in groups(looked((), 100), history.events)


def measured(
    *,
    latency: float = 0.005,
    seconds: float = 40.0,
    seed: int = 1,
    phases: tuple[str, ...] = ("deployed",),
    slow: int = 1,
    saved: bool = True,
) -> tuple[Report, Samples]:
    """Phases of a load of 50 requests a second, one after the other; the last ones with this median latency."""
    clock, rate = ManualClock(), 50.0
    history, draw = History(clock=clock), np.random.default_rng(seed)
    file = "samples.bin" if saved else ""
    history.record(raw("workload.start", environment="h1", file=file, at=0.0, began=0.0, rate=rate, requests=["r"]))
    records = np.zeros(int(seconds * rate) * len(phases), SAMPLE)
    records["n"] = np.arange(len(records))
    records["intended"] = records["n"] / rate
    own = int(seconds * rate)
    median = np.where(records["n"] >= len(records) - slow * own, latency, 0.005)
    records["latency"] = median * np.exp(0.3 * draw.standard_normal(len(records)))
    records["outcome"], records["flags"] = 202, OK | FINAL
    for number, phase in enumerate(phases):
        clock.advance(seconds)
        counts = {"intended": own, "sent": own, "ok": own, "seconds": seconds, "began": number * seconds}
        history.record(
            raw("workload", phase=phase, start=0, first=number * own, last=(number + 1) * own, shed=0, **counts)
        )
    stream = Stream(0, "h1", "subject", 0.0, 1.3e9, "k", ("r",), {}, records)
    return Report.of(history.events), Samples((stream,) if saved else ())


def performance(then: tuple[Report, Samples], now: tuple[Report, Samples]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = since(Earlier("then", *then), *now).since
    assert found is not None
    said = dict(found.groups)
    return said.get("Slower", ()), said.get("Not compared", ())


def test_a_load_that_is_surely_slower_is_told_with_the_bounds_of_its_ratio() -> None:
    slower, _ = performance(measured(), measured(latency=0.0065, seed=2))
    assert slower[0].startswith("deployed: p50 1.3")
    assert "times that of then (1." in slower[0]
    assert "with 95 % confidence)" in slower[0]


def test_what_chance_makes_slower_is_not_told() -> None:
    for seed in range(2, 22):
        assert performance(measured(), measured(seed=seed))[0] == ()


def test_a_difference_within_the_tolerance_is_not_told() -> None:
    assert performance(measured(), measured(latency=0.0052, seed=2))[0] == ()


def test_a_difference_that_is_hardly_more_than_the_tolerance_is_not_told_with_confidence() -> None:
    seen = [performance(measured(), measured(latency=0.0056, seed=seed))[0] for seed in range(2, 12)]
    assert not any("p50" in line for lines in seen for line in lines), "12 % more, and 10 % are allowed"


def test_a_short_phase_shows_gross_differences_alone_and_says_so() -> None:
    slower, untold = performance(measured(seconds=3.0), measured(seconds=3.0, latency=0.0065, seed=2))
    assert slower == ()
    said = "too short for p50, p95 and p99: only differences of more than 3 times are seen"
    assert untold == (f"performance in deployed: {said}",)
    slower, _ = performance(measured(seconds=3.0), measured(seconds=3.0, latency=0.2, seed=2))
    assert slower[0].startswith("deployed: p50 197 ms, 4.97 ms then")


def test_where_the_baseline_was_slower_as_well_it_may_be_the_machine() -> None:
    both = ("deployed", "baseline")
    machine, _ = performance(measured(phases=both), measured(phases=both, latency=0.0065, slow=2, seed=2))
    told = {line.partition(":")[0]: "may be the machine" in line for line in machine}
    assert told == {"baseline": False, "deployed": True}
    release, _ = performance(measured(phases=both[::-1]), measured(phases=both[::-1], latency=0.0065, seed=2))
    assert {line.partition(":")[0]: "may be the machine" in line for line in release} == {"deployed": False}


def test_requests_that_were_not_saved_are_not_compared() -> None:
    slower, untold = performance(measured(), measured(saved=False, latency=1.0))
    assert (slower, untold) == ((), ("performance in deployed: its requests were not saved one by one",))


def test_every_report_tells_it_after_the_verdict_and_quotes_nothing_as_markup() -> None:
    report = since(Earlier("runs/<then>", Report.of(GOOD), Samples()), Report.of(BROKEN), Samples())
    console = Console(width=100, record=True, file=StringIO())
    console.print(summary(report))
    text = console.export_text()
    assert text.index("FAIL") < text.index("since runs/<then>: new failures: 2") < text.index("in all")
    marked = markdown.render(report)
    assert marked.index("FAIL") < marked.index("### Since runs/&#60;then>") < marked.index("| phase |")
    assert "**New failures**" in marked
    page = html.render(report, Samples())
    assert page.index("<h1>") < page.index("<h2>Since runs/&lt;then&gt;</h2>") < page.index('<h2 id="timeline"')


# -- as a person asks for it -------------------------------------------------------------------------------------------


def saved(directory: Path, *, broken: bool = False) -> Path:
    directory.mkdir()
    clock = ManualClock()
    history = History(directory / "events.jsonl", clock=clock)
    gate(history, clock, broken=broken)
    history.close()
    return directory


def test_a_saved_run_is_compared_with_an_earlier_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    then, now = saved(tmp_path / "then"), saved(tmp_path / "now", broken=True)
    for named in (then, then / "events.jsonl"):
        assert run(["report", str(now), "--since", str(named)]) == 0
        assert "new failures: 2" in capsys.readouterr().out
        assert "### Since" in (now / "summary.md").read_text()
        assert "**New failures**" in (now / "summary.md").read_text()


def test_a_torn_history_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    then, now = saved(tmp_path / "then"), saved(tmp_path / "now")
    (then / "events.jsonl").write_bytes((then / "events.jsonl").read_bytes()[:-20])
    assert run(["report", str(now), "--since", str(then)]) == 0
    assert "the earlier run did not come to its end" in (now / "summary.md").read_text()


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (None, "There is no such earlier run", 4),
        ("", "has no events", 3),
        ("[1, 2]\n", "damaged, or is not one", 3),
        ("\x00\x1b[2J\n", "damaged, or is not one", 3),
        ('{"v":99,"id":0,"t":0,"s":0,"kind":"run.start","data":{}}\n', "newer version", 3),
        ('{"v":1,"id":0', "no whole event", 3),
    ],
    ids=["missing", "empty", "foreign", "binary", "newer", "torn"],
)
@pytest.mark.parametrize("command", ["report", "gate"])
def test_what_is_no_earlier_run_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    command: str, text: str | None, words: str, code: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    now, then = saved(tmp_path / "now"), tmp_path / "then"
    then.mkdir()
    if text is not None:
        (then / "events.jsonl").write_text(text)
    what = [str(now)] if command == "report" else [str(tiny.STACK), "--out", str(tmp_path / "runs")]
    assert run([command, *what, "--since", str(then)]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "\x1b" not in told
    assert "Traceback" not in told
    assert not (tmp_path / "runs").exists()
    assert not (now / "summary.md").exists()


def test_a_pipe_in_the_place_of_a_history_is_refused_and_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "events.jsonl")
    assert run(["report", str(saved(tmp_path / "now")), "--since", str(tmp_path)]) == 4
    assert "named pipe" in capsys.readouterr().err
