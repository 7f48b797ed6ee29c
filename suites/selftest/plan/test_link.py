"""A link passes where what was seen now is what was seen then, and can be made again from what the history holds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.plan.link import Link, LinkPart
from harness.verdict import Outcome, Verdict

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def link(expected: Outcome, *outcomes: Outcome, text: str = "the logs are silent") -> Link:
    parts = [
        LinkPart(f"p{n}", Verdict(f"c{n}", one, f"reason {n}", (n,), f"look {n}")) for n, one in enumerate(outcomes)
    ]
    return Link("logs-silent", text, expected, parts)


@pytest.mark.parametrize(
    ("expected", "outcomes", "outcome"),
    [
        (FAIL, [FAIL], PASS),
        (FAIL, [PASS], FAIL),
        (FAIL, [UNKNOWN], UNKNOWN),
        (FAIL, [PASS, FAIL], PASS),
        (FAIL, [UNKNOWN, FAIL], PASS),
        (PASS, [PASS, PASS], PASS),
        (PASS, [PASS, FAIL], FAIL),
        (PASS, [PASS, UNKNOWN], UNKNOWN),
        (PASS, [], UNKNOWN),
    ],
)
def test_a_link_passes_where_what_happened_then_happened_again(
    expected: Outcome, outcomes: list[Outcome], outcome: Outcome
) -> None:
    assert link(expected, *outcomes).verdict().outcome is outcome


def test_two_parts_are_told_in_their_own_words_and_more_are_counted() -> None:
    assert link(FAIL, FAIL, PASS).verdict().reason == "the logs are silent: reason 0; reason 1"
    assert link(PASS, PASS, PASS, PASS).verdict().reason == "the logs are silent: all 3 checks passed"
    assert link(PASS, PASS, text="").verdict().reason == "reason 0"


def test_a_link_that_broke_says_what_was_expected_and_where_to_look() -> None:
    broken = link(PASS, PASS, FAIL).verdict()
    assert (broken.reason, broken.evidence, broken.look) == (
        "not as it was (the logs are silent): reason 0; reason 1", (1,), "look 1",
    )  # fmt: skip
    assert link(FAIL, FAIL).verdict().look == ""


def test_a_link_is_read_again_from_json_as_it_was() -> None:
    made = link(FAIL, FAIL, UNKNOWN)
    assert Link.read(made.key, json.loads(json.dumps(made.data()))) == made


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        [],
        {"text": "", "expected": "pass", "parts": []},
        {"text": "", "expected": "maybe", "parts": [1]},
        {"text": "", "expected": "pass", "parts": [{"check": "no phase"}]},
        {"text": "", "expected": "pass", "parts": ["x"]},
    ],
)
def test_what_is_no_link_is_refused(data: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Link.read("logs-silent", data)


def test_a_link_that_is_held_against_a_control_is_read_again_as_it_was() -> None:
    made = replace(link(PASS, FAIL), against=link(PASS, PASS).parts)
    assert Link.read(made.key, json.loads(json.dumps(made.data()))).verdict() == made.verdict()
    assert made.verdict().outcome is Outcome.FAIL
