"""Calling a check by its name, with parameters that may come from a saved history."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import GenericAlias
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from harness.checks._evidence import BUSY
from harness.checks._witness import WitnessedStalls
from harness.events import DeployerEnd
from harness.history import Event, of
from harness.samples import Samples
from harness.verdict import Outcome, Verdict

Check = Callable[..., Verdict]
GIVEN = ("events", "phase", "samples")  # parameters that come from the history itself
GAVE_UP = 1.0  # s; no deployer gives up what it waits for because of a shorter stall
STARVED = 0.25  # of the time that it ran
NO_GROUND = "the baseline is not sound, before anything was deployed"


def call(check: Check, events: Iterable[Event], samples: Samples, phase: str, parameters: Mapping[str, Any]) -> Verdict:
    """What a check says; the verdict holds the parameters as JSON can hold them, so that it can be asked again.

    Args:
        check: the function `check` of a module of checks.
        events, samples: the history. The samples go to a check that asks for them.
        phase: the phase to judge.
        parameters: the rest, as the check takes it or as a history holds it.
    """
    events = tuple(events)
    given: dict[str, Any] = {"samples": samples} if takes_samples(check) else {}
    found = check(events, phase=phase, **given, **_typed(check, parameters))
    found = _readable(found, events)
    found = _stalled(_held_against_the_deployer(found, events, phase), events, phase)
    return replace(found, parameters=to_jsonable_python(parameters))


def _readable(found: Verdict, events: tuple[Event, ...]) -> Verdict:
    """What a damaged field should have said may be what a pass has overlooked, whichever event it is in. A failure
    counts unless it rests on one.
    """
    if found.outcome is Outcome.UNKNOWN:
        return found
    telling = events if found.outcome is Outcome.PASS else [event for event in events if event.id in found.evidence]
    if not (bad := [event for event in telling if event.damaged]):
        return found
    damaged = bad[0]
    said = f"event {damaged.id} of the history ({damaged.kind}) is damaged: {', '.join(damaged.damaged)}"
    look = "what became of the history (events.jsonl)"
    return replace(found, outcome=Outcome.UNKNOWN, reason=f"{said}, so this proves nothing: {found.reason}", look=look)


def _held_against_the_deployer(found: Verdict, events: tuple[Event, ...], phase: str) -> Verdict:
    """A deployer waits for what it deploys, for as long as it sees fit. Where one gave up while the machine stood
    still, what it left proves nothing about the release. Its declared time-out is put off meanwhile.
    """
    if found.outcome is not Outcome.FAIL:
        return found
    last = max((event.id for event in events if event.phase == phase), default=-1)
    for end in of(events, DeployerEnd):
        if end.id > last or end.body.exit_code in (0, None):
            continue
        begin = end.since_start - (end.body.seconds or 0.0)
        if WitnessedStalls(events).stood(begin, end.since_start) < max(GAVE_UP, STARVED * (end.since_start - begin)):
            continue
        stall = WitnessedStalls(events).explains(begin, end.since_start)
        said = f"the {end.body.verb} failed while {stall}, so this proves nothing: {found.reason}"
        return replace(found, outcome=Outcome.UNKNOWN, reason=said, look=BUSY)
    return found


def _stalled(found: Verdict, events: tuple[Event, ...], phase: str) -> Verdict:
    """Evidence that is missing because the machine stood still may be had at another time."""
    times = [event.since_start for event in events if event.phase == phase]
    if found.outcome is not Outcome.UNKNOWN or not times:
        return found
    return replace(found, stalled=found.stalled or bool(WitnessedStalls(events).explains(min(times), max(times))))


def takes_samples(check: Check) -> bool:
    """Whether a check takes the samples of the workload beside the events."""
    return "samples" in inspect.signature(check).parameters


def again(
    name: str, check: Check, events: Iterable[Event], samples: Samples, phase: str, parameters: Mapping[str, Any]
) -> Verdict:
    """The same with the parameters of a saved verdict; unknown where today's check does not take them."""
    try:
        return call(check, events, samples, phase, parameters)
    except (ValidationError, TypeError) as error:
        said = " ".join(str(error).split())[:200]
        return Verdict(
            name,
            Outcome.UNKNOWN,
            f"today's check cannot be asked as it was then: {said}",
            look="the version of the harness that saved the run (run.start)",
            parameters=dict(parameters),
        )


def as_groundwork(verdict: Verdict) -> Verdict:
    """A verdict on the baseline: what fails there fails before anything was deployed and says nothing about the
    deployment, so it is unknown.
    """
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    return replace(verdict, outcome=Outcome.UNKNOWN, reason=f"{NO_GROUND}: {verdict.reason}")


def _typed(check: Check, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in the types that the check declares: a history holds mappings for dataclasses."""
    hints = _hints(check)
    unknown = sorted(set(parameters) - set(hints) | set(parameters) & {*GIVEN, "return"})
    if unknown:
        raise TypeError(f"it takes no {', '.join(unknown)}")
    return {key: _adapter(hints[key]).validate_python(value) for key, value in parameters.items()}


def refusal(check: Check, parameters: Mapping[str, Any]) -> str | None:
    """What a check expects instead of these parameters; None where it takes them."""
    hints = _hints(check)
    known = [key for key in hints if key not in (*GIVEN, "return")]
    for key, value in parameters.items():
        if key not in known:
            return "no parameter but " + ", ".join(known) if known else "no parameter"
        try:
            _adapter(hints[key]).validate_python(value)
        except ValidationError as error:
            return f"{key}: {str(error.errors()[0]['msg']).lower()}"
    return None


@cache
def _hints(check: Check) -> Mapping[str, Any]:
    return get_type_hints(check)


@cache  # a plan asks the same few checks many times
def _adapter(hint: Any) -> TypeAdapter[Any]:
    """What turns JSON into a value of this type. Any collection is a tuple: that has an order and cannot be changed."""
    if get_origin(hint) in (Collection, Iterable, Sequence):
        hint = GenericAlias(tuple, (get_args(hint)[0], ...))
    return TypeAdapter(hint)
