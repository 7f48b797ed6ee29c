"""Probes of an experiment of the Chaos Toolkit are within their tolerances, and its actions did what they are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from harness.checks._evidence import Findings, counted
from harness.events import ActivityEnd
from harness.history import Event, of
from harness.printable import shortened
from harness.verdict import Verdict

NAME = "tolerances"
JUDGED = ("before", "after")  # the parts of an experiment in which tolerances count: in the method they are not judged


def check(events: Iterable[Event], *, phase: str, activities: Collection[str]) -> Verdict:
    """Every probe of the hypothesis was within its tolerance. What could not be run is unknown; so is an action of the
    method or the rollbacks whose command or request ended badly: what comes after it may prove nothing.

    Args:
        events: the history (`activity.end`).
        phase: in which the activities ran.
        activities: the names of those that had to run in it; a name that stands there twice had to run twice.
    """
    findings = Findings(NAME)
    ran = of(tuple(events), ActivityEnd, phase)
    findings.saw(*ran)
    for event in ran:
        _judge(findings, event)
    missing = Counter(activities) - Counter(event.body.name for event in ran)
    for name in missing:
        findings.missing(f"{name} was not run")
    compared = [event for event in ran if event.body.within is not None and event.body.part in JUDGED]
    good = f"{counted(len(ran), 'activity', 'activities')} ran"
    if compared:
        good = f"{counted(len(compared), 'probe is', 'probes are')} within {'its' if len(compared) == 1 else 'their'} "
        good += "tolerance" if len(compared) == 1 else "tolerances"
    return findings.verdict(good, look="what the probe gave (events `activity.end`)", look_unknown=_LOOK)


_LOOK = "why it was not run (events `activity.end`)"


def _judge(findings: Findings, event: Event[ActivityEnd]) -> None:
    one = event.body
    wanted = one.activity.get("tolerance")
    if one.status != "succeeded":
        findings.missing(f"{one.name} could not be run: {shortened(one.error or 'no reason was given')}")
    elif one.part not in JUDGED:
        if one.activity.get("type") != "probe" and (bad := _went_badly(one)):
            findings.missing(f"{one.name} {bad}, so it may not have done what it is for")
    elif one.within is False:
        findings.fail(f"{one.name} gave {_said(one.output)}, outside its tolerance {shortened(str(wanted))}", event)
    elif one.within is None:
        why = one.error or "it was not compared"
        findings.missing(f"whether {one.name} is within its tolerance is not known: {shortened(why)}")


def _went_badly(one: ActivityEnd) -> str:
    """What speaks against an action: the two cases in which the Chaos Toolkit warns, or its own tolerance."""
    if one.activity.get("tolerance") is not None:
        return "" if one.within else f"gave {_said(one.output)}, which is not within its tolerance"
    provider = one.activity.get("provider")
    kind = provider.get("type") if isinstance(provider, Mapping) else None
    status = one.output.get("status") if isinstance(one.output, Mapping) else None
    if not isinstance(status, int):
        return ""
    if kind == "process" and status != 0:
        return f"ended with exit code {status}"
    return f"was answered with status {status}" if kind == "http" and status >= 400 else ""


def _said(output: Any) -> str:
    """What an activity gave, in a few words: of a command or a request, its status first."""
    if not isinstance(output, Mapping) or "status" not in output:
        return shortened(repr(output))
    text = output.get("stderr") or output.get("stdout") or output.get("body") or ""
    return f"status {output['status']}" + (f" ({shortened(str(text))})" if text else "")
