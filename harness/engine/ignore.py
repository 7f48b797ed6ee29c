"""`.dockerignore`, as Docker documents it: the last pattern that matches decides; a directory's pattern is its
content's too; `!` takes back; `**` is any number of directories.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.errors import ContextError


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    takes_back: bool


class Ignore:
    """The patterns of one file; asked with paths relative to the context, with `/` between their parts.

    Raises:
        ContextError: an invalid pattern; with the file's name and the line.
    """

    def __init__(self, lines: Iterable[str] = (), name: str = ".dockerignore") -> None:
        found = (_parse(line, f"{name}, line {number}") for number, line in enumerate(lines, start=1))
        self._patterns = tuple(pattern for pattern in found if pattern is not None)
        self.takes_back = any(pattern.takes_back for pattern in self._patterns)

    def excludes(self, path: str) -> bool:
        """True if the path stays out of the context."""
        parts = path.split("/")
        prefixes = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        excluded = False
        for pattern in self._patterns:
            if pattern.takes_back == excluded and any(pattern.regex.fullmatch(prefix) for prefix in prefixes):
                excluded = not pattern.takes_back
        return excluded


def _parse(line: str, where: str) -> _Pattern | None:
    if line.startswith("#"):
        return None
    text = line.strip()
    takes_back = text.startswith("!")
    text = text.removeprefix("!").strip()
    if not text:
        return None
    text = posixpath.normpath(text).lstrip("/")
    if text in ("", "."):
        return None  # Docker ignores a pattern for the root
    try:
        return _Pattern(re.compile(_regex(text), re.DOTALL), takes_back)
    except (re.error, OverflowError, RecursionError) as error:
        raise ContextError(
            "A pattern of a .dockerignore cannot be read",
            where=where,
            got=text[:80],
            expected="a path with * and ?, ** for any number of directories, or [a-z] for one of several characters",
        ) from error


_DIRECTORIES, _ANYTHING, _NAME = "(?:.*?/)??", ".*?", "[^/]*?"  # **/ at any depth, also none; **; *


def _regex(text: str) -> str:
    """A pattern of Go's filepath.Match, with Docker's `**`, as a regular expression.

    What stands between two wildcards is looked for once, as early as it can be found, and not again further on when the
    rest does not match (an atomic group): whatever the later place would allow, the second wildcard takes in. Without
    that, a line of twenty stars takes years.
    """
    wholes: list[list[str]] = [[""]]  # split at ** first, then at *: a * cannot reach beyond its directory
    leads = [""]
    for token in _tokens(text):
        if token in (_DIRECTORIES, _ANYTHING):
            leads.append(token)
            wholes.append([""])
        elif token == _NAME:
            wholes[-1].append("")
        else:
            wholes[-1][-1] += token
    found = ""
    for index, (lead, names) in enumerate(zip(leads, wholes, strict=True)):
        whole = lead + names[0] + "".join(f"(?>{_NAME}{name})" for name in names[1:-1])
        whole += f"{_NAME}{names[-1]}" if len(names) > 1 else ""
        found += f"(?>{whole})" if index < len(leads) - 1 else whole
    return found


def _tokens(text: str) -> Iterator[str]:
    """The pattern's wildcards, and the regular expressions of what is between them."""
    at = 0
    while at < len(text):
        char = text[at]
        if text.startswith("**", at):
            at += 2
            directories = text.startswith("/", at)
            at += directories
            yield _DIRECTORIES if directories else _ANYTHING
            continue
        at += 1
        if char == "*":
            yield _NAME
        elif char == "?":
            yield "[^/]"
        elif char == "[" and (end := text.find("]", at + 1)) > 0:
            body = text[at:end]
            negated = body.startswith("^")
            plain = re.sub(r"[\[&~|]", r"\\\g<0>", body.removeprefix("^")).replace("--", r"-\-")  # no sets within sets
            yield f"[{'^/' if negated else ''}{plain}]"
            at = end + 1
        elif char == "\\" and at < len(text):
            yield re.escape(text[at])
            at += 1
        else:
            yield re.escape(char)
