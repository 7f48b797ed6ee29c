"""Tags of images: whether they still stand for what the runs had. Nothing that was not seen is a tick."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.checklist.tags import moved
from harness.errors import EngineGone
from harness.verdict import Outcome
from suites.selftest.checklist.made import world

RAN, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32


def found(root: Path, has: dict[str, str] | None, image: str = "redis:7") -> list[tuple[Outcome, str]]:
    made = world(root, edit=lambda text: text.replace("redis:7", image))
    document = made.make(made.run())
    findings = moved(document, made.stack(), lambda: None if has is None else has.get)
    return [(one.outcome, one.text) for one in findings]


def test_a_tag_that_stands_for_what_the_run_had_is_said(tmp_path: Path) -> None:
    ((outcome, text),) = found(tmp_path, {"redis:7": RAN})
    assert (outcome, text) == (Outcome.PASS, "1 of 1 tags stand for what the runs had")


def test_a_tag_that_has_moved_fails_where_both_images_are_there(tmp_path: Path) -> None:
    ((outcome, text),) = found(tmp_path, {"redis:7": OTHER, RAN: RAN})
    assert outcome is Outcome.FAIL
    assert text == f"redis:7 of cache is {OTHER} now, and the runs had {RAN}: the tag has moved"


@pytest.mark.parametrize(
    ("has", "said"),
    [
        (None, "not asked: no engine answers"),
        ({}, "redis:7 of cache is not on this engine"),
        ({"redis:7": OTHER}, "or this is an engine of another platform"),
    ],
)
def test_what_cannot_be_compared_is_unknown(has: dict[str, str] | None, said: str, tmp_path: Path) -> None:
    ((outcome, text),) = found(tmp_path, has)
    assert outcome is Outcome.UNKNOWN
    assert said in text


def test_an_engine_that_goes_away_meanwhile_is_unknown(tmp_path: Path) -> None:
    def lookup(_: str) -> str | None:
        raise EngineGone("The engine went away")

    made = world(tmp_path)
    (finding,) = moved(made.make(made.run()), made.stack(), lambda: lookup)
    assert (finding.outcome, "The engine went away" in finding.text) == (Outcome.UNKNOWN, True)


def test_a_service_of_which_no_run_says_an_image_is_unknown(tmp_path: Path) -> None:
    made = world(tmp_path)
    document = msgspec.structs.replace(made.make(made.run()), images=())
    (finding,) = moved(document, made.stack(), lambda: {"redis:7": RAN}.get)
    assert (finding.outcome, "no run says which image cache ran" in finding.text) == (Outcome.UNKNOWN, True)


def test_nobody_is_asked_for_what_is_built_or_named_by_its_digest(tmp_path: Path) -> None:
    made = world(tmp_path, edit=lambda text: text.replace("redis:7", f"redis@{RAN}"))
    assert [*moved(made.make(made.run()), made.stack(), lambda: pytest.fail("asked"))] == []
