"""The kind of a record: what is left of its text without what changes from one to the next."""

from __future__ import annotations

import re

LONGEST = 200  # characters of a kind
ANYTHING = "*"
_EDGE = r"\s\"'=:,;(){}\[\]|<>/@#&?!"
_VARIABLE = re.compile(rf"[^{_EDGE}]*\d[^{_EDGE}]*|\b[0-9a-fA-F]{{12,}}\b")
_RUN = re.compile(r"\*(?:[\s:.,T/-]*\*)+")
_ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def kind_of(text: str) -> str:
    """The text with a star for every word that has a digit in it, as times, numbers, keys and addresses have.

    What is quoted stays: which column is missing, say, makes two kinds.
    """
    plain = _ESCAPE.sub("", text[: 4 * LONGEST])
    masked = _RUN.sub(ANYTHING, _VARIABLE.sub(ANYTHING, plain))
    return " ".join(masked.split())[:LONGEST]
