"""The script of an incident, and the timeline of its replay."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fixtures import reference
from harness.clock import ManualClock
from harness.errors import UsageError
from harness.events import IncidentLink
from harness.history import History
from harness.plan.incident import Incident, timeline
from suites.raw import raw

SCRIPT = reference.ROOT / "incident.yaml"


def refusal(directory: Path, text: str | bytes) -> UsageError:
    file = directory / "incident.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError) as caught:
        Incident.load(file)
    assert str(caught.value.where).startswith(str(file))
    return caught.value


def changed(**changes: object) -> str:
    return yaml.safe_dump({**yaml.safe_load(SCRIPT.read_text()), **changes})


def test_our_own_script_is_read_and_its_paths_count_from_its_directory() -> None:
    found = Incident.load(SCRIPT)
    assert found.stack == reference.STACK
    assert all(path.is_file() for path in found.override)
    assert (found.old, found.new) == ("4.1.0", "4.1.1")
    assert found.rates.day > found.rates.night > 0


def test_the_originals_timeline_is_in_order_and_complete() -> None:
    original = Incident.load(SCRIPT).original
    assert [row.minute for row in original] == sorted(row.minute for row in original)
    assert (original[0].time, original[0].minute) == ("00:45", 0)
    assert (original[-1].time, original[-1].minute) == ("06:08", 323)
    for row in original:
        hours, minutes = map(int, row.time.split(":"))
        assert hours * 60 + minutes - 45 == row.minute


def test_a_script_that_is_not_there_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught:
        Incident.load(tmp_path / "nothing.yaml")
    assert caught.value.got == "nothing there"
    assert "harness incident PATH" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "just text", "stack: [", "stack: compose.yaml"],
    ids=["empty", "list", "text", "not-yaml", "incomplete"],
)
def test_what_is_no_script_is_refused(text: str | bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, text).what == "This is not the script of an incident"


def test_a_script_that_is_not_text_is_refused_with_its_byte(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"stack: \xff").where == f"{tmp_path / 'incident.yaml'}, line 1, byte 8"


def test_an_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    assert "surprise" in str(refusal(tmp_path, changed(surprise=1)).got)


def test_a_rate_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    assert "rates" in str(refusal(tmp_path, changed(rates={"night": "fast", "day": "50/s"})))


def test_our_timeline_counts_from_the_first_event_of_the_incident() -> None:
    clock = ManualClock()
    history = History(clock=clock)
    history.record(raw("note", text="before"))
    clock.advance(10)
    history.record(IncidentLink("deploy-started", "deploy 4.1.1"))
    clock.advance(2.5)
    history.record(raw("note", text="between"))
    history.record(IncidentLink("logs-silent", "the logs are not being updated"))
    assert timeline(history.events) == [
        (0.0, "deploy-started", "deploy 4.1.1"), (2.5, "logs-silent", "the logs are not being updated"),
    ]  # fmt: skip


def test_a_run_without_an_incident_has_no_timeline() -> None:
    assert timeline(()) == []
