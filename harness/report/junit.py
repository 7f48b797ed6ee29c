"""JUnit XML for pipelines: one test case a verdict, grouped by phase; fail is a failure, unknown an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as Xml

from harness.report._files import write
from harness.report.model import Judged, Report, events_named
from harness.report.reproduce import commands
from harness.samples import Samples
from harness.verdict import Outcome, Verdict

FILE, ORDER = "junit.xml", 30
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def make(report: Report, directory: Path, samples: Samples) -> list[str]:  # noqa: ARG001
    """Write the document."""
    save(report, directory / FILE)
    return [FILE]


def legal(text: object) -> str:
    """The text without what XML 1.0 cannot hold; each such character becomes its escape."""
    return _ILLEGAL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text))


def render(report: Report) -> str:
    """The document. A run that did not end, or has no verdicts, gets a case of its own that says so."""
    name = legal(report.title)
    root = Xml.Element("testsuites", name=name)
    stamp = datetime.fromtimestamp(report.start, UTC).isoformat(timespec="seconds")
    for phase in report.phases:
        suite = Xml.SubElement(root, "testsuite", name=legal(phase), timestamp=stamp)
        if len(root) == 1:
            _first(suite, report)
        for one in report.judged:
            if one.phase == phase:
                _case(suite, name, one, report)
        _count(suite)
    if not report.judged or not report.ended or report.errors:
        suite = Xml.SubElement(root, "testsuite", name="run", timestamp=stamp)
        if len(root) == 1:
            _first(suite, report)
        case = Xml.SubElement(suite, "testcase", classname=f"{name}.run", name="run", time="0.000")
        text = "\n\n".join(report.errors) or report.run.reason
        _result(case, Verdict("run", _of_run(report), report.run.reason, (), report.run.look), text)
        _count(suite)
    _count(root)
    root.set("time", f"{report.seconds:.3f}")
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def save(report: Report, path: Path) -> Path:
    """Write the document."""
    return write(path, render(report))


def _of_run(report: Report) -> Outcome:
    """A run that broke is at best unknown."""
    return Outcome.FAIL if report.run.outcome is Outcome.FAIL and report.ended else Outcome.UNKNOWN


def _first(suite: Xml.Element, report: Report) -> None:
    """What comes first, as properties of the first suite: the verdict, why, the command that does it again, and the
    diagnoses. They are no results: what failed are the checks.
    """
    properties = Xml.SubElement(suite, "properties")
    whole = {"verdict": str(report.run.outcome), "reason": report.run.reason, **dict(commands(report))}
    for name, value in whole.items():
        if value:
            Xml.SubElement(properties, "property", name=name, value=legal(value))
    for plan in report.left_out:
        Xml.SubElement(properties, "property", name="left out, no time", value=legal(plan))
    for number, line in enumerate(report.diagnosis):
        Xml.SubElement(properties, "property", name=f"diagnosis{f'-{number + 1}' * bool(number)}", value=legal(line))
    for one in report.diagnosed.found:
        value = f"{events_named(one.evidence)}; look at {one.look}"
        Xml.SubElement(properties, "property", name=f"evidence of {one.name}", value=legal(value))


def _case(suite: Xml.Element, name: str, one: Judged, report: Report) -> None:
    case = Xml.SubElement(
        suite, "testcase", classname=f"{name}.{legal(one.phase)}", name=legal(one.verdict.check), time="0.000"
    )
    ids = ", ".join(str(number) for number in one.verdict.evidence)
    look = f"\nlook at: {one.verdict.look}" if one.verdict.look else ""
    where = "".join(f"\n{line}" for line in one.where)
    found = report.diagnosed.of(one.event) if one.verdict.outcome is Outcome.FAIL else None
    diagnosis = f"diagnosis: {found.sentence} ({found.kind})\n" if found is not None else ""
    text = f"{diagnosis}{one.verdict.reason}{where}{look}\nevidence: events {ids or 'none'}"
    _result(case, one.verdict, text)


def _result(case: Xml.Element, verdict: Verdict, text: str) -> None:
    if verdict.outcome is Outcome.PASS:
        Xml.SubElement(case, "system-out").text = legal(text)
        return
    tag, kind = ("failure", "fail") if verdict.outcome is Outcome.FAIL else ("error", "unknown")
    Xml.SubElement(case, tag, type=kind, message=legal(verdict.reason)).text = legal(text)


def _count(element: Xml.Element) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        element.set(attribute, str(len(list(element.iter(tag)))))
    element.set("skipped", "0")
