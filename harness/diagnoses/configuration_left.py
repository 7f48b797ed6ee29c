"""The code goes back, the configuration does not."""

from __future__ import annotations

import re

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids, names
from harness.diagnoses._kinds import CONFIGURATION
from harness.diagnoses._shared import back, told
from harness.event import of
from harness.events import ProbeConfiguration
from harness.fingerprint import Difference

_FILE = re.compile(r"(^|/)etc/|\.(conf|cfg|cnf|ini|env|ya?ml|toml|properties)$|(config|settings)[^/]*$", re.IGNORECASE)
PARTS = ("environment", "settings")
LOOK = "what the deployment changes beside the code, and who changes it back"


def diagnose(case: Case) -> Diagnosis | None:
    """Every replica runs the old release after a rollback, and its configuration is another than before."""
    for attempt in case.rollbacks:
        if back(case, attempt) and (found := _by_probe(case, attempt) or _by_state(case, attempt)):
            return found
    return None


def _by_probe(case: Case, attempt: Attempt) -> Diagnosis | None:
    """The replicas say themselves of which release their configuration is."""
    last = {event.body.replica: event for event in of(attempt.after.events, ProbeConfiguration)}
    others = {name: one for name, one in last.items() if one.body.release not in (None, case.old)}
    if not others:
        return None
    releases = " and ".join(sorted({one.body.release or "" for one in others.values()}))
    return Diagnosis(
        f"the code is back on {case.old}, the configuration of {names(tuple(others), tuple(last))} is of {releases}",
        CONFIGURATION,
        ids(attempt.ids, others.values()),
        LOOK,
        ids(attempt.after.failing("convergence")),
    )


def _by_state(case: Case, attempt: Attempt) -> Diagnosis | None:
    """Files of configuration, variables or settings differ from those before the deployment."""
    for verdict, differences in case.differences(attempt.after, "trace").items():
        mine = [one for one in differences if _is_configuration(one, case.new)]
        if mine:
            return Diagnosis(
                f"the code is back on {case.old}, the configuration is not: {told(mine)}",
                CONFIGURATION,
                ids(attempt.ids, [verdict], [one for one in attempt.after.failed if one.id == verdict]),
                LOOK,
                (verdict,),
            )
    return None


def _is_configuration(one: Difference, new: str) -> bool:
    if one.part in PARTS:
        return True
    return one.part == "files" and _FILE.search(one.key) is not None and (not new or new not in one.key)
