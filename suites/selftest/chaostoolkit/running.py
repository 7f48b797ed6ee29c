"""Experiments that are imported and run over a trial that has no environment but an HTTP server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.chaostoolkit.experiment import load, of_place
from harness.chaostoolkit.place import Place
from harness.events import ActivityEnd
from harness.history import Event, History, of
from harness.plan.plan import Plan, of_text
from harness.plan.runner import run
from harness.plan.toolkit import imported
from harness.plan.trial import Trial
from harness.redaction import Redactor
from harness.verdict import Verdict
from suites.raw import raw
from suites.selftest.plan.made import tiny_stack, trial

EXPERIMENTS = Path(__file__).parent / "experiments"
EXTENSION = "suites.selftest.chaostoolkit.extension"


def plan_of(name: str, **given: Any) -> Plan:
    """The plan of an experiment of these tests, as its file has it."""
    made = imported(load(EXPERIMENTS / name), tiny_stack(), **given)
    return of_text(made.to_yaml(), name)


def plan_of_data(data: Mapping[str, Any], **given: Any) -> Plan:
    """The plan of an experiment that is given."""
    made = imported(of_place(Place({"title": "t", "description": "d", "method": [], **data})), tiny_stack(), **given)
    return of_text(made.to_yaml(), "p")


def python(name: str, func: str, **more: Any) -> dict[str, Any]:
    """An activity that calls a function of the tests' extension."""
    arguments = more.pop("arguments", {})
    provider = {"type": "python", "module": EXTENSION, "func": func, "arguments": arguments}
    return {"type": more.pop("type", "action"), "name": name, "provider": provider, **more}


def process(name: str, *words: str, **more: Any) -> dict[str, Any]:
    """An activity that runs a program."""
    provider = {"type": "process", "path": words[0], "arguments": list(words[1:])}
    return {"type": more.pop("type", "action"), "name": name, "provider": provider, **more}


def ran(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, *, port: int = 9, path: Path | None = None
) -> tuple[Trial, Verdict]:
    """Run it; faults and load are only noted."""
    made = trial(history=History(path, redactor=Redactor()) if path is not None else None)
    note = made.history.record

    @contextmanager
    def fault(data: Mapping[str, Any], phase: str, *, judged: bool = True) -> Iterator[None]:
        note(raw("note", text=f"{data['fault']} on"))
        try:
            yield
        finally:
            note(raw("note", text=f"{data['fault']} off"))

    monkeypatch.setattr(made, "fault", fault)
    monkeypatch.setattr(made, "watch", lambda _, seconds: note(raw("note", text=f"held {seconds:g} s")))
    monkeypatch.setattr(made.workload, "start", lambda: None)
    monkeypatch.setattr(made.environment, "address", lambda _=None: ("127.0.0.1", port))
    with made.history.scope(environment=made.environment.id):
        return made, run(plan, made)


def ended(made: Trial) -> tuple[Event[ActivityEnd], ...]:
    """What came of the activities."""
    return of(made.history.events, ActivityEnd)


def hypothesis(*probes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"steady-state-hypothesis": {"title": "h", "probes": [{**one, "type": "probe"} for one in probes]}, **more}
