"""Two gates that version 0.1 ran: their histories are read, and judged as they were."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from harness.checks import verdict_of
from harness.events import Raw, RunEnd, VerdictGiven
from harness.history import EVENTS, of, read
from harness.plan.judging import as_events, judge_again
from harness.report import Report, html
from harness.samples import read as read_samples
from harness.verdict import Outcome, combine

GATES = {"stopped-half-way": Outcome.PASS, "logs-stop": Outcome.FAIL}


@pytest.fixture(scope="module", params=GATES)
def gate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory: Path = tmp_path_factory.mktemp("gate") / request.param
    with tarfile.open(Path(__file__).with_name(f"{request.param}.tar.xz")) as packed:
        packed.extractall(directory, filter="data")
    return directory


def test_every_event_has_a_body_and_none_is_damaged(gate: Path) -> None:
    events = read(gate / EVENTS)
    assert len(events) > 300
    assert [event for event in events if event.damaged or isinstance(event.body, Raw)] == []


def test_the_lines_are_those_that_would_be_written_today(gate: Path) -> None:
    events = read(gate / EVENTS)
    assert b"".join(event.to_line() for event in events) == (gate / EVENTS).read_bytes()


def test_every_verdict_is_as_it_was(gate: Path) -> None:
    events = read(gate / EVENTS)
    found = judge_again(events, read_samples(gate, events))
    assert len(found) == len(of(events, VerdictGiven)) >= 20
    assert [one for one in found if one.kept or one.changed] == []
    assert combine(one.now for one in found).outcome is GATES[gate.name]


def test_the_reports_of_todays_verdicts_say_what_the_run_said(gate: Path) -> None:
    events = read(gate / EVENTS)
    samples = read_samples(gate, events)
    judged = as_events(events, judge_again(events, samples), samples)
    assert [verdict_of(event.body).outcome for event in of(judged, VerdictGiven)] == [
        verdict_of(event.body).outcome for event in of(events, VerdictGiven)
    ]
    (end,) = of(judged, RunEnd)
    assert end.body.outcome == GATES[gate.name]
    assert html.render(Report.of(judged), samples)


def test_a_damaged_field_in_it_makes_no_check_pass(gate: Path) -> None:
    events = list(read(gate / EVENTS))
    at = next(event.id for event in events if event.kind == "probe.replica")
    spoilt = events[at]
    events[at] = type(spoilt)(spoilt.id, spoilt.time, spoilt.since_start, spoilt.kind, {**spoilt.data, "replica": 7})
    found = judge_again(events, read_samples(gate, events))
    assert [one for one in found if one.now.outcome is Outcome.PASS] == []
    assert any(f"event {at} of the history" in one.now.reason for one in found)


def test_a_diagnosis_is_made_of_it(gate: Path) -> None:
    made = Report.of(read(gate / EVENTS))
    said = {"stopped-half-way": (), "logs-stop": ("log-lost",)}[gate.name]
    assert tuple(one.name for one in made.diagnosed.found) == said
    assert made.diagnosed.problems == ()
    assert made.diagnosed.unexplained == ()
