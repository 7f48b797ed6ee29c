"""What an answer tells of the release that gave it."""

from __future__ import annotations

import json

import pytest

from harness.workload import Spec
from harness.workload.marks import LARGEST, MOST_FORMS, MOST_NAMES, Marks
from harness.workload.schedule import Schedule


def marks(release: str = "", rate: float = 50.0) -> Marks:
    return Marks(Spec("127.0.0.1", 80, Schedule("constant", rate), release=release, forms=True))


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_the_form_is_the_names_of_objects_and_not_what_they_hold() -> None:
    found = marks().of(0, b"", body(id=7, plan={"tier": "gold", "limits": {"cpu": 2}}, jobs=[{"id": 1}]))
    assert found == ("", ("id", "jobs", "plan", "plan.limits", "plan.limits.cpu", "plan.tier"))
    assert marks().of(0, b"", body(id=7, jobs=[])) == marks().of(0, b"", body(id=None, jobs=[{"x": 1}]))


@pytest.mark.parametrize("data", [b"", b"not json", b"[1]", b"{", b" ", b"x" * (LARGEST + 1)])
def test_what_is_no_json_object_has_no_form(data: bytes) -> None:
    assert marks().of(0, b"", data) == ("", None)


def test_a_header_or_a_field_names_the_release() -> None:
    assert marks("header:X-Release").of(0, b"4.1.1", body(a=1))[0] == "4.1.1"
    assert marks("json:app.release").of(0, b"", body(app={"release": "4.1.0"}))[0] == "4.1.0"
    assert marks("json:release").of(0, b"", body(a=1))[0] == ""


def test_names_that_are_data_end_the_telling_of_forms() -> None:
    made = marks()
    found = [made.of(n, b"", body(**{f"env-{n}": 1}))[1] for n in range(MOST_FORMS + 5)]
    assert found[MOST_FORMS - 1] is not None
    assert found[MOST_FORMS:] == [None] * 5
    assert marks().of(0, b"", body(**{f"n{n}": 1 for n in range(MOST_NAMES + 1)}))[1] is None


def test_a_fast_load_tells_the_form_of_some_answers_and_the_release_of_all() -> None:
    made = marks("json:r", rate=1000.0)
    told = [made.of(n, b"", body(r="4.1.0")) for n in range(100)]
    assert sum(form is not None for _, form in told) == 10
    assert {release for release, _ in told} == {"4.1.0"}
