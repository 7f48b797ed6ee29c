"""Histories of gates that went wrong in one way each."""

from __future__ import annotations

from typing import Any, Self

from harness.fingerprint import StatePart
from suites.selftest.checks.builder import LOG, REPLICAS, Made

OLD, NEW = "4.1.0", "4.1.1"
EVENLY = {"backend-1": 100, "backend-2": 100, "backend-3": 100}
LINK = {"/srv/current": {"type": "link", "owner": "0:0", "target": "releases/4.1.0"}}


def parts(part: str = "", more: dict[str, Any] | None = None) -> dict[str, StatePart]:
    """What a fingerprint has of each replica, with more in one part."""
    found: dict[str, dict[str, Any]] = {"files": LINK, "schema": {}, "processes": {}}
    return {name: StatePart({**items, **(more or {} if name == part else {})}) for name, items in found.items()}


class GateRun(Made):
    """A gate's round trip, as far as the test goes. The baseline is sound."""

    def __init__(self) -> None:
        super().__init__()
        self.add("run.start", stack="reference", **{"from": OLD, "to": NEW})
        self.seen("baseline", OLD).load("baseline", served_by=EVENLY, ok=300, sent=300, requests={"resume": 300})
        self.log("baseline", by_release={OLD: 40}).containers("baseline").balancer("baseline", "UP", "UP", "UP")
        self.fingerprint("baseline", parts())

    def seen(self, phase: str, *releases: str | None, registry: str | None = None) -> Self:
        """What every replica runs: one release, or one each; and what the registry says."""
        self.releases(phase, *(releases if len(releases) > 1 else releases * 3))
        if registry is not None:
            self.registry(phase, registry)
        return self

    def attempt(self, verb: str, phase: str, code: int | None = 0, *, words: str = "", how: str = "exit") -> Self:
        """A run of the deployer."""
        release = NEW if verb == "deploy" else None
        place = {"command": ["deployctl", verb], "place": "control-1"}
        start = self.add("deployer.start", phase, verb=verb, release=release, **place).events[-1].id
        if words:
            self.add("deployer.line", phase, start=start, stream="err", text=words)
        ended = {"exit_code": code, "ended": how, "seconds": 9.0, "error": None}
        self.add("deployer.end", phase, start=start, verb=verb, release=release, **ended)
        return self

    def deployed(self) -> Self:
        """The deployment went well."""
        return self.attempt("deploy", "deploy").seen("deployed", NEW)

    def rolled_back(self, *releases: str | None, code: int = 0, words: str = "", registry: str | None = None) -> Self:
        """So did the rollback, unless something else is said."""
        self.deployed().attempt("rollback", "rollback", code, words=words)
        return self.seen("rolled-back", *(releases or (OLD,)), registry=registry)

    def failed(self, phase: str, *checks: str, reason: str = "it is wrong; and more") -> Self:
        """Verdicts that failed."""
        for check in checks:
            self.verdict(phase, check, reason=reason)
        return self

    def verdict(self, phase: str, check: str, outcome: str = "fail", reason: str = "", **parameters: Any) -> Self:
        at = self.events[-1].id
        fields = {"check": check, "outcome": outcome, "reason": reason, "evidence": [at], "look": ""}
        self.add("verdict", phase, **fields, parameters=parameters or None)
        return self

    def differs(self, phase: str, part: str, key: str, value: Any, check: str = "trace") -> Self:
        """The fingerprint has one item more than that of before, and the check of that failed."""
        before = "baseline" if check == "trace" else "deployed"
        if before != "baseline":
            self.fingerprint(before, parts())
        self.fingerprint(phase, parts(part, {key: value}))
        return self.verdict(phase, check, reason="1 difference", before=before)


__all__ = ["EVENLY", "LOG", "NEW", "OLD", "REPLICAS", "GateRun"]
