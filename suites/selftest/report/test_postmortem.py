"""The draft says what is established, with its events, and leaves the rest to people."""

from __future__ import annotations

from harness.report import Report, postmortem
from suites.selftest.report.loaded import loaded
from suites.selftest.report.made import events


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def draft(*, broken: bool = True, unknown: bool = False) -> str:
    return postmortem.render(Report.of(events(broken=broken, unknown=unknown)))


def test_it_is_wanted_for_what_did_not_pass_and_for_a_replayed_outage() -> None:
    assert not postmortem.wanted(Report.of(events()))
    assert postmortem.wanted(Report.of(events(broken=True)))
    assert postmortem.wanted(Report.of(events(unknown=True)))


def test_it_has_the_sections_of_an_incident_report_in_their_order() -> None:
    titles = [line for line in draft().splitlines() if line.startswith("## ")]
    assert titles == [
        "## Summary", "## Impact", "## Cause, as far as it is known", "## Timeline", "## What failed", "## What worked",
        "## What to do next",
    ]  # fmt: skip


def test_the_first_thing_that_is_known_to_be_wrong_is_named_with_its_events() -> None:
    cause = section(draft(), "Cause, as far as it is known")
    assert "**The first thing that is known to be wrong:** release, in the phase rolled-back" in cause
    assert "backend-2 runs 4.1.1, not 4.1.0" in cause
    assert "(events 3, 4)" in cause
    assert "backend-2: die" in cause
    assert "is not established yet" in cause


def test_what_was_wrong_as_well_is_told_from_it() -> None:
    cause = section(draft(), "Cause, as far as it is known")
    assert cause.index("What was wrong as well") < cause.index("registry")


def test_where_nothing_is_known_to_be_wrong_no_cause_is_made_up() -> None:
    cause = section(draft(broken=False, unknown=True), "Cause, as far as it is known")
    assert "Nothing is known to be wrong" in cause
    assert "/var/log/backend.log on backend-1 could not be read" in cause


def test_the_timeline_has_clock_times_and_what_the_deployer_did() -> None:
    timeline = section(draft(), "Timeline")
    assert "`deployctl deploy 4.1.1` starts" in timeline
    assert "it ends: exit, exit code 0" in timeline
    assert "**release** (rolled-back) fail" in timeline


def test_the_impact_is_what_the_load_saw() -> None:
    report, _ = loaded()
    assert "The queue held up to 45 jobs" in section(postmortem.render(report), "Impact")


def test_what_to_do_next_is_what_the_checks_say_to_look_at() -> None:
    todo = section(draft(), "What to do next")
    assert "- Look at the deployer's output, and what it left on that replica." in todo
    assert "Keep this run as a test" in todo


def test_a_replay_has_the_originals_timeline_beside_its_own() -> None:
    found = events(broken=True)
    first = type(found[0])(
        0, found[0].time, 0.0, "run.start",
        {**found[0].data, "original": [{"minute": 42, "time": "01:27", "text": "the logs are silent"}]},
    )  # fmt: skip
    assert "| 01:27 | 42 | the logs are silent |" in postmortem.render(Report.of((first, *found[1:])))


def test_markup_of_others_is_text() -> None:
    assert "<4.1.1>" not in draft()
