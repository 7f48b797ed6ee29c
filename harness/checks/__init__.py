"""Checks: pure functions from a history to a verdict. One file each; to add one is to add a file, here or in a package
of your own (docs/extending.md).

A check is the function `check` of a module here, and is known by the module's name with `-` for `_`:
`check(events, *, phase=..., ...) -> Verdict`. It reads events and does no I/O. It passes only on evidence: for an
empty history every check is unknown, and so is one whose evidence is missing for a single replica.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from harness.checks._call import Check, again, as_groundwork, call, refusal, takes_samples
from harness.checks._evidence import Findings, counted, last, latest, of
from harness.registry import Registry
from harness.verdict import Outcome, Verdict

__all__ = [
    "Check",
    "Findings",
    "again",
    "as_groundwork",
    "call",
    "counted",
    "fields",
    "find",
    "last",
    "latest",
    "names",
    "needs_samples",
    "of",
    "refusal",
    "verdict_of",
]


_REGISTRY: Registry[Check] = Registry("check", sys.modules[__name__], lambda module: module.check)
names, find = _REGISTRY.names, _REGISTRY.find


def needs_samples(name: str) -> bool:
    """Whether this check takes the samples of the workload beside the events."""
    return takes_samples(find(name))


def fields(verdict: Verdict) -> Mapping[str, Any]:
    """The data of the history's `verdict` event for a verdict: `history.record("verdict", phase=..., **fields(v))`."""
    return {
        "check": verdict.check,
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
        "evidence": list(verdict.evidence),
        "look": verdict.look,
        "parameters": verdict.parameters,
        **({"stalled": True} if verdict.stalled else {}),
    }


def verdict_of(data: Mapping[str, Any]) -> Verdict:
    """The verdict that `fields` gave; any other outcome than the three is unknown."""
    try:
        outcome = Outcome(str(data.get("outcome")))
    except ValueError:
        outcome = Outcome.UNKNOWN
    listed = data.get("evidence")
    evidence = tuple(one for one in listed if isinstance(one, int)) if isinstance(listed, list | tuple) else ()
    reason, look = str(data.get("reason") or ""), str(data.get("look") or "")
    parameters = data.get("parameters")
    asked = parameters if isinstance(parameters, Mapping) else None
    stalled = data.get("stalled") is True
    return Verdict(str(data.get("check")), outcome, reason, evidence, look, asked, stalled)
