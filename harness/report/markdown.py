"""A summary in Markdown, for a pipeline's page (`GITHUB_STEP_SUMMARY`) or a ticket."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.printable import clean
from harness.report._files import write
from harness.report.cases import CaseRun, cells, runs
from harness.report.model import WORDS, Report
from harness.report.reproduce import commands
from harness.samples import Samples
from harness.verdict import Outcome

FILE, ORDER = "summary.md", 40
SIGNS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNKNOWN: "❔"}
STEPS = 60  # of the timeline
LARGEST = 900_000  # characters; GitHub takes 1 MiB for a step
_MARKUP = re.compile(r"[\\`*\[\]<|~&$@#]|(?<=\w)://|^[-+>]|^\d+(?=[.)])")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word it is no markup


def make(report: Report, directory: Path, samples: Samples) -> list[str]:  # noqa: ARG001
    """Write the document, and add it to the page of the pipeline where there is one."""
    save(report, directory / FILE)
    append_step_summary(report)
    return [FILE]


def plain(text: object) -> str:
    """Text that Markdown shows as it is, on one line; addresses do not become links."""
    found = _MARKUP.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), clean(text))
    return _UNDERSCORE.sub(r"\\_", found)


def code(text: object) -> str:
    """Text as code, also in a table."""
    return "`" + clean(text).replace("`", "'").replace("|", "\\|") + "`"


def render(report: Report, *, evidence: Sequence[str] = (), linked: bool = True) -> str:
    """The document: the verdict first.

    Args:
        linked: the page with the timelines is beside it, so that cases can lead there.
    """
    run = report.run
    parts = [f"## {SIGNS[run.outcome]} {run.outcome.upper()}: {plain(report.title)}", "", plain(run.reason), ""]
    parts += [f"**Diagnosis:** {plain(line)}." for line in report.diagnosis[:1]]
    parts += [f"- and: {plain(line)}" for line in report.diagnosis[1:]] + [""] * bool(report.diagnosis)
    for one in report.bad():
        verdict = one.verdict
        look = f" Look at {plain(verdict.look)}." if verdict.look else ""
        head = f"- **{plain(verdict.check)}** ({plain(one.phase)}) {WORDS[verdict.outcome].lower()}"
        parts.append(f"{head}: {plain(verdict.reason)}.{look}")
        parts += [f"  - {plain(line)}" for line in one.where]
    for what, line in commands(report):
        parts += ["", f"{what.capitalize()}: {code(line)}", ""]
    parts += _since(report)
    parts += [f"- tried again: {plain(line)}" for line in report.retried]
    parts += [f"- left out, no time: {plain(name)}" for name in report.left_out]
    parts += [f"- not checked: {plain(line)}" for line in report.not_checked]
    parts += [f"- not looked at: {plain(line)}" for line in report.not_looked_at]
    parts += _table(report, linked=linked) + _timeline(report)
    parts += ["", *(f"- {plain(line)}" for line in evidence)] if evidence else []
    text = "\n".join(parts) + "\n"
    return text if len(text) <= LARGEST else text[:LARGEST] + "\n\n... cut here; the rest is in the history\n"


def save(report: Report, path: Path, *, evidence: Sequence[str] = ()) -> Path:
    """Write the document."""
    return write(path, render(report, evidence=evidence))


def append_step_summary(
    report: Report, environ: Mapping[str, str] = os.environ, *, evidence: Sequence[str] = ()
) -> bool:
    """Append it to the file that `GITHUB_STEP_SUMMARY` names. Returns whether there is one."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return False
    with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(render(report, evidence=evidence, linked=False))
    return True


def _since(report: Report) -> list[str]:
    """What changed since an earlier run."""
    found = report.since
    if found is None:
        return []
    lines = [f"### Since {plain(found.run)}", "", plain(found.headline), ""]
    for title, changes in found.groups:
        lines += [f"**{title}**", "", *(f"- {plain(line)}" for line in changes), ""]
    return lines


def _table(report: Report, *, linked: bool) -> list[str]:
    """A line for each phase: what did not pass, by name, then what passed."""
    if not report.judged:
        return []
    cases = _cases(report, linked=linked) if report.cases else []
    if all(one.case for one in report.judged):
        return cases
    lines = ["", "| phase | checks |", "| --- | --- |"]
    for phase in report.phases:
        judged = [one.verdict for one in report.judged if one.phase == phase and not one.case]
        if not judged:
            continue
        marks = [
            f"{SIGNS[outcome]} {', '.join(plain(verdict.check) for verdict in found)}"
            for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)
            if (found := [verdict for verdict in judged if verdict.outcome is outcome])
        ]
        lines.append(f"| {plain(phase)} | {' '.join(marks)} |")
    return lines + cases


def _cases(report: Report, *, linked: bool) -> list[str]:
    """A line for each fault, a column for each moment, each cell with the numbers of its cases; then the cases."""
    moments, rows = report.crossed()
    every = runs(report)
    found = cells(every)
    lines = ["", "| fault | " + " | ".join(map(plain, moments)) + " |", "| --- |" + " :---: |" * len(moments)]
    for fault in rows:
        marks = (" ".join(_mark(one, linked) for one in found.get((fault, moment), ())) for moment in moments)
        lines.append(f"| {plain(fault)} | {' | '.join(marks)} |")
    lines += ["", *(f"- {plain(line)}" for line in report.weaknesses), ""]
    return lines + [f"- {_mark(one, linked)} {plain(one.name)}: {one.span}" for one in every]


def _mark(one: CaseRun, linked: bool) -> str:
    said = f"{SIGNS[one.outcome]} {one.number}"
    return f"[{said}]({one.link})" if linked else said


def _timeline(report: Report) -> list[str]:
    if not report.steps:
        return []
    lines = ["", f"<details><summary>Timeline, {report.seconds:.1f} s in all</summary>", ""]
    lines += ["| at | step | took |", "| ---: | --- | ---: |"]
    for step in report.steps[:STEPS]:
        took = f"{step.seconds:.1f} s" if step.seconds is not None else "did not end"
        bad = "" if step.ok else " **failed**" if step.ok is False else ""
        indent = "&nbsp;&nbsp;" * step.depth
        lines.append(f"| {step.start:.1f} s | {indent}{plain(step.title)}{bad} | {took} |")
    more = len(report.steps) - STEPS
    return [*lines, *([f"| | and {more} more | |"] if more > 0 else []), "", "</details>"]
