"""How the JSON files of a checklist are read: what is torn, foreign, newer or too large is said, and nothing
else of it is.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TypeVar

import msgspec

from harness import reading
from harness.errors import UsageError

LARGEST = 16 << 20  # bytes of a file
T = TypeVar("T", bound=msgspec.Struct)


def read(path: Path, what: str, model: type[T], form: str, version: int, hint: str) -> T:
    """Read a file.

    Args:
        what: what messages call it, e.g. `The checklist`.
        form, version: what its `format` has to be, and the newest `version` that is known.
        hint: how one is made.

    Raises:
        UsageError: it is not there, torn, foreign, newer or too large.
    """
    text = reading.text(path, what, most=LARGEST, hint=hint)
    try:
        raw = json.loads(text, parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise damaged(path, what, str(error), "a whole file of JSON", hint) from None
    if not isinstance(raw, dict) or raw.get("format") != form:
        got = f"format {raw.get('format')!r}"[:90] if isinstance(raw, dict) else f"a {type(raw).__name__}"
        expected = f'"format": "{form}"'
        raise UsageError(f"{what} is not one: the file is of another kind", where=str(path), got=got, expected=expected,
                         hint=hint)  # fmt: skip
    given = raw.get("version")
    if isinstance(given, int) and given > version:
        raise UsageError(
            f"{what} was written by a newer version of the harness", where=str(path), got=f"version {given}"[:60],
            expected=f"version {version}", hint="update rollback-harness and read it again",
        )  # fmt: skip
    try:
        if given != version or isinstance(given, bool):
            raise msgspec.ValidationError(f"a version that never was: {given!r}"[:60])
        json.dumps(raw, ensure_ascii=False).encode()  # half a character is none, and no digest could be taken of it
        return msgspec.convert(raw, model)
    except (ValueError, RecursionError, OverflowError) as error:  # msgspec.ValidationError, UnicodeError
        raise damaged(path, what, str(error), "what the harness writes", hint) from None


def damaged(path: Path, what: str, got: str, expected: str, hint: str) -> UsageError:
    """The error for a file that does not hold what it should."""
    return UsageError(f"{what} is damaged", where=str(path), got=got[:300], expected=expected, hint=hint)


def _number(word: str) -> float:
    found = float(word)
    if not math.isfinite(found):
        raise ValueError(f"{word[:40]} is no number of JSON")
    return found
