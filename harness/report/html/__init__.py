"""One self-contained HTML file for a run: the verdict and its reasons, the timeline, the logs around each failure.

No script, no font, no picture from elsewhere: it opens from a mail or an archive, also years later.
"""

from __future__ import annotations

from harness.report.html.page import render, save

__all__ = ["render", "save"]
