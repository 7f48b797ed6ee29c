"""No replica died, was restarted or ran out of memory, but for those that were meant to."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted, latest, of
from harness.history import Event
from harness.verdict import Verdict

NAME = "containers"
BAD = {
    "die": "died",
    "oom": "ran out of memory",
    "restart": "was restarted",
    "kill": "was killed",
    "stop": "was stopped",
    "destroy": "was removed",
}


def check(events: Iterable[Event], *, phase: str, replicas: Collection[str], expected: Collection[str] = ()) -> Verdict:
    """No container of the fleet ended in the phase, and each was seen to be running at its end.

    That no death was reported proves nothing by itself, so every replica must also have been looked at
    (`probe.container`) in the phase. Where the phase before saw it too, a later start time is a restart.

    Args:
        events: the history (`container`, `probe.container`).
        phase: the phase.
        replicas: every replica of the environment.
        expected: replicas that may end in this phase.
    """
    events = tuple(events)
    findings = Findings(NAME)
    looks = latest(events, "probe.container", phase)
    for event in of(events, "container", phase):
        replica, action = str(event.data.get("replica")), str(event.data.get("action"))
        if action in BAD and replica not in expected:
            code = event.data.get("exit_code")
            findings.fail(f"{replica} {BAD[action]}" + (f" with exit code {code}" if code is not None else ""), event)
    if not replicas:
        findings.missing("no replica was to be looked at")
    for replica in replicas:
        look = looks.get(replica)
        findings.saw(look)
        if look is None:
            findings.missing(f"the container of {replica} was not looked at")
        elif look.data.get("status") is None:
            findings.missing(
                f"the container of {replica} could not be looked at: {look.data.get('error') or 'no answer'}"
            )
        elif replica not in expected:
            _state(findings, replica, look, _before(events, replica, look))
    return findings.verdict(
        f"{counted(len(replicas), 'container')} ran through",
        look="that container's log and exit code, and its memory limit",
        look_unknown="whether the container engine answers",
    )


def _before(events: tuple[Event, ...], replica: str, look: Event) -> Event | None:
    """The last look at a replica of the same environment before this phase began."""
    earlier = [
        event
        for event in events
        if event.kind == "probe.container"
        and event.id < look.id
        and event.data.get("replica") == replica
        and event.data.get("phase") != look.data.get("phase")
        and event.data.get("environment") == look.data.get("environment")
    ]
    return earlier[-1] if earlier else None


def _state(findings: Findings, replica: str, look: Event, before: Event | None) -> None:
    if look.data.get("oom_killed"):
        findings.fail(f"{replica} ran out of memory", look)
    elif look.data["status"] != "running":
        findings.fail(f"{replica} is {look.data['status']} (exit code {look.data.get('exit_code')})", look)
    elif before is not None and before.data.get("started") not in (None, look.data.get("started")):
        findings.fail(f"{replica} was started again since the phase before", before, look)
