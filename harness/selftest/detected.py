"""What a gate saw of an overlay: pure, from the events of its history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.diagnoses import diagnose
from harness.event import Event, of
from harness.events import VerdictGiven

SHOWN = 5  # verdicts that are kept of a gate


@dataclass(frozen=True, slots=True)
class Detected:
    """What a gate saw.

    Attributes:
        failed: the verdicts that failed, in their order: check, phase, reason.
        named: one of them, or a diagnosis, says the cause.
        by: the check and phase, or the diagnosis, that says it; else the first that failed.
        after: seconds from the run's beginning to the first verdict that failed; None where none did.
    """

    failed: tuple[tuple[str, str, str], ...]
    named: bool
    by: str
    after: float | None

    def to_data(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "failed": [list(one) for one in self.failed[:SHOWN]]}


def detected(events: Sequence[Event], named_by: Sequence[str]) -> Detected:
    """What the gate with these events saw.

    Args:
        named_by: regular expressions; a failed verdict, or else a diagnosis, that one of them fits names the cause.
    """
    verdicts = [event for event in of(tuple(events), VerdictGiven) if event.body.outcome == "fail"]
    failed = tuple((one.body.check, one.phase or "", " ".join(one.body.reason.split())) for one in verdicts)
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in named_by]
    naming = next((one for one in failed if any(pattern.search(one[2]) for pattern in patterns)), None)
    if naming is None and failed:  # what stands at the top of every report
        said = ((f"the diagnosis {one.name}", "", one.sentence) for one in diagnose(events).found)
        naming = next((one for one in said if any(pattern.search(one[2]) for pattern in patterns)), None)
    chosen = naming or (failed[0] if failed else None)
    return Detected(
        failed=failed,
        named=naming is not None,
        by=" ".join(filter(None, chosen[:2])) if chosen else "",
        after=round(verdicts[0].since_start, 1) if verdicts else None,
    )
