"""A tiny builder of histories: `made(("probe.release", "deployed", {...}), ...)`, one event a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from harness.clock import ManualClock
from harness.events import encode
from harness.fingerprint import Fingerprint, StatePart
from harness.history import Event, History
from suites.raw import raw

REPLICAS = ("backend-1", "backend-2", "backend-3")
LOG = "/var/log/backend/backend.log"


class Made:
    """Builds a history event by event; every method returns the builder."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.history = History(clock=self.clock)

    @property
    def events(self) -> tuple[Event, ...]:
        return self.history.events

    def add(self, kind: str, phase: str | None = None, **data: Any) -> Self:
        self.history.record(raw(kind, **data, **({"phase": phase} if phase else {})))
        self.clock.advance(1.0)
        return self

    def releases(self, phase: str, *releases: str | None, error: str | None = None) -> Self:
        for replica, release in zip(REPLICAS, releases, strict=False):
            self.add("probe.release", phase, replica=replica, release=release, error=error)
        return self

    def registry(self, phase: str, release: str | None, error: str | None = None) -> Self:
        return self.add("probe.registry", phase, release=release, error=error)

    def health(self, phase: str, *oks: bool | None) -> Self:
        for replica, ok in zip(REPLICAS, oks, strict=False):
            self.add("probe.health", phase, replica=replica, ok=ok, error=None if ok else "connection refused")
        return self

    def queue(self, phase: str, *depths: float | None, ages: Sequence[float | None] = ()) -> Self:
        """Without ages the events have none, as where the stack does not declare how to tell it."""
        for number, depth in enumerate(depths):
            age = {"age": ages[number]} if ages else {}
            self.add(
                "probe.queue", phase, depth=depth, **age, error=None if depth is not None else "connection refused"
            )
        return self

    def activity(self, phase: str, **data: Any) -> Self:
        """A probe of a hypothesis after the method, within its tolerance."""
        provider = {"type": "http", "url": "http://entrypoint/"}
        activity = {"type": "probe", "name": "answers", "tolerance": 200, "provider": provider}
        usual: dict[str, Any] = {
            "name": "answers", "part": "after", "activity": activity, "status": "succeeded", "output": {"status": 200},
            "error": None, "within": True, "began": 1.0, "seconds": 0.1,
        }  # fmt: skip
        return self.add("activity.end", phase, **{**usual, **data})

    def configurations(self, phase: str, *releases: str | None) -> Self:
        for replica, release in zip(REPLICAS, releases, strict=False):
            self.add("probe.configuration", phase, replica=replica, release=release, error=None if release else "gone")
        return self

    def schema(self, phase: str, answer: str | None) -> Self:
        return self.add("probe.schema", phase, release=answer, error=None if answer else "no such table")

    def balancer(self, phase: str, *statuses: str | None, weight: int = 1) -> Self:
        """One look at the load balancer; a status of None leaves the server out."""
        rows = [
            ["web", replica, status, weight, 0, 9]
            for replica, status in zip(REPLICAS, statuses, strict=False)
            if status is not None
        ]
        return self.add(
            "probe.haproxy", phase, replica="lb-1", servers=rows or None, error=None if rows else "no socket"
        )

    def inside(self, phase: str, replica: str = "backend-1", **data: Any) -> Self:
        """One look into a replica."""
        main = [7, 1, "python3", 5.0, "S"]
        usual: dict[str, Any] = {"oom_kills": 0, "main": main, "list": [main], "missing": {}, "error": None}
        return self.add("probe.replica", phase, replica=replica, **{**usual, **data})

    def containers(self, phase: str, status: str | None = "running", started: str = "10:00") -> Self:
        for replica in REPLICAS:
            self.add(
                "probe.container", phase, replica=replica, status=status, started=started,
                exit_code=None, oom_killed=False, error=None if status else "no engine",
            )  # fmt: skip
        return self

    def ended(self, phase: str, verb: str, exit_code: int | None = 0, how: str = "exit") -> Self:
        return self.add(
            "deployer.end", phase, start=0, verb=verb, release="4.1.1", exit_code=exit_code, ended=how, seconds=12.0
        )

    def log(self, phase: str, replica: str = "backend-1", **data: Any) -> Self:
        usual: dict[str, Any] = {
            "path": LOG, "records": 40, "by_release": {"4.1.1": 40}, "unparsed": 0, "errors": 0, "error_lines": [],
            "seconds": 4.0, "silence": 0.3, "state": "ok", "error": None,
        }  # fmt: skip
        return self.add("probe.log", phase, replica=replica, **{**usual, **data})

    def load(self, phase: str, **data: Any) -> Self:
        usual: dict[str, Any] = {
            "intended": 500, "sent": 500, "ok": 500, "failed": 0, "shed": 0, "seconds": 10.0, "p50": 0.01, "p95": 0.03,
            "p99": 0.05, "lateness_p95": 0.001, "statuses": {"202": 500}, "errors": {}, "longest_outage": 0.0,
            "served_by": {}, "began": self.clock.now(),
        }  # fmt: skip
        return self.add("workload", phase, **{**usual, **data})

    def reads(self, phase: str, *, every: bool = False, bad: Sequence[dict[str, Any]] = (), **data: Any) -> Self:
        """What was read beside the load, or everything that was written."""
        wrong = sum(one["verdict"] == "wrong" for one in bad)
        counts = {"wrong": wrong, "unanswered": len(bad) - wrong, "good": 30 - len(bad), "asked": 30}
        usual: dict[str, Any] = {
            "start": None, "every": every, "written": 30 if every else 0, **counts, "late": 0, "interrupted": 0,
            "skipped": 0, "bad": list(bad), "error": None,
            "absent": sum(one.get("expected") == "what was written" for one in bad),
        }  # fmt: skip
        return self.add("workload.reads", phase, **{**usual, **data})

    def fingerprint(self, phase: str, parts: dict[str, StatePart] | None = None, *, name: str = "") -> Self:
        """The same parts of every replica."""
        usual = {"files": StatePart({"/srv/current": {"type": "link", "owner": "0:0", "target": "releases/4.1.0"}})}
        found = Fingerprint(dict.fromkeys(REPLICAS, parts or usual), name=name)
        return self.add("fingerprint", phase, **encode(found.body()))

    def fault(self, phase: str, *, healed: bool = True, **data: Any) -> Self:
        start = self.history.record(
            raw("fault.inject", fault="latency", title="latency of 5 ms on a -> b", phase=phase)
        ).id
        usual: dict[str, Any] = {
            "start": start, "fault": "latency", "bit": True, "gone": True, "reason": "it touched a -> b", "figures": {},
        }  # fmt: skip
        return self.add("fault.heal", phase, **{**usual, **data}) if healed else self
