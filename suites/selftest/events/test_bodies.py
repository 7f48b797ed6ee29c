"""The structs of all kinds: written as ever, and read whatever a file holds."""

from __future__ import annotations

import json
import math
import types
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import events
from harness.clock import ManualClock
from harness.errors import UsageError
from harness.event import Event
from harness.events import Body, Note, ProbeHealth, ProbeLog, ProbeRelease, ProbeReplica, Raw, decode, encode, kinds
from harness.events.log import Loss
from harness.history import History, of, read
from harness.redaction import Redactor
from suites.soak import many

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=3)
FIELDS = sorted({field for body in kinds().values() for field in body.__struct_encode_fields__})


@cache
def held(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """What the fields of a kind may hold, and some that are another's."""
    own = kinds()[kind].__struct_encode_fields__
    return st.dictionaries(st.sampled_from([*own, *FIELDS[:: len(FIELDS) // 3]]), VALUES, max_size=5)


@pytest.mark.parametrize("kind", kinds())
def test_a_history_without_a_single_field_of_a_kind_is_read_and_not_damaged(kind: str) -> None:
    event = Event(0, 0.0, 0.0, kind, {})
    assert type(event.body) is kinds()[kind]
    assert event.damaged == ()


@pytest.mark.parametrize("kind", kinds())
@settings(deadline=None, max_examples=many(12))
@given(drawn=st.data())
def test_whatever_the_fields_hold_a_body_is_of_its_types_and_the_damaged_ones_are_named(
    kind: str, drawn: st.DataObject
) -> None:
    data = drawn.draw(held(kind))
    event = Event(0, 0.0, 0.0, kind, data)
    own = kinds()[kind]
    assert set(event.damaged) <= set(data) & set(own.__struct_encode_fields__)
    for field in msgspec.structs.fields(own):
        value = getattr(event.body, field.name)
        if not isinstance(value, msgspec.UnsetType):
            msgspec.convert(value, field.type, from_attributes=True)


@pytest.mark.parametrize(
    ("data", "damaged"),
    [
        ({"replica": 5, "ok": True, "error": None}, ("replica",)),
        ({"replica": "web-1", "ok": "yes", "error": None}, ("ok",)),
        ({"replica": "web-1", "ok": True, "error": None, "colour": "red"}, ()),
    ],
)
def test_a_field_of_another_type_is_damaged_and_has_no_value(data: dict[str, Any], damaged: tuple[str, ...]) -> None:
    body, found = decode(ProbeHealth, data)
    assert found == damaged
    assert body.ok is (None if "ok" in damaged else True)
    assert body.replica == ("" if "replica" in damaged else "web-1")


@pytest.mark.parametrize("value", [math.inf, math.nan, 10**400])
def test_a_number_that_json_does_not_know_is_damaged(value: float) -> None:
    body, damaged = decode(ProbeReplica, {"cpu": value})
    assert (body.cpu, damaged) == (None, ("cpu",))


def test_what_is_left_out_is_left_out_and_what_is_null_is_written() -> None:
    assert encode(ProbeRelease("web-1", None, None)) == {"replica": "web-1", "release": None, "error": None}
    assert encode(ProbeRelease("web-1", "1", None, running=False))["running"] is False


def test_an_event_is_written_with_its_context_before_its_fields(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl", ManualClock())
    with history.scope(environment="h1", scenario="round-trip", plan_step=3), history.phase("deployed"):
        event = history.record(ProbeRelease("web-1", "1.0", None))
    line = json.loads((tmp_path / "events.jsonl").read_text())
    assert list(line["data"].items()) == [
        ("environment", "h1"), ("scenario", "round-trip"), ("plan_step", 3), ("phase", "deployed"),
        ("replica", "web-1"), ("release", "1.0"), ("error", None),
    ]  # fmt: skip
    assert (event.environment, event.plan_step, event.phase) == ("h1", 3, "deployed")
    assert read(tmp_path / "events.jsonl")[0].body == event.body


def test_no_secret_in_any_field_of_a_struct_is_kept_also_deep_within() -> None:
    history = History(redactor=Redactor(["Zx9secretPw"]))
    body = decode(ProbeLog, {"replica": "web-1"})[0]
    deep = msgspec.structs.replace(
        body, error_lines=["login with Zx9secretPw"], by_release={"Zx9secretPw": 1}, losses=[Loss("Zx9secretPw")]
    )
    event = history.record(deep)
    assert "Zx9secretPw" not in event.to_json()
    assert "Zx9secretPw" not in repr(event.body)
    assert "Zx9secretPw" not in repr(history.record(Raw("acme", {"a": ["Zx9secretPw"]})).body)


def test_events_are_found_by_body_phase_and_environment_in_their_order() -> None:
    history = History()
    for phase in ("a", "b", "a"):
        with history.phase(phase):
            history.record(ProbeHealth("web-1", True, None))
            history.record(Note("x"), environment="h2")
    assert [event.id for event in of(history.events, ProbeHealth, "a")] == [0, 4]
    assert [event.id for event in history.of(Note, environment="h2")] == [1, 3, 5]
    assert history.of(Note, "a", environment="h1") == ()


def test_events_of_two_histories_are_not_confused_however_they_are_asked_for() -> None:
    one, other = History(), History()
    one.record(Note("one"))
    other.record(Note("other"))
    first, second = one.events, other.events
    for events_, text in ((first, "one"), (second, "other"), (first, "one")):
        assert [event.body.text for event in of(events_, Note)] == [text]
    assert of(list(first), ProbeHealth) == ()


def test_a_kind_that_nobody_declares_is_kept_as_it_is() -> None:
    event = Event(0, 0.0, 0.0, "acme.seen", {"what": 3})
    assert event.body == Raw("acme.seen", {"what": 3})
    assert History().record(Raw("acme.seen", {"what": 3})).kind == "acme.seen"


class Seen(Body, frozen=True):
    """Something of another package."""

    kind: ClassVar[str] = "acme.seen"

    what: int  # what it is


class Again(Body, frozen=True):
    """It takes the kind of a note."""

    kind: ClassVar[str] = "note"


def installed(monkeypatch: pytest.MonkeyPatch, *bodies: type[Body]) -> None:
    """As if a distribution named a module with these."""

    class Added:
        def names(self) -> tuple[str, ...]:
            return "run", "acme"

        def find(self, name: str) -> tuple[type[Body], ...]:
            return (Note,) if name == "run" else bodies

    monkeypatch.setattr(events, "_REGISTRY", Added())
    monkeypatch.setattr(events, "kinds", events.kinds.__wrapped__)


def test_a_kind_that_another_distribution_declares_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, Seen)
    assert Event(0, 0.0, 0.0, "acme.seen", {"what": 3}).body == Seen(3)


def test_a_kind_that_is_declared_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, Again)
    with pytest.raises(UsageError, match="same kind of event"):
        events.find("acme.seen")


def test_a_module_without_a_body_is_no_module_of_events() -> None:
    with pytest.raises(ValueError, match="defines no subclass"):
        events._bodies(types.ModuleType("acme.empty"))
