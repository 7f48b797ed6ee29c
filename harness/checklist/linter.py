"""One-way doors in SQL migrations: what Squawk says, and a few rules of our own for what it does not ask.

Squawk (https://squawkhq.com) reads PostgreSQL. Comments are blanked before it sees a file, because one can
switch its
rules
off; it gets a configuration that is empty. What it cannot read, or holds code that it does not look into, is
said: silence of a linter that saw nothing is no tick.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import NotMeasured

NAME = "squawk"
TIMEOUT = 60.0  # s
# Its rules that speak of what a rollback does not bring back, or of what the old release cannot live with.
DOORS = {
    "ban-drop-column": "drops a column",
    "ban-drop-table": "drops a table",
    "ban-drop-database": "drops a database",
    "ban-truncate-cascade": "truncates tables",
    "renaming-column": "renames a column, which the old release asks for by its old name",
    "renaming-table": "renames a table, which the old release asks for by its old name",
    "changing-column-type": "changes a column's type",
    "adding-required-field": "adds a column that the old release does not fill",
    "adding-not-nullable-field": "makes a column required, which the old release may leave empty",
    "ban-drop-not-null": "lets a column be empty, which the old release may not expect",
}
# Ours, on text without comments and literals.
RULES = (
    (r"\bDELETE\s+FROM\b", "deletes rows"),
    (r"\bTRUNCATE\b", "truncates tables"),
    (r"\bUPDATE\s+(ONLY\s+)?[\w.\"]+[^;]*?\bSET\b", "overwrites values"),
    (r"\bMERGE\s+INTO\b", "overwrites values"),
    (r"\bREPLACE\s+INTO\b", "overwrites values"),
    (r"\bON\s+CONFLICT\b[^;]*\bDO\s+UPDATE\b", "overwrites values"),
    (r"\bDROP\s+(TABLE|SCHEMA|DATABASE|TYPE|DOMAIN|SEQUENCE|(MATERIALIZED\s+)?VIEW|FUNCTION|PROCEDURE|TRIGGER|"
     r"EXTENSION|COLUMN|CONSTRAINT|ROLE|USER|OWNED|POLICY|RULE|AGGREGATE|OPERATOR|CAST)\b", "drops what is there"),
    (r"\bALTER\s+TABLE\b[^;]*\bDROP\s+(?!NOT\b|DEFAULT\b|EXPRESSION\b|IDENTITY\b)[\w\"`]+", "drops what is there"),
    (r"\bRENAME\b", "renames what the old release asks for by its old name"),
    (r"\bALTER\s+TYPE\b[^;]*\bADD\s+VALUE\b", "adds a value to a type, which cannot be removed again"),
    (r"\bSET\s+NOT\s+NULL\b", "makes a column required, which the old release may leave empty"),
    (r"\b(REVOKE|REASSIGN)\b", "takes rights away"),
)  # fmt: skip
CODE = (
    r"\bDO\b\s*(LANGUAGE\s+\w+\s*)?['$]|\bEXECUTE\b|\bCALL\b|\bSELECT\b"
    r"|\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b"
)


class NoLinter(NotMeasured):
    """Squawk is not installed, or does not run."""


@dataclass(frozen=True, slots=True)
class Lint:
    """What was said of one migration.

    Attributes:
        by: the linter and its version.
        doors: what cannot be taken back, a line each.
        remarks: what else it said.
        unread: why not all of it was looked into; empty where it was.
    """

    by: str
    doors: tuple[str, ...]
    remarks: tuple[str, ...]
    unread: str = ""


def lint(sql: str) -> Lint:
    """Look into a migration.

    Raises:
        NoLinter: there is no Squawk here, or it failed.
    """
    plain, code = blanked(sql, literals=True)
    doors = [
        f"line {plain.count(chr(10), 0, hit.start()) + 1} {words}"
        for rule, words in RULES
        for hit in _hits(rule, plain)
    ]
    said = _squawk(blanked(sql)[0])
    unread = [f"line {line}: {text}" for line, rule, text in said if rule == "syntax-error"]
    remarks: list[str] = []
    for line, rule, text in said:
        if rule in DOORS:
            doors.append(f"line {line} {DOORS[rule]}")
        elif rule != "syntax-error":
            remarks.append(f"line {line}: {rule}: {text}")
    if not unread and re.search(r"\\'|\bE'|/\*!", sql, re.IGNORECASE):
        unread = ["it has escapes or comments that databases read in different ways"]
    if not unread and "\\" in plain:
        unread = ["it has commands for psql"]
    if not unread and (code or re.search(CODE, plain, re.IGNORECASE)):
        unread = ["it runs code, which no linter looks into"]
    if not unread and not plain.strip(" \t\r\n;"):
        unread = ["it holds no statement"]
    by = f"squawk {_version()}"
    ordered = sorted(dict.fromkeys(doors), key=lambda one: int(one.split()[1]))
    return Lint(by, _distinct(ordered), tuple(dict.fromkeys(remarks)), unread[0] if unread else "")


def blanked(sql: str, *, literals: bool = False) -> tuple[str, bool]:
    """The text with comments, and if asked for literals, blanked; line for line. And whether a body is quoted
    by dollars.
    """
    code = False

    def blank(hit: re.Match[str]) -> str:
        nonlocal code
        text = hit[0]
        code = code or text.startswith("$")
        quoted = text[0] in "'$\"`"
        if quoted and not literals:
            return text
        kept = re.sub(r"[^\n]", " ", text)
        mark = "'" if text[0] == "$" else text[0]
        return f"{mark}{kept[2:]}{mark}" if quoted and len(text) > 1 else kept

    return _TOKENS.sub(blank, sql), code


_TOKENS = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|(?P<tag>\$\w*\$).*?(?:(?P=tag)|\Z)|'(?:[^']|'')*(?:'|\Z)|"[^"]*"|`[^`]*`""", re.DOTALL
)


def _hits(rule: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(rule, text, re.IGNORECASE | re.DOTALL))


def _distinct(doors: list[str]) -> tuple[str, ...]:
    """One line for each line of the file that says the same in general and in particular."""
    particular = {one.split()[1] for one in doors if not one.endswith("drops what is there")}
    return tuple(one for one in doors if not (one.endswith("drops what is there") and one.split()[1] in particular))


def _squawk(sql: str) -> list[tuple[int, str, str]]:
    """Its complaints: line, rule, text."""
    with tempfile.TemporaryDirectory() as empty:
        config = Path(empty, ".squawk.toml")
        config.touch()
        words = [_program(), "--reporter", "json", "--config", str(config), "--assume-in-transaction"]
        ended = _run(words, sql, empty)
    try:
        raw = json.loads(ended)
        if not isinstance(raw, list):
            raise TypeError(raw)  # noqa: TRY301
        return [(int(one["line"]) + 1, str(one["rule_name"]), str(one["message"])) for one in raw]
    except (ValueError, KeyError, TypeError):
        raise NoLinter(f"squawk said nothing that can be read: {ended[:100]!r}") from None


def _run(words: list[str], sql: str, directory: str) -> str:
    try:
        ended = subprocess.run(
            words,
            input=sql.encode("utf-8", "replace"),
            capture_output=True,
            cwd=directory,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoLinter(f"squawk does not run: {error}") from None
    if ended.returncode not in (0, 1):
        raise NoLinter(f"squawk failed: {ended.stderr.decode('utf-8', 'replace')[:200]}")
    return ended.stdout.decode("utf-8", "replace")


def _program() -> str:
    found = shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")
    if found is None:
        raise NoLinter("the linter is not installed: pip install 'rollback-harness[checklist]'")
    return found


@cache
def _version() -> str:
    return _run([_program(), "--version"], "", "/").removeprefix("squawk").strip()
