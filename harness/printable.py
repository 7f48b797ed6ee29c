"""Text of others, made harmless for a terminal and for a CI's log: what a replica, a deployer or a file says must steer
neither of them.

A CI reads commands out of what a job prints: they set variables, mask or fold lines, fail the job. They are neutralised
wherever the harness runs: a log is also read later, by another one. docs/reports.md has the table.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\].*?(\x07|\x1b\\)|[@-Z\\^_])")  # colours, titles, cursor movements
_COMMANDS: tuple[tuple[re.Pattern[str], str], ...] = (
    # GitHub Actions (ActionCommand.cs of its runner), Azure Pipelines (Command.cs of its agent) and TeamCity find these
    # anywhere in a line.
    (re.compile(r"##(?=(?:vso|teamcity)?\[)", re.IGNORECASE), "## "),
    (re.compile(r"^(\s*):(?=:)"), r"\1: "),  # GitHub Actions, at the beginning of a line
    (re.compile(r"\bsection_(start|end):(?=\d)", re.IGNORECASE), r"section_\1: "),  # GitLab
    (re.compile(r"\btravis_(fold|time):(?=\w)", re.IGNORECASE), r"travis_\1: "),  # Travis
    (re.compile(r"^(?=(?:---|\+\+\+|~~~|\^\^\^)(?: |$))"), " "),  # Buildkite, at the beginning of a line
)
MAX_CHARACTERS = 200  # characters that `shortened` keeps
_MARKS = ("##", "::", "section_", "travis_", "---", "+++", "~~~", "^^^")


def clean(text: object) -> str:
    """One line: without what steers a terminal, and without what a CI would take for a command."""
    said = "".join(char if char.isprintable() else " " for char in _ESCAPE.sub("", str(text))).rstrip()
    low = said.lower()
    if any(mark in low for mark in _MARKS):
        for pattern, harmless in _COMMANDS:
            said = pattern.sub(harmless, said)
    return said


def clean_lines(text: object) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(clean(line) for line in re.split(r"\r?\n", str(text)))


def excerpt(text: str, most: int = MAX_CHARACTERS) -> str:
    """One line of at most so many characters; of a longer text both ends: an exception's last line says what it was."""
    line = " ".join(text.split())
    head = most // 3
    return line if len(line) <= most else f"{line[:head]} ... {line[len(line) - (most - head - 5) :]}"


def shortened(text: str) -> str:
    """One line of at most `MAX_CHARACTERS` characters; what is cut off ends in `...`."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_CHARACTERS else line[: MAX_CHARACTERS - 3] + "..."
