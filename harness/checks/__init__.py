"""Checks: pure functions from a history to a verdict. One file each; to add one is to add a file, here or in a package
of your own (docs/extending.md).

A check is the function `check` of a module here, and is known by the module's name with `-` for `_`:
`check(events, *, phase=..., ...) -> Verdict`. It reads events and does no I/O. It passes only on evidence: for an
empty history every check is unknown, and so is one whose evidence is missing for a single replica.

A plan names checks, and a dry run asks none: what reckons with numpy is imported by the function that does.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from harness.checks._call import Check, again, as_groundwork, call, refusal, takes_samples
from harness.checks._evidence import Findings, counted, last, latest
from harness.events import VerdictGiven
from harness.history import of
from harness.registry import Registry, spelt
from harness.verdict import Outcome, Verdict

__all__ = [
    "Check",
    "Findings",
    "again",
    "as_groundwork",
    "call",
    "counted",
    "find",
    "given",
    "last",
    "latest",
    "names",
    "needs_samples",
    "of",
    "outcome_of",
    "parts_of",
    "refusal",
    "verdict_of",
]


_REGISTRY: Registry[Check] = Registry("check", sys.modules[__name__], lambda module: module.check)
names, find = _REGISTRY.names, _REGISTRY.find


def parts_of(check: Check) -> tuple[str, Mapping[str, Any]]:
    """The name of a check, and the parameters that it was given.

    Args:
        check: the function of a module of checks, or `partial(queue.check, within=30.0)`: mypy holds its parameters
            against the check's.
    """
    function, given = (check.func, check.keywords) if isinstance(check, partial) else (check, {})
    return spelt(function.__module__.rpartition(".")[2]), given


def needs_samples(name: str) -> bool:
    """Whether this check takes the samples of the workload beside the events."""
    return takes_samples(find(name))


def given(verdict: Verdict, *, groundwork: bool = False, link: Mapping[str, Any] | None = None) -> VerdictGiven:
    """What the history's event of a verdict holds.

    Args:
        groundwork: it is of a baseline.
        link: of a replayed chain, what it was put together from.
    """
    return VerdictGiven(
        check=verdict.check,
        outcome=str(verdict.outcome),
        reason=verdict.reason,
        evidence=list(verdict.evidence),
        look=verdict.look,
        parameters=verdict.parameters,
        stalled=verdict.stalled,
        groundwork=groundwork,
        link=link,
    )


def outcome_of(said: str) -> Outcome:
    """The outcome of this name; unknown where it is none of the three."""
    return Outcome(said) if said in set(Outcome) else Outcome.UNKNOWN


def verdict_of(body: VerdictGiven) -> Verdict:
    """The verdict that `given` gave; an outcome that is none of the three is unknown."""
    outcome = outcome_of(body.outcome)
    return Verdict(body.check, outcome, body.reason, tuple(body.evidence), body.look, body.parameters, body.stalled)
