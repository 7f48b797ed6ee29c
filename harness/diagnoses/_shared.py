"""What rules share: which failed verdicts follow from the fleet's state, and the workload's figures of a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.diagnoses._case import Attempt, Case, Diagnosis, Stage, ids
from harness.event import Event, of
from harness.events import ProbeLog, WorkloadWindow
from harness.fingerprint import Difference, in_words

# Checks that cannot pass where a replica runs another release than it should. What else failed may have other causes.
OF_THE_FLEET = (
    "release", "deployer", "convergence", "registry", "no-change", "trace", "logs", "second-deployment",
    "loaded",
    "answers",
)  # fmt: skip
CONTROL = "control"


def follow(attempt: Attempt) -> tuple[int, ...]:
    """The failed verdicts after an attempt that follow from what the fleet runs."""
    return tuple(one.id for one in attempt.after.failing(*OF_THE_FLEET))


def of_these(case: Case, attempt: Attempt, verdicts: Iterable[int], replicas: Iterable[str]) -> tuple[int, ...]:
    """Without the verdicts on fingerprints that differ on other replicas, too: that has another cause."""
    mine, differences = set(replicas), case.differences(attempt.after)
    return tuple(one for one in verdicts if {found.replica for found in differences.get(one, ())} <= mine)


def windows(stage: Stage) -> tuple[Event[WorkloadWindow], ...]:
    """Of the load on the environment itself."""
    return tuple(event for event in of(stage.events, WorkloadWindow) if event.arm != CONTROL)


def answers(stage: Stage) -> Counter[str]:
    """Good answers of the load, by who gave them."""
    found: Counter[str] = Counter()
    for event in windows(stage):
        found.update(event.body.served_by)
    return found


def last_logs(stage: Stage) -> Mapping[tuple[str, str], Event[ProbeLog]]:
    """The last report on each log, by replica and path."""
    return {(event.body.replica, event.body.path): event for event in of(stage.events, ProbeLog)}


def reason(stage: Stage, check: str) -> str:
    """The first finding of a failed verdict, in its own words."""
    found = stage.failing(check)
    return found[0].body.reason.partition("; ")[0] if found else ""


def after_attempt(
    case: Case, checks: Sequence[str], sentence: str, kind: Callable[[Attempt], str], look: str, *, certainty: int = 2
) -> Diagnosis | None:
    """What some checks found after an attempt, where nothing but that they failed is known of the cause.

    Args:
        checks: the first of them that failed after any attempt is quoted.
        sentence: with `{attempt}`; what the check found follows it.
        kind: the class that it belongs to, by the attempt.
        look: what to look at next.
    """
    for check in checks:
        attempt = failed_first(case, check)
        if attempt is not None:
            verdicts = attempt.after.failing(*checks)
            return Diagnosis(
                f"{sentence.format(attempt=attempt.name)}: {reason(attempt.after, check)}",
                kind(attempt),
                ids(attempt.ids, *(one.body.evidence for one in verdicts)),
                look,
                ids(verdicts),
                certainty=certainty,
            )
    return None


def failed_first(case: Case, check: str) -> Attempt | None:
    """The first attempt after which a check failed."""
    return next((one for one in case.attempts if one.after.failing(check)), None)


def back(case: Case, attempt: Attempt) -> bool:
    """It is a rollback, and every replica says that it runs the old release after it."""
    runs = {event.body.release for event in attempt.after.releases.values()}
    return attempt.verb == "rollback" and bool(runs) and runs == {case.old}


def told(differences: Iterable[Difference], limit: int = 2) -> str:
    """Some of them in words, and how many more there are."""
    every = tuple(differences)
    return "; ".join(in_words(every, limit))
