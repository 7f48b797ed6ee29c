"""The load balancer sends a replica nothing, or less than before."""

from __future__ import annotations

from harness.diagnoses._case import Attempt, Case, Diagnosis, Stage, ids, names
from harness.diagnoses._kinds import BALANCER
from harness.diagnoses._shared import told
from harness.event import Event, of
from harness.events import ProbeHaproxy
from harness.events.server import ServerRow

CHECKS = ("convergence", "trace", "errors", "performance", "logs")


def diagnose(case: Case) -> Diagnosis | None:
    """A server that was up with a weight is not after an attempt, or its state differs from before."""
    was, _ = _rows(case.before)
    for attempt in case.attempts:
        now, event = _rows(attempt.after)
        out = {key: row for key, row in now.items() if key in was and _takes(was[key]) and not _takes(row)}
        gone = [key for key in was if _takes(was[key]) and now and key not in now]
        if event is not None and (out or gone) and attempt.after.failing(*CHECKS):
            return _said(attempt, event, out, gone)
        if (found := _by_state(case, attempt)) is not None:
            return found
    return None


def _said(
    attempt: Attempt, event: Event[ProbeHaproxy], out: dict[tuple[str, str], ServerRow], gone: list[tuple[str, str]]
) -> Diagnosis:
    servers = [server for _, server in (*out, *gone)]
    first = next(iter(out.values()), None)
    how = "it is not there any more" if first is None else f"it is {first[2]}, weight {first[3] or 0}"
    return Diagnosis(
        f"the load balancer sends nothing to {names(servers)} after {attempt.name}: {how}",
        BALANCER,
        ids(attempt.ids, [event]),
        "whether the deployer puts the server back after it has drained it, also where it fails",
        ids(attempt.after.failing("convergence", "trace")),
    )


def _by_state(case: Case, attempt: Attempt) -> Diagnosis | None:
    """The fingerprint shows what the samples do not: a weight, an address."""
    for verdict, differences in case.differences(attempt.after, "trace").items():
        mine = [one for one in differences if one.part == "servers"]
        if mine:
            return Diagnosis(
                f"the load balancer is not as it was before {attempt.name}: {told(mine)}",
                BALANCER,
                ids(attempt.ids, [verdict]),
                "what the deployer changes at the load balancer, and whether it changes it back",
                (verdict,),
            )
    return None


def _rows(stage: Stage) -> tuple[dict[tuple[str, str], ServerRow], Event[ProbeHaproxy] | None]:
    """The servers at the last look that brought an answer."""
    event = next((one for one in reversed(of(stage.events, ProbeHaproxy)) if one.body.servers), None)
    rows = event.body.servers if event is not None and event.body.servers is not None else ()
    return {(row[0], row[1]): row for row in rows}, event


def _takes(row: ServerRow) -> bool:
    """Whether it gets requests."""
    return row[2].split(" ")[0] in ("UP", "no") and row[3] != 0
