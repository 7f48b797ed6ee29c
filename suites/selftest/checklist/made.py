"""A small stack with two releases, and runs of its gate as their histories tell them; nothing runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.checklist.document import Checklist, Item
from harness.checklist.making import Sources, make
from harness.checklist.questions import QUESTIONS
from harness.clock import ManualClock
from harness.events import RunEnd, RunStart
from harness.fingerprint import Fingerprint, StatePart
from harness.history import EVENTS, History
from harness.plan.inputs import inputs
from harness.stack import Stack, load
from harness.verdict import Outcome, Verdict
from suites.raw import fields, raw

NOW = 1_796_000_000.0
COMPOSE = """\
name: shop
services:
  web: {build: web, expose: [8080], environment: {MODE: plain}}
  cache: {image: redis:7}
x-harness:
  releases: {"1.0": {}, "1.1": compose.1.1.yaml}
  servers: {cache: {kind: redis}}
CHECKLIST
"""
CHECKLIST = """\
  checklist:
    valid_for: 24h
    migrations: ["web/migrations/{release}/*.sql"]
    items:
      support-knows: {title: "Support knows", who: the release manager, why: "customers call them"}
      runbook: {title: "The runbook is right", why: "somebody will need it at night"}
"""
KEYS: Mapping[str, dict[str, object]] = {
    "plan:<n>": {"type": "string", "ttl": "none", "format": ["number"], "count": 9}
}
NEEDED = tuple(dict.fromkeys(pair for one in QUESTIONS for pair in one.needed))


VOUCHED: Mapping[str, object] = {
    "format": "rollback-harness vouched", "version": 1, "run": "r", "time": NOW - 60, "complete": True,
    "tests": [{"id": "t.py::test_a", "keys": ["runbook"], "outcome": "passed", "time": NOW - 61}],
}  # fmt: skip


@dataclass
class World:
    """A directory with the stack in it."""

    root: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW - 600.0))

    @property
    def out(self) -> Path:
        return self.root / "out"

    def stack(self) -> Stack:
        return load(self.root / "compose.yaml")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(
        self,
        name: str = "run",
        outcomes: Mapping[tuple[str, str], Outcome] | None = None,
        *,
        without: Iterable[tuple[str, str]] = (),
        files: tuple[str, ...] | None = None,
        ends: bool = True,
        keys: Mapping[str, object] | None = None,
        to: str = "1.1",
    ) -> Path:
        """A saved gate whose verdicts passed, but for these; `keys` are the cache's, once the release is deployed."""
        directory = self.root / "runs" / name
        history = History(directory / EVENTS, self.clock)
        found = inputs(self.stack(), ("1.0", "1.1")) if files is None else files
        history.record(RunStart(run=name, stack="shop", from_="1.0", to=to, files=found))
        for phase, there in (("baseline", KEYS), ("deployed", KEYS if keys is None else keys)):
            state = {"cache-1": {"keys": StatePart(there), "image": StatePart({"image": "sha256:" + "ab" * 32})}}
            history.record(Fingerprint(state, name=phase).body(), phase=phase)
        given = outcomes or {}
        verdicts = []
        for phase, check in (pair for pair in (*NEEDED, *given) if pair not in set(without)):
            outcome = given.get((phase, check), Outcome.PASS)
            verdicts.append(Verdict(check, outcome, f"{check} of {phase} says {outcome}"))
            history.record(raw("verdict", phase=phase, **fields(verdicts[-1])))
            self.clock.advance(0.1)
        worst = next((one for one in (Outcome.FAIL, Outcome.UNKNOWN) if one in given.values()), Outcome.PASS)
        if ends:
            history.end(RunEnd(worst, f"it is {worst}", worst.exit_code))
        history.close()
        return directory

    def make(self, *runs: Path, suites: Iterable[Path] = (), now: float = NOW, stack: Stack | None = None) -> Checklist:
        """The document, not written."""
        sources = Sources(stack or self.stack(), "1.0", "1.1", tuple(runs), tuple(suites))
        return make(sources, self.out, now)


def world(root: Path, checklist: str = CHECKLIST, edit: Callable[[str], str] = lambda text: text) -> World:
    """The stack, written into a directory."""
    found = World(root)
    found.write("compose.yaml", edit(COMPOSE.replace("CHECKLIST\n", checklist)))
    found.write("compose.1.1.yaml", "services: {}\n")
    found.write("web/Dockerfile", "FROM scratch\n")
    found.write("web/app.py", "print('hello')\n")
    found.write("web/migrations/0.9/000.sql", "CREATE TABLE first (b bigint);\n")
    return found


def by_key(checklist: Checklist) -> dict[str, Item]:
    return {item.key: item for item in checklist.items}
