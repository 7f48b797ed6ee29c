"""Allure 2 results: one test for each phase, with its steps, its verdicts and its attachments."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from allure_commons.model2 import Attachment, Label, Status, StatusDetails, TestResult, TestStepResult

from harness.events import DeployerEnd, DeployerLine, DeployerStart
from harness.history import EVENTS, Event
from harness.report import html
from harness.report._files import AllureFiles, write
from harness.report.model import Judged, Report
from harness.report.timed import Step
from harness.samples import Samples
from harness.verdict import Outcome

FOLDER, CONFIG, ORDER = "allure-results", "allurerc.json", 90
HISTORY = "allure-history.jsonl"
RUN = "run"  # the test that holds what belongs to no phase
STATUS = {Outcome.PASS: Status.PASSED, Outcome.FAIL: Status.FAILED, Outcome.UNKNOWN: Status.BROKEN}
BROKE = "the run broke: "  # what the message of a run begins with that the harness or its machine ended
CATEGORIES: list[dict[str, Any]] = [  # in words that Allure 2 (Java) and 3 (JavaScript) both take
    {"name": "The release failed", "matchedStatuses": ["failed"]},
    {
        "name": "It could not be measured (unknown)",
        "matchedStatuses": ["broken", "unknown"],
        "messageRegex": rf"^(?!{BROKE})[\s\S]*",
    },
    {
        "name": "The harness or its machine failed",
        "matchedStatuses": ["broken"],
        "messageRegex": rf"^{BROKE}[\s\S]*",
    },
]


def make(report: Report, directory: Path, samples: Samples) -> list[str]:  # noqa: ARG001
    """Write the results, with the history and the page attached, and the configuration beside them."""
    save(report, directory / FOLDER, attachments=[directory / EVENTS, directory / html.FILE])
    configure(report, directory / CONFIG)
    return [f"{FOLDER}/"]


def save(report: Report, folder: Path, *, attachments: Iterable[Path] = ()) -> int:
    """Write the results; each file appears whole.

    Args:
        report: the run.
        folder: the results' directory; what other tests have written there stays.
        attachments: files to attach to the run, such as its `events.jsonl`; one that is not there is left out.

    Returns:
        How many tests were written.
    """
    files = AllureFiles(folder)
    phases = [*dict.fromkeys(step.phase for step in report.steps if step.phase), *report.phases]
    tests = [RUN, *(phase for phase in dict.fromkeys(phases) if phase != RUN)]
    for phase in tests:
        files.result(_test(files, report, phase, attachments if phase == RUN else ()))
    write(folder / "categories.json", json.dumps(CATEGORIES, indent=2) + "\n")
    write(folder / "environment.properties", _environment(report))
    return len(tests)


def configure(report: Report, path: Path) -> Path:
    """Write what `allure generate -c` of Allure 3 takes: it does not read the categories beside the results. Reports of
    runs that lie beside each other share a history.
    """
    found = {"name": _text(report.title), "historyPath": str(path.parent.parent / HISTORY), "categories": CATEGORIES}
    return write(path, json.dumps(found, indent=2) + "\n")


def _test(files: AllureFiles, report: Report, phase: str, attachments: Iterable[Path]) -> TestResult:
    of_phase = "" if phase == RUN else phase
    judged = [one for one in report.judged if one.phase == phase]
    steps = [step for step in report.steps if step.phase == of_phase]
    events = [event for event in report.events if (event.phase or "") == of_phase]
    title = _text(report.title)
    result = TestResult(
        uuid=str(uuid4()),
        name=_text(phase),
        fullName=f"{title}: {_text(phase)}",
        historyId=hashlib.sha256(f"{title}\0{phase}".encode(errors="replace")).hexdigest()[:32],
        stage="finished",
        start=_milliseconds(events[0].time if events else report.start),
        stop=_milliseconds(events[-1].time if events else report.start + report.seconds),
        steps=[*_tree(steps), *(_verdict(one) for one in judged)],
        labels=[
            Label("parentSuite", "rollback-harness"), Label("suite", title), Label("framework", "rollback-harness"),
            Label("host", socket.gethostname()),
        ],
        titlePath=["rollback-harness", title],
    )  # fmt: skip
    result.status, result.statusDetails = _status(report, phase, judged)
    for path in attachments:
        if path.is_file():
            name = f"{uuid4()}-attachment{path.suffix}"
            files.attached_file(path, name)
            result.attachments.append(Attachment(name=path.name, source=name, type=_type(path)))
    for verb, text in _outputs(report.events, of_phase):
        name = f"{uuid4()}-attachment.txt"
        files.attached_data(_text(text), name)
        result.attachments.append(Attachment(name=f"deployer: {_text(verb)}", source=name, type="text/plain"))
    return result


def _status(report: Report, phase: str, judged: list[Judged]) -> tuple[str, StatusDetails | None]:
    """The worst verdict of the phase; of the run itself, that of the whole."""
    if phase == RUN:
        whole = report.run
        outcome = whole.outcome if report.ended and not report.errors else Outcome.UNKNOWN
        trace = "\n\n".join(report.errors) or "\n".join([*report.diagnosis, whole.look])
        said = f"{BROKE if report.errors else ''}{whole.reason}"
        details = StatusDetails(message=_text(said), trace=_text(trace) or None)
        return STATUS[outcome], None if outcome is Outcome.PASS else details
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        found = [one for one in judged if one.verdict.outcome is outcome]
        bad = [one.verdict for one in found]
        if bad:
            steps = dict.fromkeys(line for one in found for line in one.where)
            looks = [f"{verdict.check}: look at {verdict.look}" for verdict in bad if verdict.look]
            message = "\n".join(f"{verdict.check}: {verdict.reason}" for verdict in bad)
            return STATUS[outcome], StatusDetails(
                message=_text(message), trace=_text("\n".join([*steps, *looks])) or None
            )
    if judged or all(step.ok for step in report.steps if step.phase == phase):
        return Status.PASSED, None
    return Status.BROKEN, StatusDetails(message="a step of this phase did not end well")


def _tree(steps: list[Step]) -> list[TestStepResult]:
    """The steps as they were nested."""
    roots: list[TestStepResult] = []
    path: list[tuple[int, TestStepResult]] = []
    for step in steps:
        made = TestStepResult(
            name=_text(step.title),
            status=Status.BROKEN if step.ok is None else Status.PASSED if step.ok else Status.FAILED,
            statusDetails=StatusDetails(message=_text(step.error)) if step.error else None,
            stage="finished",
            start=_milliseconds(step.time),
            stop=_milliseconds(step.time + (step.seconds or 0.0)),
        )
        while path and path[-1][0] >= step.depth:
            path.pop()
        (path[-1][1].steps if path else roots).append(made)
        path.append((step.depth, made))
    return roots


def _verdict(one: Judged) -> TestStepResult:
    verdict = one.verdict
    return TestStepResult(
        name=_text(f"{verdict.check}: {verdict.reason}"),
        status=STATUS[verdict.outcome],
        statusDetails=StatusDetails(message=_text(f"look at {verdict.look}")) if verdict.look else None,
        stage="finished",
        start=_milliseconds(one.time),
        stop=_milliseconds(one.time),
    )


def _outputs(events: Iterable[Event], phase: str) -> list[tuple[str, str]]:
    """The verb and the output of each run of the deployer that began in this phase."""
    runs: dict[int | None, tuple[str, list[str]]] = {}
    for event in events:
        body = event.body
        if isinstance(body, DeployerStart) and (event.phase or "") == phase:
            runs[event.id] = (body.verb, [f"$ {' '.join(body.command)}"])
        elif isinstance(body, DeployerLine) and body.start in runs:
            mark = "! " if body.stream == "err" else "  "
            runs[body.start][1].append(f"{event.since_start:8.1f}s {mark}{body.text}")
        elif isinstance(body, DeployerEnd) and body.start in runs:
            runs[body.start][1].append(f"[{body.ended}, exit code {body.exit_code}]")
    return [(verb, "\n".join(lines) + "\n") for verb, lines in runs.values()]


def _environment(report: Report) -> str:
    info = report.info
    found = {"harness": info.harness, "stack": info.stack, "from": info.from_, "to": info.to, "engine": info.engine}
    found |= {f"machine.{key}": value for key, value in info.machine.items()}
    return "".join(f"{_property(key)}={_property(value)}\n" for key, value in found.items() if value not in (None, ""))


def _property(value: object) -> str:
    """Text as a Java properties file holds it."""
    text = " ".join(_text(value).split())
    for char in "\\=:#!":
        text = text.replace(char, "\\" + char)
    return text.replace(" ", "\\ ") if text.startswith(" ") else text


def _type(path: Path) -> str:
    return {".json": "application/json", ".jsonl": "application/x-ndjson"}.get(path.suffix, "text/plain")


def _text(value: object) -> str:
    """Text that can be written as UTF-8, without control characters other than newlines and tabs."""
    kept = "".join(char if char in "\n\t" or ord(char) >= 32 else " " for char in str(value or ""))
    return kept.encode(errors="backslashreplace").decode()


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
