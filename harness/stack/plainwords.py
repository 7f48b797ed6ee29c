"""YAML's complaints, mistakes and near misses in words for a person."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import yaml

from harness.errors import StackError

# What the parser says (a part of it), what that means, and what to do about it.
_PROBLEMS = (
    ("'\\t'", "a tab where only spaces are allowed", "indent with spaces"),
    (
        "mapping values are not allowed",
        "a colon where none is allowed: a second `key: value` in one line, or a line that is indented too far",
        'align the line with its neighbours, or put a text that contains ": " in quotes',
    ),
    ("could not find expected ':'", "a line that is neither `key: value` nor part of the line above", "add the colon"),
    ("block end", "a line that does not fit the lines around it", "align the keys of a mapping, the dashes of a list"),
    ("while scanning a quoted scalar", "a quote that is opened and never closed", "close the quote"),
    ("',' or ']'", "a list in brackets that is not closed, or lacks a comma", "close it with ]"),
    ("',' or '}'", "a mapping in braces that is not closed, or lacks a comma", "close it with }"),
    ("undefined alias", "an alias (*name) without an anchor (&name) before it", "define the anchor first"),
    ("duplicate anchor", "an anchor that is defined twice", "give one of them another name"),
    ("unknown escape", "an unknown escape in double quotes", "use single quotes"),
    ("that cannot start any token", "a value that begins with a sign of YAML's own", "put the value in quotes"),
    ("expected a single document", "a second document (---)", "keep one document in a file"),
    ("undefined tag handle", "a tag that is not declared", "remove the tag"),
)  # fmt: skip

# Where these complaints are about something begun and not ended, its beginning is the place, not the end of the file.
_BEGUN = ("while scanning a quoted scalar", "could not find expected ':'", "',' or ']'", "',' or '}'")


def of_yaml(error: yaml.YAMLError, name: str, content: str) -> StackError:
    """The error for a text that is not YAML: its line, and what is wrong there."""
    what = "The file is not valid YAML"
    if isinstance(error, yaml.reader.ReaderError):
        line = content[: error.position].count("\n") + 1
        return StackError(
            what, where=f"{name}, line {line}", got="a character that YAML does not allow", expected="text"
        )
    if not isinstance(error, yaml.MarkedYAMLError):
        return StackError(what, where=name, got=str(error))
    said = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark or error.context_mark
    if error.context_mark and any(part in said for part in _BEGUN):
        mark = error.context_mark
    got, hint = next(
        ((got, hint) for part, got, hint in _PROBLEMS if part in said),
        ((error.problem or said).strip(), "check the indentation and the quotes of this line and the one before"),
    )
    lines = content.splitlines()
    quoted = lines[mark.line] if mark and mark.line < len(lines) else ""
    where = f"{name}, line {mark.line + 1}, column {mark.column + 1}" if mark else name
    return StackError(what, where=where, got=got, hint=hint, detail=quoted[:200] or None)


def short(written: object) -> str:
    """A value as it is quoted in a message: one line, not long."""
    line = " ".join(str(written).encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= 80 else line[:77] + "..."


def one_of(names: Iterable[str]) -> str:
    """The names that would have been right, in order."""
    known = sorted(names)
    return ("one of " if len(known) > 1 else "") + ", ".join(known) if known else "nothing"


def meant(name: str, names: Iterable[str]) -> str:
    """` (did you mean x?)` where a name comes close to one that exists, else nothing."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.7)
    return f" (did you mean {close[0]}?)" if close else ""
