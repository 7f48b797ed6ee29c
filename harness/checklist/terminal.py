"""The document on a terminal, 80 columns wide, and what `verify` found of it, as wide as the terminal is."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

from harness.checklist import words
from harness.checklist.document import Checklist, State
from harness.checklist.findings import Verified
from harness.printable import clean, excerpt
from harness.verdict import Outcome

COLOURS = {State.TICKED: "green", State.OPEN: "red", State.FAILED: "red", State.UNKNOWN: "yellow", State.LEFT_OUT: None}
MARKS = {State.TICKED: "[x]", State.OPEN: "[ ]", State.FAILED: "[!]", State.UNKNOWN: "[?]", State.LEFT_OUT: " - "}
SIGNS = {Outcome.PASS: "ok", Outcome.FAIL: "NOT", Outcome.UNKNOWN: "?"}
SIGN_COLOURS = {Outcome.PASS: None, Outcome.FAIL: "red", Outcome.UNKNOWN: "yellow"}
WIDTH = 80


def lines(checklist: Checklist) -> Iterator[tuple[str, str | None]]:
    """Every line with its colour."""
    yield f"{clean(checklist.title)}: {words.standing(checklist)}", None
    for source, title in words.SOURCES:
        found = words.rows(checklist, source)
        if found:
            yield "", None
            yield title, None
        for row in found:
            state = row.item.state
            yield from ((line, COLOURS[state]) for line in _wrapped(f"{MARKS[state]} {clean(row.item.title)}", "    "))
            said = f"{row.item.key}: {'' if state is State.TICKED else f'{row.state}: '}{excerpt(clean(row.why), 220)}"
            if row.item.who and state is State.OPEN:
                said += f" (for {clean(row.item.who)})"
            yield from ((line, None) for line in _wrapped(said, "    ", first="    "))
    yield "", None
    for name, said in (
        *words.rests_on(checklist),
        *((f"signed by {by}", what) for by, what in words.signed(checklist)),
    ):
        yield from ((line, None) for line in _wrapped(f"{clean(name)}: {clean(said)}", "    "))


def verified(checklist: Checklist, found: Verified) -> Iterator[tuple[str, str | None]]:
    """What was found, a sentence each, with its colour."""
    width = max(40, shutil.get_terminal_size((WIDTH, 24)).columns)
    yield f"{clean(checklist.title)}: made {words.when(checklist.made)}", None
    for one in found.findings:
        text = f"{SIGNS[one.outcome]:<4}{one.about}: {clean(one.text)}"
        yield from ((line, SIGN_COLOURS[one.outcome]) for line in _wrapped(text, "      ", "  ", width))


def _wrapped(text: str, indent: str, first: str = "", width: int = WIDTH) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=True
    )
