"""The level of a line of text, in the styles of common loggers, and the lines with which a program says that it broke.

A word counts where a logger writes the level: between brackets, before a colon, after `level=`, behind the time. It
does not count inside of a path, of another word, or of a value. The first level in a line is the line's own.
"""

from __future__ import annotations

import re

from harness.probes.logs.levels import DEBUG, ERROR, FATAL, INFO, LEVELS, WARNING, level_of

LONGEST = 2000  # characters of a line in which its level is looked for
_UPPER = (
    "TRACE|DEBUG|DBUG|DBG|VERBOSE|VRB|INFO|INF|INFORMATION|NOTICE|WARN|WARNING|WRN|ERROR|ERRO|EROR|ERR|SEVERE|FATAL|FTL"
    "|CRITICAL|CRIT|CRT|DPANIC|PANIC|PNC|ALERT|EMERGENCY|EMERG"
)
_ANY = (
    "trace|debug|dbug|verbose|information|info|notice|warning|warn|error|erro|eror|err|severe|failure|fail|fatal"
    "|critical|crit|dpanic|panic|alert|emergency|emerg"
)
_SYSLOG = r"[A-Z][a-z]{2} +\d+ [\d:]+ \S+ [^\s:\[]+(?:\[\d+\])?: "
PREFIX = re.compile(rf"^(?:<\d{{1,3}}>)?(?:{_SYSLOG})?")

_LEVEL = re.compile(
    rf"""
      (?:^|(?<=[\s,;|\[(]))(?:level|lvl|severity|levelname|loglevel|log_level|log\.level)=["']?(?P<logfmt>\w+)
    | \[\s*(?:[\w.-]+:)?(?P<brackets>(?i:{_ANY}))\s*\]
    | (?:^|(?<=[\s\[(|<\x1b]))(?:\x1b?\[[\d;]*m)?(?P<word>{_UPPER})(?=[\s:\]|),;\x1b(]|[+-]\d|/[\w-]+\]|$)
    | (?<=:)(?P<between>{_UPPER})(?=:)
    | (?:^|(?<=\s))(?P<colon>LOG|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|CONFIG|FINE|FINER|FINEST)(?=:\s)
    """,
    re.VERBOSE,
)
_CONTEXT = frozenset({"STATEMENT", "DETAIL", "HINT", "CONTEXT", "QUERY"})  # of PostgreSQL, each of the line before it

# The time and what stands around it, then the level in lower case: winston, zap's console, .NET's, npm.
_TIME = r"[\s\d\-:./,TZ+\[\]()|]*(?:[AP]M\s)?"
_BEHIND_TIME = re.compile(rf"^(?P<time>{_TIME})(?P<level>(?i:{_ANY}))(?P<after>[:\]|\t ]+|$)")
_PLAIN = frozenset({"error", "fatal", "panic", "critical", "warn", "warning", "info", "debug"})
_KLOG = re.compile(r"^([EFWI])\d{4} \d\d:\d\d")
_PRIORITY = re.compile(r"^<(\d{1,3})>")
_LETTERS = {"E": ERROR, "F": FATAL, "W": WARNING, "I": INFO}

CRASHES = re.compile(
    r"""(?P<Python>Traceback\ \(most\ recent\ call\ last\))
    |(?P<Go>^panic:\ |^fatal\ error:\ |^SIG(?:SEGV|ABRT|BUS):)
    |(?P<Rust>^thread\ '[^']*'\ (?:\(\d+\)\ )?panicked\ at)
    |(?P<Java>\bException\ in\ thread\ "|^(?:[a-z]\w*\.)+(?:[\w$]+\$)?[A-Z][\w$]*(?:Exception|Error|Throwable)(?::\s|$))
    |(?P<PHP>\bPHP\ (?:Fatal|Parse|Recoverable\ fatal|Core|Compile)\ error:|^(?:Fatal|Parse|Catchable\ fatal)\ error:\ )
    |(?P<NET>^Unhandled\ [eE]xception[.:])
    |(?P<JavaScript>^Uncaught\ |UnhandledPromiseRejection)
    |(?P<native>^terminate\ called\ after|Segmentation\ fault|\(core\ dumped\))
    |(?P<Erlang>^=(?:ERROR|CRASH)\ REPORT|^\*\*\ \([A-Z][\w.]*\))
    |(?P<exception>^[A-Z]\w*(?:Error|Exception)(?:\ \[\w+\])?(?::\s|$))""",
    re.VERBOSE,
)

# What a piece of text has, in lower case, where one of its lines may tell an error; or how such a line begins.
_SIGNS = tuple(
    word.encode()
    for word in ("err", "fatal", "exception", "traceback", "panic", "crit", "fail", "fault", "severe", "alert", "emerg",
                 "eror", "ftl", "crt", "pnc", "terminate called", "dumped")
)  # fmt: skip
_STARTS = re.compile(rb"\n[<EF=*]")


def may_tell_errors(piece: bytes) -> bool:
    """Whether a line of the piece may tell an error: what says no is not read any closer."""
    text = piece.lower()
    return any(sign in text for sign in _SIGNS) or piece[:1] in b"<EF=*" or _STARTS.search(piece) is not None


def crash_of(line: str) -> str | None:
    """In which language a program says here that it broke; None where it does not."""
    line = line[:LONGEST]
    found = CRASHES.search(line[PREFIX.match(line).end() :])  # type: ignore[union-attr]  # it matches the empty text
    return None if found is None else str(found.lastgroup)


def level_in(line: str) -> tuple[str, str] | None:
    """The level that a line of text tells, and by which style; None where it tells none in a form that is known."""
    line = line[:LONGEST]
    if line[:1] == "<" and (priority := _PRIORITY.match(line)):
        level = level_of("PRIORITY", int(priority[1]) & 7)
        return None if level is None else (level, "syslog priority")
    if (short := _KLOG.match(line)) is not None:
        return _LETTERS[short[1]], "klog"
    prefix = PREFIX.match(line)
    rest = line[prefix.end() :] if prefix else line
    found = _LEVEL.search(rest)
    behind = _BEHIND_TIME.match(rest)
    if behind is not None and (found is None or behind.start("level") <= found.start()) and _told(behind):
        return LEVELS[behind["level"].lower()], "level behind the time"
    if found is None:
        return None
    style, word = str(found.lastgroup), found[str(found.lastgroup)]
    if style == "colon":
        return (INFO if word in _CONTEXT or word == "LOG" else DEBUG), "LEVEL:"
    level = level_of("level", word)
    said = {"logfmt": "level=", "brackets": "[level]", "word": "LEVEL", "between": ":LEVEL:"}[style]
    return None if level is None else (level, said)


def _told(found: re.Match[str]) -> bool:
    """The word is a level there: set apart by more than a blank, or behind a time by a blank."""
    apart = found["after"].strip(" ") != ""
    timed = any(letter.isdigit() for letter in found["time"]) and found["level"].lower() in _PLAIN
    return apart or timed
