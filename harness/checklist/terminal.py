"""The document on a terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.checklist import words
from harness.checklist.document import Checklist, State
from harness.printable import clean, excerpt

COLOURS = {State.TICKED: "green", State.OPEN: "red", State.FAILED: "red", State.UNKNOWN: "yellow", State.LEFT_OUT: None}
MARKS = {State.TICKED: "[x]", State.OPEN: "[ ]", State.FAILED: "[!]", State.UNKNOWN: "[?]", State.LEFT_OUT: " - "}
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


def _wrapped(text: str, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=True
    )
