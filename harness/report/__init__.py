"""Reports: what a history says, for people and for pipelines. Each can be made again from a saved `events.jsonl`."""

from __future__ import annotations

from pathlib import Path

from harness.report import allure, html, junit, markdown, postmortem
from harness.report.model import Judged, Report, Step
from harness.samples import Samples

__all__ = ["Judged", "Report", "Step", "write_reports"]

JUNIT, MARKDOWN, ALLURE = "junit.xml", "summary.md", "allure-results"
ALLURE_CONFIG = "allurerc.json"
HTML, POSTMORTEM = "report.html", "postmortem.md"


def write_reports(report: Report, directory: Path, samples: Samples | None = None) -> list[str]:
    """Write the HTML page, JUnit XML, the Markdown summary and the Allure results of a run, and add to
    `GITHUB_STEP_SUMMARY` where that is set. Returns what was written, relative to `directory`.
    """
    html.save(report, samples or Samples(), directory / HTML)
    junit.save(report, directory / JUNIT)
    markdown.save(report, directory / MARKDOWN)
    markdown.append_step_summary(report)
    allure.save(report, directory / ALLURE, attachments=[directory / "events.jsonl", directory / HTML])
    allure.configure(report, directory / ALLURE_CONFIG)
    written = [HTML, JUNIT, MARKDOWN, f"{ALLURE}/"]
    if postmortem.wanted(report):
        postmortem.save(report, directory / POSTMORTEM)
        written.insert(1, POSTMORTEM)
    return written
