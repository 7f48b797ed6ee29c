"""What an answer tells of the release that gave it: the name that it carries, and its form.

The form is which names its JSON has, down to objects within objects and not into lists: what differs from one record to
the next is left out. It is told of answers of moderate size, of so many a second, and no more once there are too many
forms, as where names are data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.workload import answers
from harness.workload.spec import Spec

HEADER, JSON = "header:", "json:"
LARGEST = 16 << 10  # bytes of an answer whose form is told
MOST_NAMES = 60  # of a form
MOST_FORMS = 40  # of a load
EACH_SECOND = 100.0  # answers whose form is told
DEEPEST = 4

Form = tuple[str, ...] | None  # None where it is not told


class Marks:
    """Reads the marks of answers, one after the other.

    Args:
        spec: says where an answer names its release, and whether forms are told.
    """

    def __init__(self, spec: Spec) -> None:
        self._path = spec.release.removeprefix(JSON) if spec.release.startswith(JSON) else ""
        self._forms = spec.forms
        self._stride = max(1, round(spec.rate / EACH_SECOND))
        self._seen: set[Form] = set()

    def of(self, number: int, header: bytes, body: bytes) -> tuple[str, Form]:
        """The release that an answer names, empty where it names none, and its form.

        Args:
            number: of the request.
            header: what the header that names the release held.
        """
        wants_form = self._forms and number % self._stride == 0 and 0 < len(body) <= LARGEST
        document = answers.parsed(body) if self._path or (wants_form and body[:1] == b"{") else answers.NOTHING
        found = answers.at(document, self._path) if self._path else header.decode("latin-1")
        release = str(found) if isinstance(found, str | int | float) else ""
        return release[:100], self._form(document) if wants_form else None

    def _form(self, document: Any) -> Form:
        if not isinstance(document, Mapping):
            return None
        names = tuple(sorted(_names(document)))
        if len(names) > MOST_NAMES:
            return None
        self._seen.add(names)
        if len(self._seen) > MOST_FORMS:
            self._forms = False
            return None
        return names


def _names(document: Mapping[str, Any], above: str = "", depth: int = 1) -> Iterator[str]:
    for name, value in document.items():
        yield f"{above}{name}"[:100]
        if isinstance(value, Mapping) and depth < DEEPEST:
            yield from _names(value, f"{above}{name}.", depth + 1)


def header_of(release: str) -> bytes:
    """The header that names the release, in lower case; empty where none does."""
    return release.removeprefix(HEADER).lower().encode() if release.startswith(HEADER) else b""
