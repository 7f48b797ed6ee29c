"""What a declared load does not look at is said before a gate passes on it."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures import reference, rolling, tiny
from harness.plan.overlooked import overlooked
from harness.stack import Stack, load
from harness.stack.xharness.workload import Tcp


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


def named(*requests: dict[str, Any]) -> str:
    """What the sentence on answers that are not looked at says of these."""
    workload = WHOLE.harness.workload
    assert workload is not None
    every = tuple(workload.mix[0].model_copy(update={"json_": {}, "acknowledged": None, **one}) for one in requests)
    found = [one for one in declaring(WHOLE, {}, requests=every) if one.startswith("the answers to ")]
    return found[0].removeprefix("the answers to ").partition(":")[0] if found else ""


def test_requests_are_named_by_their_name_else_by_what_they_ask_else_by_their_number() -> None:
    asks = {"method": "GET", "path": "/a", "name": "request"}
    assert named(asks) == "GET /a"
    assert named({**asks, "name": "resume"}) == "resume"
    tcp = Tcp.model_validate({"send": "x", "until": "y"})
    assert named(asks, {**asks, "tcp": tcp}, {**asks, "call": "mod:fun", "json_": {}}) == "GET /a and request 2"
    assert named(asks, {**asks, "path": "/b"}, {**asks, "path": "/c"}) == "GET /a, GET /b and GET /c"


def test_an_answer_is_looked_at_by_its_json_its_acknowledgement_its_text_or_by_who_called() -> None:
    asks = {"method": "GET", "path": "/a", "name": "request"}
    assert named({**asks, "json_": {"id": 1}}) == ""
    assert named({**asks, "acknowledged": "json:id"}) == ""
    assert named({**asks, "acknowledged": "header:x"}) == "GET /a"
    assert named({**asks, "call": "mod:fun"}) == ""
    assert named({**asks, "tcp": Tcp.model_validate({"send": "x", "until": "y", "answer": "z"})}) == ""


@pytest.mark.parametrize(("replicas", "told"), [(1, False), (2, True), (3, True)])
def test_who_answers_matters_where_there_are_two_and_cannot_be_told_of_calls_and_raw_connections(
    replicas: int, told: bool
) -> None:
    workload = WHOLE.harness.workload
    assert workload is not None
    services = {name: one.model_copy(update={"replicas": 1}) for name, one in WHOLE.services.items()}
    services["backend"] = services["backend"].model_copy(update={"replicas": replicas})
    stack = WHOLE.model_copy(update={"services": services})
    assert said(declaring(stack, {}, served_by=None), "which replica answers") is told
    for update in ({"call": "mod:fun"}, {"tcp": Tcp.model_validate({"send": "x", "until": "y"})}):
        assert not said(declaring(stack, update, served_by=None), "which replica answers")


def test_a_single_request_is_named_as_the_only_kind() -> None:
    lonely = declaring(WHOLE, {"call": "mod:fun", "name": "request"}, requests=())
    (found,) = (one for one in lonely if one.startswith("other kinds"))
    assert found == "other kinds of requests than request 1: whatever else breaks, passes (`requests`)"
