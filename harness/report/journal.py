"""The journal of the Chaos Toolkit: what `chaos run` would have written of this run, for the tools that read that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.chaostoolkit.exported import step as step_activity
from harness.errors import INTERRUPTED
from harness.events import ActivityEnd, ExperimentStart, PlanShown, PlanStepEnd, PlanStepStart, RunError, VerdictGiven
from harness.history import Event, of
from harness.report._files import write
from harness.report.model import Report
from harness.samples import Samples
from harness.verdict import Outcome

FILE, ORDER = "journal.json", 60
OF_AN_EXPERIMENT = ("experiment", "hypothesis", "activity", "join")  # steps that are told by their activities
HYPOTHESIS = ("before", "after")
SIGNALLED = 128  # an exit code above it names a signal


def make(report: Report, directory: Path, samples: Samples) -> list[str]:  # noqa: ARG001
    """Write the document."""
    write(directory / FILE, json.dumps(render(report), indent=2, ensure_ascii=False, default=str) + "\n")
    return [FILE]


def render(report: Report) -> dict[str, Any]:
    """The document. Only a run that passed is `completed` and has not deviated."""
    begun = of(report.events, ExperimentStart)
    runs = {part: [_run(event) for event in _activities(report, part)] for part in (*HYPOTHESIS, "method", "rollbacks")}
    final = {number for number, _ in _plan_steps(report.events, "finally")}
    for event in of(report.events, PlanStepStart):
        if event.body.name not in OF_AN_EXPERIMENT:
            part = "rollbacks" if event.body.number in final else "method"
            runs[part].append(_step(report.events, event))
    during, rollbacks = (sorted(runs[one], key=lambda one: str(one["start"])) for one in ("method", "rollbacks"))
    after = _state(runs["after"]) if runs["after"] else None if begun else _verdicts(report)
    return {
        "chaoslib-version": begun[-1].body.library if begun else "",
        "rollback-harness-version": report.info.harness,
        "platform": str(report.info.machine.get("system") or report.info.engine),
        "node": "",  # a history does not name the machine
        "experiment": _experiment(report, [one["activity"] for one in during]),
        "start": _time(report.start),
        "status": _status(report),
        "deviated": report.run.outcome is Outcome.FAIL,
        "steady_states": {"before": _state(runs["before"]) if runs["before"] else None, "after": after, "during": []},
        "run": during,
        "rollbacks": rollbacks,
        "end": _time(report.start + report.seconds),
        "duration": report.seconds,
        "verdict": {"outcome": str(report.run.outcome), "reason": report.run.reason},
    }


def _status(report: Report) -> str:
    codes = [event.body.exit_code or 0 for event in of(report.events, RunError)]
    if any(code == INTERRUPTED or code > SIGNALLED for code in codes):
        return "interrupted"
    if report.errors or not report.ended:
        return "aborted"
    return "failed" if report.run.outcome is Outcome.UNKNOWN else "completed"


def _experiment(report: Report, method: list[Any]) -> dict[str, Any]:
    """The experiment that was run: the imported one, or what the plan amounts to."""
    begun, steps = of(report.events, ExperimentStart), [step for _, step in _plan_steps(report.events)]
    about = dict(begun[-1].body.experiment) if begun else {"title": report.title}
    made = {"version": "1.0.0", **about}
    made["description"] = about.get("description") or f"{report.what}, by rollback-harness"
    for step in steps:
        if step.get("step") == "experiment":
            made |= {key: step[key] for key in ("configuration", "secrets", "controls") if key in step}
        if step.get("step") == "hypothesis":
            kept = {key: step[key] for key in ("title", "probes", "controls") if key in step}
            made["steady-state-hypothesis"] = kept
    undone = [step for step in steps if step.get("part") == "rollbacks" and "activity" in step]
    if when := next((step["when"] for step in undone if "when" in step), "always" if undone else None):
        made["runtime"] = {"rollbacks": {"strategy": when}}
    return {**made, "method": method, "rollbacks": [step["activity"] for step in undone]}


def _plan_steps(events: Iterable[Event], *parts: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The steps of the plan, or of parts of it, with their numbers."""
    for event in of(events, PlanShown):
        number = 0
        for part in ("steps", "finally"):
            found = event.body.plan.get(part)
            for one in found if isinstance(found, list) else ():
                number += 1
                if isinstance(one, Mapping) and part in (parts or (part,)):
                    yield number, one


def _activities(report: Report, part: str) -> list[Event[ActivityEnd]]:
    return [event for event in of(report.events, ActivityEnd) if event.body.part == part]


def _run(event: Event[ActivityEnd]) -> dict[str, Any]:
    """An activity, as the toolkit records one; of a probe of the hypothesis, whether its tolerance was met."""
    one = event.body
    began = one.began if one.began is not None else event.time
    made = {
        "activity": dict(one.activity),
        "output": one.output,
        "start": _time(began),
        "status": one.status,
        "end": _time(began + (one.seconds or 0.0)),
        "duration": one.seconds or 0.0,
    }
    if one.error:
        made["exception"] = [one.error]
    return {**made, "tolerance_met": one.within is True} if one.part in HYPOTHESIS else made


def _state(probes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"steady_state_met": all(one["tolerance_met"] for one in probes), "probes": probes}


def _step(events: Iterable[Event], start: Event[PlanStepStart]) -> dict[str, Any]:
    """A step of a plan, as the activity that waits for it."""
    number = start.body.number or 0
    ends = [one for one in of(events, PlanStepEnd) if one.id > start.id and one.body.number == start.body.number]
    end = ends[0] if ends else None
    last = end.id if end is not None else None
    given = [
        one for one in of(events, VerdictGiven) if one.id > start.id and (last is None or one.id < last)
    ]  # fmt: skip
    verdicts = [
        {"check": one.body.check, "phase": one.phase, "outcome": one.body.outcome, "reason": one.body.reason}
        for one in given
        if one.plan_step == start.body.number
    ]
    seconds = end.since_start - start.since_start if end is not None else 0.0
    made = {
        "activity": step_activity(number, start.body.title),
        "output": {"step": number, "title": start.body.title, "verdicts": verdicts},
        "start": _time(start.time),
        "status": "succeeded" if end is not None and end.body.done else "failed",
        "end": _time(start.time + seconds),
        "duration": seconds,
    }
    return made if end is not None else {**made, "exception": ["the run ended before the step did"]}


def _verdicts(report: Report) -> dict[str, Any] | None:
    """What the checks said, as the state after the method; None where nothing was judged."""
    probes = []
    for one in report.judged:
        passed, known = one.verdict.outcome is Outcome.PASS, one.verdict.outcome is not Outcome.UNKNOWN
        provider = {"type": "process", "path": "harness", "arguments": ["judge", report.info.run]}
        activity = {"type": "probe", "name": f"{one.verdict.check} ({one.phase})", "tolerance": "pass"}
        probes.append(
            {
                "activity": {**activity, "provider": provider},
                "output": str(one.verdict.outcome),
                "start": _time(one.time),
                "status": "succeeded" if known else "failed",
                "end": _time(one.time),
                "duration": 0.0,
                **({} if passed else {"exception": [one.verdict.reason]}),
                "tolerance_met": passed,
            }
        )
    return _state(probes) if probes else None


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
