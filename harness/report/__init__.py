"""Reports: what a history says, for people and for pipelines. Each can be made again from a saved `events.jsonl`."""

from __future__ import annotations

from pathlib import Path

from harness.report import allure, junit, markdown
from harness.report.model import Judged, Report, Step

__all__ = ["Judged", "Report", "Step", "write_reports"]

JUNIT, MARKDOWN, ALLURE = "junit.xml", "summary.md", "allure-results"


def write_reports(report: Report, directory: Path) -> list[str]:
    """Write JUnit XML, the Markdown summary and the Allure results of a run, and add to `GITHUB_STEP_SUMMARY` where
    that is set. Returns what was written, relative to `directory`.
    """
    junit.save(report, directory / JUNIT)
    markdown.save(report, directory / MARKDOWN)
    markdown.append_step_summary(report)
    allure.save(report, directory / ALLURE, attachments=[directory / "events.jsonl"])
    return [JUNIT, MARKDOWN, f"{ALLURE}/"]
