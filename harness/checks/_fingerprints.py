"""What the checks over fingerprints share: finding two of them, and what their comparison says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.checks._evidence import Findings, counted, listed
from harness.events import FingerprintTaken
from harness.fingerprint import Allowance, Comparison, Fingerprint, compare, in_words, number_of_causes, quiet
from harness.history import Event, of
from harness.verdict import Verdict

MAX_DIFFERENCES = 8  # differences that a reason spells out


def taken(events: Iterable[Event], name: str) -> Event[FingerprintTaken] | None:
    """The last fingerprint of this name, else the last one of the phase of this name."""
    every = of(events, FingerprintTaken)
    named = [event for event in every if event.body.name == name]
    found = named or [event for event in every if event.phase == name]
    return found[-1] if found else None


def compared(
    findings: Findings, events: Iterable[Event], before: str, after: str, allow: Iterable[Allowance]
) -> Comparison | None:
    """Compare two fingerprints and file what cannot be told; None where one of them was not taken."""
    events = tuple(events)
    first, second = taken(events, before), taken(events, after)
    findings.saw(first, second)
    for event, name in ((first, before), (second, after)):
        if event is None:
            findings.missing(f"no fingerprint was taken in {name}")
    if first is None or second is None:
        return None
    if first is second or first.id > second.id:
        findings.missing(f"the fingerprint of {after} was not taken after that of {before}")
        return None
    between = [
        _read(one)
        for one in of(events, FingerprintTaken)
        if first.id < one.id < second.id and one.environment == second.environment
    ]
    comparison = compare(_read(first), _read(second), allow, quiet(events, second), between)
    for sentence in comparison.untold:
        findings.missing(sentence)
    return comparison


def differs(findings: Findings, comparison: Comparison, events: Iterable[Event], before: str, after: str) -> None:
    """File what differs and is not declared as one failure."""
    if comparison.differences:
        events = tuple(events)
        lines = in_words(comparison.differences, MAX_DIFFERENCES)
        many = counted(number_of_causes(comparison.differences), "difference")
        findings.fail(f"{many}: {'; '.join(lines)}", taken(events, before), taken(events, after))


def good(comparison: Comparison) -> str:
    """What a pass says beside that nothing differs: how much was compared, what is declared, what was left out."""
    said = f"{counted(comparison.items, 'item')} of {counted(comparison.replicas, 'replica')} are the same"
    if comparison.allowed:
        said += f"; declared: {listed(map(str, comparison.allowed))}"
    if comparison.stale:
        said += f"; declared, and matched nothing: {listed(f'{one.service}: {one.what}' for one in comparison.stale)}"
    if comparison.notes:
        said += f"; {'; '.join(dict.fromkeys(comparison.notes))}"
    return said


def with_unseen(verdict: Verdict, comparison: Comparison) -> Verdict:
    """The verdict, and in one line what it says nothing about."""
    unseen = [*dict.fromkeys(comparison.notes if not verdict else ()), *comparison.unseen]
    return replace(verdict, reason=f"{verdict.reason}; not looked at: {'; '.join(unseen)}") if unseen else verdict


def _read(event: Event[FingerprintTaken]) -> Fingerprint:
    return Fingerprint.of(event.body, taken=event.since_start)
