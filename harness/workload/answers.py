"""Whether an answer is as it should be: what a path into its JSON leads to.

A path is names and numbers joined by dots: `plan.tier`, `jobs.0.id`. What must be there is a value that it equals, or
`{"matches": "a regular expression"}`, or `{"exists": true}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

NOTHING = object()


def at(document: Any, path: str) -> Any:
    """What a path leads to; NOTHING where it leads nowhere."""
    for name in path.split("."):
        if isinstance(document, Mapping) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return NOTHING
    return document


def parsed(body: bytes) -> Any:
    """The JSON of a body; NOTHING where it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOTHING


def as_it_should_be(document: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether every path leads to what must be there."""
    return all(fits(at(document, path), value) for path, value in wanted.items())


def fits(found: Any, wanted: Any) -> bool:
    """Whether what a path leads to is what must be there."""
    if isinstance(wanted, Mapping) and set(wanted) == {"exists"}:
        return (found is not NOTHING) is bool(wanted["exists"])
    if isinstance(wanted, Mapping) and set(wanted) == {"matches"}:
        return isinstance(found, str | int | float) and re.search(str(wanted["matches"]), str(found)) is not None
    return bool(found == wanted)
