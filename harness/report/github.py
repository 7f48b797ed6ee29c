"""Lines that GitHub Actions shows beside a job: `::error`, `::warning` and `::notice`."""

from __future__ import annotations

import os
from collections.abc import Mapping

from harness.printable import clean
from harness.report.model import Judged, Report
from harness.verdict import Outcome

MAX_ANNOTATIONS = 10  # of a kind that GitHub shows for a step; the rest is dropped there without a word
KINDS = {Outcome.FAIL: "error", Outcome.UNKNOWN: "warning"}


def lines(report: Report, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The lines for a run; none outside GitHub Actions. The last line of a kind counts what is beyond the limit."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return []
    file = _file(report, environ)
    made = [_line("notice", "diagnosis", one.sentence, file) for one in report.diagnosed.found[:1]]
    for outcome, kind in KINDS.items():
        found = [one for one in report.judged if one.verdict.outcome is outcome]
        shown = found if len(found) <= MAX_ANNOTATIONS else found[: MAX_ANNOTATIONS - 1]
        made += [_line(kind, f"{one.verdict.check} ({one.phase})", _text(one), file) for one in shown]
        if len(found) > len(shown):
            made.append(_line(kind, report.title, f"and {len(found) - len(shown)} more; see report.html", file))
    made += [
        _line("error", "the run broke", error.splitlines()[0], file)
        for error in report.errors[:MAX_ANNOTATIONS]
        if error
    ]
    if report.run.outcome is Outcome.PASS and not made:
        made.append(_line("notice", report.title, f"pass: {report.run.reason}", file))
    return made


def _text(one: Judged) -> str:
    verdict = one.verdict
    look = f". Look at {verdict.look}" if verdict.look else ""
    return f"{verdict.outcome}: {verdict.reason}{look}" + "".join(f"\n{line}" for line in one.where)


def _file(report: Report, environ: Mapping[str, str]) -> str:
    """The Compose file, where it lies in the checkout: GitHub shows the line beside it."""
    path, root = report.info.file, environ.get("GITHUB_WORKSPACE") or ""
    return path.removeprefix(f"{root}/") if root and path.startswith(f"{root}/") else ""


def _line(kind: str, title: str, text: str, file: str) -> str:
    place = f"file={_property(file)},line=1," if file else ""
    return f"::{kind} {place}title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
