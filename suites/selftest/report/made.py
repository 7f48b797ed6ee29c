"""A made run: a gate of the reference stack, as its history tells it."""

from __future__ import annotations

from harness.clock import ManualClock
from harness.history import Event, History
from harness.verdict import Outcome, Verdict, combine
from suites.raw import fields, raw

FLEET = ("backend-1", "backend-2", "backend-3")
COMMAND = ["deployctl", "deploy", "4.1.1"]


def gate(history: History, clock: ManualClock, *, broken: bool = False, unknown: bool = False) -> None:
    """Record a whole run; `broken` makes the rollback fail, `unknown` leaves the logs unknown."""
    verdicts: list[Verdict] = []

    def judge(phase: str, check: str, outcome: Outcome, reason: str, look: str = "") -> None:
        verdicts.append(Verdict(check, outcome, reason, (3, 4), look))
        history.record(raw("verdict", phase=phase, **fields(verdicts[-1])))

    history.record(
        raw("run.start", harness="0.1.0", stack="reference", engine="Docker 20.10.24 (API 1.41)", machine={"cores": 2},
        command=["harness", "gate", "compose.yaml"], **{"from": "4.1.0", "to": "4.1.1"},
    ))  # fmt: skip
    with history.step("up", "bring up 4.1.0: 7 replicas"):
        clock.advance(3.2)
    with history.phase("baseline"), history.step("baseline", "baseline workload, 50/s for 10 s"):
        clock.advance(10.0)
    with history.phase("deployed"):
        with history.step("deploy", "deploy 4.1.1"):
            start = history.record(
                raw("deployer.start", verb="deploy", release="4.1.1", command=COMMAND,
                place="control-1",
            ))  # fmt: skip
            for number in range(15):
                clock.advance(0.4)
                text = f"[{number + 1}/15] backend-{number % 3 + 1}: draining at the load balancer, \x1b[31mred\x1b[0m"
                history.record(raw("deployer.line", start=start.id, stream="out", text=text))
            history.record(
                raw(
                    "deployer.end",
                    start=start.id,
                    verb="deploy",
                    release="4.1.1",
                    exit_code=0,
                    ended="exit",
                    seconds=6.0,
                )
            )
        with history.step("verify", "verify 4.1.1 on every replica"):
            with history.step("logs", "watch 3 logs"):
                clock.advance(4.0)
            judge("deployed", "release", Outcome.PASS, "3 replicas run 4.1.1")
            if unknown:
                judge(
                    "deployed",
                    "logs",
                    Outcome.UNKNOWN,
                    "/var/log/backend.log on backend-1 could not be read: gone",
                    "it",
                )
            else:
                judge("deployed", "logs", Outcome.PASS, "3 logs advanced, with records of 4.1.1 and no errors")
            judge("deployed", "performance", Outcome.PASS, "p50 12 ms, 10 ms before; p95 31 ms, 30 ms before")
    with history.phase("rolled-back"), history.step("rollback", "roll back"):
        clock.advance(7.5)
        if broken:
            history.record(raw("container", replica="backend-2", action="die", exit_code=137))
            judge(
                "rolled-back", "release", Outcome.FAIL,
                f"{FLEET[1]} runs 4.1.1, not 4.1.0; {FLEET[2]} runs 4.1.1, not 4.1.0",
                "the deployer's output, and what it left on that replica",
            )  # fmt: skip
            judge(
                "rolled-back", "registry", Outcome.FAIL, "the registry says 4.1.0 | and backend-2 runs <4.1.1>",
                "who wrote the registry last",
            )  # fmt: skip
        else:
            judge("rolled-back", "release", Outcome.PASS, "3 replicas run 4.1.0")
            judge("rolled-back", "registry", Outcome.PASS, "the registry and 3 replicas agree on 4.1.0")
        judge("rolled-back", "queue", Outcome.PASS, "the queue is back at its level (0 jobs) after 1.2 s")
    whole = combine(verdicts)
    history.record(raw("run.end", outcome=str(whole.outcome), reason=whole.reason, exit_code=whole.outcome.exit_code))


def events(*, broken: bool = False, unknown: bool = False) -> tuple[Event, ...]:
    clock = ManualClock()
    history = History(clock=clock)
    gate(history, clock, broken=broken, unknown=unknown)
    return history.events
