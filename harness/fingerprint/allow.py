"""Exceptions: differences that are meant to be there, each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Allowance:
    """A difference that is meant to be there.

    Attributes:
        service: whose replicas it holds for.
        what: the part, a colon and a pattern of its items: `files:/srv/backend/releases/4.1.1/**`. `*` stands for
            anything but a slash, `**` for anything at all, `?` for one character; `directory/**` for itself, too.
        because: the reason, in words.
    """

    service: str
    what: str
    because: str

    def covers(self, replica: str, part: str, key: str) -> bool:
        """Whether this item of a replica is meant."""
        kind, _, pattern = self.what.partition(":")
        return kind == part and replica.rpartition("-")[0] == self.service and bool(_compiled(pattern).fullmatch(key))

    def __str__(self) -> str:
        return f"{self.service}: {self.what} ({self.because})"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    directory = pattern.endswith("/**")
    body = pattern[:-3] if directory else pattern
    signs = {"**": ".*", "*": "[^/]*", "?": "."}
    pieces = (signs.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*|\*|\?)", body))
    return re.compile("".join(pieces) + ("(/.*)?" if directory else ""), re.DOTALL)
