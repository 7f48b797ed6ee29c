"""What a declared load does not look at is said before a gate passes on it."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures import reference, rolling, tiny
from harness.plan.overlooked import overlooked
from harness.stack import Stack, load


def declaring(stack: Stack, request: dict[str, Any], **changes: Any) -> tuple[str, ...]:
    """The same stack, with this in its load and in the first of its requests."""
    workload = stack.harness.workload
    assert workload is not None
    one = workload.mix[0].model_copy(update=request)
    mix = (one, *workload.mix[1:])
    changed = workload.model_copy(update={"request": one, "requests": mix, **changes})
    return overlooked(stack.model_copy(update={"harness": stack.harness.model_copy(update={"workload": changed})}))


WHOLE = load(reference.STACK, environ={})


def said(found: tuple[str, ...], words: str) -> bool:
    return any(words in one for one in found)


@pytest.mark.parametrize("stack", [tiny.STACK, rolling.STACK], ids=["tiny", "rolling"])
def test_a_load_of_get_requests_alone_overlooks_nearly_everything(stack: Any) -> None:
    found = overlooked(load(stack, environ={}))
    for words in ("the answers to GET /things/{id}", "what was written", "lost work", "other kinds of requests"):
        assert said(found, words), words


def test_the_load_of_the_reference_stack_overlooks_nothing() -> None:
    assert overlooked(WHOLE) == ()


@pytest.mark.parametrize(
    ("request_", "changes", "words"),
    [
        ({"json_": {}}, {}, "the answers to resume"),
        ({}, {"requests": ()}, "other kinds of requests than resume"),
        ({"read": None}, {}, "nothing is read back"),
        ({}, {"reads": 0.0}, "while a phase lasts"),
        ({"acknowledged": None}, {}, "lost work"),
        ({}, {"canary": None}, "leaves its record in a log"),
        ({}, {"served_by": None}, "which replica answers"),
    ],
)
def test_each_thing_that_is_left_out_is_named(request_: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    assert not said(overlooked(WHOLE), words)
    assert said(declaring(WHOLE, request_, **changes), words)


def test_two_kinds_of_requests_are_more_than_one() -> None:
    workload = WHOLE.harness.workload
    assert workload is not None
    assert not said(declaring(WHOLE, {}, requests=(workload.request, workload.request)), "other kinds")


def test_a_stack_without_a_load_is_refused_elsewhere() -> None:
    bare = WHOLE.model_copy(update={"harness": WHOLE.harness.model_copy(update={"workload": None})})
    assert overlooked(bare) == ()
