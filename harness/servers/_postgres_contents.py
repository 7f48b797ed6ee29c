"""The contents of all tables of a PostgreSQL, by table and column, small enough to be compared.

Each column is a sum of hashes that does not depend on the order of the rows; the primary key is part of each hash, so
that values which change places are seen. Rows with a key of the load in them are the load's own, and are left out.
Columns of states and of numbers have a profile beside that (`harness/fingerprint/profiles.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from importlib.resources import files
from typing import Any

from harness import redaction
from harness.fingerprint import StatePart, profiles
from harness.servers._sql import quoted, rows

MIB = 1024 * 1024
WHOLE = 4 * MIB  # bytes of a table that is read whole
TOGETHER = 16 * MIB  # bytes of all that are, the smallest first
MOST = 300  # tables that are read
FIRST = 2000  # rows of a larger one, by its primary key
OF_NUMBERS, OF_TIMES = {"low", "high", "magnitudes", "sum"}, {"ages", "ahead"}  # of a profile that counts no words
UNSEEN = ("large objects, other databases",)


def statements(known: Collection[str], whole: Collection[str], own: Collection[str]) -> str:
    """What asks for the contents.

    Args:
        known: names of tables of migration tools, which are looked at otherwise.
        whole: tables that are declared with all their columns, likewise.
        own: what the keys of the load begin with.
    """
    pattern = "|".join(f"{re.escape(one)}-" for one in sorted(own))
    text = files("harness.servers").joinpath("postgres_contents.sql").read_text(encoding="utf-8")
    return text.format(
        known=", ".join(map(quoted, known)),
        whole=", ".join(map(quoted, whole)),
        own=quoted(pattern),
        most=MOST,
        each=WHOLE,
        together=TOGETHER,
        first=FIRST,
        words=profiles.WORDS,
    )


def read(text: str | None, words: str) -> StatePart:
    """The part `contents`; an error of these words where a table is missing in the answer."""
    answers = list(_rows(text or ""))
    every = [row for row in answers if "profile" not in row]
    if not every or every[0].get("tables") != len(every) - 1:
        return StatePart(None, words)
    items: dict[str, Any] = {}
    first, left = [], []
    for row in every[1:]:
        name = str(row["table"])
        if "left" in row:
            left.append(f"{name} ({row['left']})")
            continue
        if row["how"] == "first":
            first.append(name)
            name = f"{name} (first {FIRST} rows)"
        else:
            items[name] = rows(row["rows"])
        items |= {f"{name}/{column}": one for column, one in zip(row["columns"], row["hashes"], strict=True)}
    for row in answers:
        if "profile" in row:
            items |= _profiles(row)
    notes = (
        [f"of {_named(first)}, which are large, the first {FIRST} rows by primary key were looked at"] if first else []
    )
    notes += [f"the rows of {_named(left)} were not looked at"] if left else []
    return StatePart(items, note="; ".join(notes) or None, unseen=UNSEEN)


def _profiles(row: dict[str, Any]) -> dict[str, Any]:
    """The profile of each column that has few different words, or numbers, or times."""
    table, number = str(row["profile"]), int(row["rows"])
    table = f"{table} (first {FIRST} rows)" if row["how"] == "first" else table
    found: dict[str, Any] = {}
    for column, said in (row["columns"] or {}).items() if number >= profiles.ROWS else ():
        if said and set(said) in (OF_NUMBERS, OF_TIMES):
            found[f"{table}/{column}{profiles.SUFFIX}"] = {"rows": number, **said}
        elif said and len(said) <= min(profiles.WORDS, number // profiles.SHARE):
            words = {redaction.setting(column, word): count for word, count in said.items()}
            found[f"{table}/{column}{profiles.SUFFIX}"] = {"rows": number, "words": words}
    return found


def _rows(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _named(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
