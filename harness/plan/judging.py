"""Judging what a history says of one environment: while it is written, and again when it was saved."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness import checks
from harness.errors import UsageError
from harness.events import RunEnd, RunError, VerdictGiven
from harness.history import Event, of
from harness.plan.link import Link, LinkPart
from harness.samples import Samples
from harness.verdict import Outcome, Verdict, combine

CONTROL = "control"  # the arm of the untouched environment beside the subject


def of_environment(events: Iterable[Event], environment: str | None) -> tuple[Event, ...]:
    """The events that a check of an environment may rest on: its own, and the load of the control beside it."""
    return tuple(event for event in events if event.environment == environment or event.arm == CONTROL)


def judge(
    name: str,
    events: Iterable[Event],
    samples: Samples,
    *,
    environment: str | None,
    phase: str,
    parameters: Mapping[str, Any],
) -> Verdict:
    """What a check says of an environment.

    Raises:
        UsageError: there is no such check.
    """
    return checks.call(checks.find(name), of_environment(events, environment), samples, phase, parameters)


@dataclass(frozen=True, slots=True)
class Again:
    """A verdict of a saved history, and what today's check says.

    Attributes:
        event: its `verdict` event.
        then, now: the two verdicts; the same where it was no check's, or the check is no more.
        kept: why it was not asked again; empty where it was.
    """

    event: Event
    then: Verdict
    now: Verdict
    kept: str = ""

    @property
    def changed(self) -> bool:
        """The outcome is another one."""
        return self.then.outcome is not self.now.outcome


class _Kept(Exception):
    """A verdict that cannot be asked again, and why."""


def judge_again(events: Sequence[Event], samples: Samples) -> list[Again]:
    """Every verdict of a saved history, given again by today's checks: on what was known then, since a phase goes on
    after its verdict.
    """
    judged = of(events, VerdictGiven)
    own = {name: of_environment(events, name) for name in {event.environment for event in judged}}
    ids = {name: [event.id for event in mine] for name, mine in own.items()}

    def known(event: Event) -> Sequence[Event]:
        return own[event.environment][: bisect_left(ids[event.environment], event.id)]

    return [_again(known(event), samples, event) for event in judged]


def _again(own: Sequence[Event], samples: Samples, event: Event[VerdictGiven]) -> Again:
    then, body = checks.verdict_of(event.body), event.body
    try:
        if body.link is not None or "link" in event.damaged:
            now = _linked(own, samples, Link.read(then.check, body.link or {}))
        else:
            now = _asked(own, samples, event.phase or "", then)
    except _Kept as why:
        return Again(event, then, then, str(why))
    except (ValueError, KeyError, TypeError) as error:
        return Again(event, then, then, f"what it was put together from cannot be read: {error!r}")
    return Again(event, then, checks.as_groundwork(now) if body.groundwork else now)


def _asked(events: Sequence[Event], samples: Samples, phase: str, then: Verdict) -> Verdict:
    if then.parameters is None:
        raise _Kept("it was not given by a check")
    try:
        check = checks.find(then.check)
    except UsageError:
        raise _Kept(f"there is no check {then.check!r} any more") from None
    return checks.again(then.check, check, events, samples, phase, then.parameters)


def _linked(events: Sequence[Event], samples: Samples, link: Link) -> Verdict:
    """What a command said of itself stays as it is; what checks said is asked again."""
    now, against = (
        [
            part
            if part.verdict.parameters is None
            else LinkPart(part.phase, _asked(events, samples, part.phase, part.verdict))
            for part in found
        ]
        for found in (link.parts, link.against)
    )
    return replace(link, parts=now, against=against).verdict()


def supported(run: Verdict, samples: Samples) -> Verdict:
    """The verdict of a whole run, given what is left of its evidence: without all of it, a pass is unknown."""
    missing = samples.problems()
    if not missing or run.outcome is not Outcome.PASS:
        return run
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    reason = f"{run.reason}, but evidence is missing: {missing[0]}{more}"
    return replace(run, outcome=Outcome.UNKNOWN, reason=reason, look="what became of the run's directory")


def as_events(events: Sequence[Event], found: Iterable[Again], samples: Samples) -> tuple[Event, ...]:
    """The history with today's verdicts in the place of those that it holds, for the reports.

    The verdict of a run that came to its end is that of today's verdicts; one that broke stays as it ended.
    """
    new = {one.event.id: one.now for one in found}
    run = supported(combine(new.values()), samples)
    broke = bool(of(events, RunError))
    made: list[Event] = []
    for event in events:
        if event.id in new:
            made.append(event.with_body(checks.given(new[event.id])))
        elif isinstance(event.body, RunEnd) and not broke:
            made.append(event.with_body(RunEnd(str(run.outcome), run.reason, run.outcome.exit_code)))
        else:
            made.append(event)
    return tuple(made)
