"""Nobody waits long for a lock while a release is deployed or taken back: what waits meanwhile is not served."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import cast

from harness.checks._evidence import Findings, counted
from harness.checks._witness import WitnessedStalls
from harness.events import LockWait, ProbeServer
from harness.history import Event
from harness.verdict import Verdict

NAME = "locks"
LONGEST = 1.0  # s; as long as an outage may last
UNSEEN = 5.0  # s that may pass without an answer of the server
WORDS = 100  # characters of a statement


def check(events: Iterable[Event], *, phase: str, baseline: str = "baseline", longest: float = LONGEST) -> Verdict:
    """In each server that tells, no session waited for a lock for longer than `longest`, or than in the baseline.

    Servers are asked once a second, so a wait that is a second shorter than the limit may be missed.

    Args:
        events: the history (`probe.postgres` and the other servers', `witness`).
        phase: in which something was deployed or taken back.
        baseline: the phase whose longest wait may come again.
        longest: seconds that a wait may last.
    """
    events = tuple(events)
    findings = Findings(NAME)
    before = _told(events, baseline)
    looks = 0
    witness = WitnessedStalls(events)
    for server, seen in _looks(events, phase).items():
        told = [event for event in seen if event.body.lock_wait is not None]
        if not told and not before.get(server):
            continue  # its product tells nothing of locks
        usual = max((_wait(event).longest for event in before.get(server, ())), default=0.0)
        findings.saw(*before.get(server, ()), *told)
        looks += len(told)
        _unseen(findings, server, seen, told)
        _judge(findings, server, told, max(longest, usual), witness)
    if not looks and not findings.unknown:
        findings.missing(f"no server told of locks in the phase {phase}")
    return findings.verdict(
        f"nobody was seen to wait for a lock for longer than {longest:g} s in {counted(looks, 'look')}",
        look="what the migration locks, and for how long: a lock_timeout, smaller steps, an index built concurrently",
        look_unknown="whether the server can be asked while the deployer works (`probe.postgres`, `probe.mysql`), and"
        " whether its user may see what others do (MySQL and MariaDB: the privilege PROCESS)",
    )


def _looks(events: Iterable[Event], phase: str) -> dict[str, list[Event[ProbeServer]]]:
    """Every look at a server in a phase, by its replica and, where that has several, its name."""
    found: dict[str, list[Event[ProbeServer]]] = {}
    for event in events:
        body = event.body if event.phase == phase else None
        if isinstance(body, ProbeServer):
            name = " ".join(filter(None, (body.replica, body.server)))
            found.setdefault(name, []).append(cast("Event[ProbeServer]", event))
    return found


def _told(events: Iterable[Event], phase: str) -> dict[str, list[Event[ProbeServer]]]:
    """Those that tell of locks; servers that never do are left out."""
    found = {
        name: [one for one in seen if one.body.lock_wait is not None] for name, seen in _looks(events, phase).items()
    }
    return {name: seen for name, seen in found.items() if seen}


def _wait(event: Event[ProbeServer]) -> LockWait:
    return event.body.lock_wait or LockWait()


def _unseen(findings: Findings, server: str, seen: list[Event[ProbeServer]], told: list[Event[ProbeServer]]) -> None:
    """Whether the server was asked, and answered, often enough. Who waits for locks may not answer, either."""
    if not told:
        findings.missing(f"{server} did not tell who waits for locks: {seen[-1].body.error or 'no reason given'}")
        return
    times = [seen[0].since_start, *(event.since_start for event in told), seen[-1].since_start]
    gap = max(after - before for before, after in pairwise(times))
    if gap > UNSEEN:
        findings.missing(f"{server} did not tell for {gap:.1f} s who waits for locks")


def _judge(
    findings: Findings, server: str, told: list[Event[ProbeServer]], limit: float, witness: WitnessedStalls
) -> None:
    worst = max(told, key=lambda event: _wait(event).longest, default=None)
    if worst is None or _wait(worst).longest <= limit:
        return
    wait = _wait(worst)
    sessions = max(_wait(event).sessions for event in told)
    said = f"{counted(sessions, 'session')} of {server} waited for a lock, one for {wait.longest:.1f} s or longer,"
    said += f" more than {limit:g} s{_words(wait)}"
    begin, end = worst.since_start - wait.longest, worst.since_start
    findings.timed(said, witness.explains(begin, end, wait.longest, limit), worst)


def _words(wait: LockWait) -> str:
    """Who waits for whom, in a statement's own words."""
    said = [
        f"{name} {text}" for name, text in (("waiting:", _short(wait.waits)), ("held by:", _short(wait.holder))) if text
    ]
    return f" ({'; '.join(said)})" if said else ""


def _short(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= WORDS else f"{words[:WORDS]}..."
