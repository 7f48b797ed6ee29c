"""One self-contained HTML file for a run: the verdict and its reasons, the timeline, the logs around each failure.

No script, no font, no picture from elsewhere: it opens from a mail or an archive, also years later.
"""

from __future__ import annotations

from pathlib import Path

from harness.report.html.page import render, save
from harness.report.model import Report
from harness.samples import Samples

__all__ = ["FILE", "make", "render", "save"]

FILE, ORDER = "report.html", 10


def make(report: Report, directory: Path, samples: Samples) -> list[str]:
    """Write the page."""
    save(report, samples, directory / FILE)
    return [FILE]
