"""What the level of a record says, whatever logger wrote it: words in any case, and the numbers that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

DEBUG, INFO, WARNING, ERROR, FATAL = "debug", "info", "warning", "error", "fatal"
ERRORS = frozenset({ERROR, FATAL})

_WORDS = {
    DEBUG: "trace trc debug dbug dbg verbose vrb finest finer fine config silly",
    INFO: "info inf information informational notice note log default http i",
    WARNING: "warn warning wrn w",
    ERROR: "error erro eror err severe failure fail fault e",
    FATAL: "fatal ftl critical crit crt panic pnc dpanic alert emerg emergency f",
}
LEVELS: Mapping[str, str] = {word: level for level, words in _WORDS.items() for word in words.split()}

# Fields of JSON records in which loggers write the level, in the order in which they are believed. A word says more
# than a number: Monolog and python-json-logger write both.
FIELDS = (
    "level_name", "levelname", "levelName", "LogLevel", "loglevel", "logLevel", "log_level", "log.level", "@l",
    "level", "Level", "lvl", "severityText", "severity_text", "SeverityText", "severity", "Severity", "error_severity",
    "severityNumber", "severity_number", "SeverityNumber", "levelno", "PRIORITY", "priority", "s", "log",
)  # fmt: skip
_OPENTELEMETRY = ("severityNumber", "severity_number", "SeverityNumber")
_SHORT = {"s": "s", "log": ""}  # MongoDB's, a letter; ECS's, an object with a level

# Numbers say what they mean by their size: a logger's scale is known by its steps.
_SYSLOG = (FATAL, FATAL, FATAL, ERROR, WARNING, INFO, INFO, DEBUG)  # 0 to 7


def level_of(field: str, value: Any) -> str | None:
    """The level that a field of a JSON record tells; None where it tells none that is known."""
    if isinstance(value, Mapping):  # ECS: {"log": {"level": ...}}; loguru: {"level": {"name": ...}}
        inner = value.get("level") if field == "log" else value.get("name")
        return level_of("level", inner) if isinstance(inner, str | int) else None
    if field == "log":
        return None  # the line itself, as Docker's json-file keeps it
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return _known(field, value)


@lru_cache(maxsize=4096)
def _known(field: str, value: str | float) -> str | None:
    if isinstance(value, str):
        text = value.strip()
        if field == "s":
            return LEVELS.get(text[:1].lower()) if text in ("F", "E", "W", "I") else None
        if not text.lstrip("-").isdigit():
            return _word(text)
        value = int(text)
    return None if field == "priority" else _number(field, value)  # jobs have such numbers as well


def _word(text: str) -> str | None:
    """`ERROR`, `error`, `ERROR+4` as Go's slog writes it, `SEVERE`."""
    word = text.lower().partition("+")[0].partition("-")[0]
    return LEVELS.get(word) if len(word) > 1 else None


def _number(field: str, value: float) -> str | None:
    if field in _OPENTELEMETRY:
        return _scaled(value, ((21, FATAL), (17, ERROR), (13, WARNING), (9, INFO), (1, DEBUG)))
    if field == "levelno":  # Python's logging
        return _scaled(value, ((50, FATAL), (40, ERROR), (30, WARNING), (20, INFO), (0, DEBUG)))
    if field == "s" or value != int(value) or value < 0:
        return None
    if value <= 7:  # syslog, GELF, journald, winston
        return _SYSLOG[int(value)]
    if 10 <= value <= 99:  # pino and bunyan
        return _scaled(value, ((60, FATAL), (50, ERROR), (40, WARNING), (30, INFO), (10, DEBUG)))
    if 100 <= value <= 600 and value % 50 == 0:  # Monolog
        return _scaled(value, ((500, FATAL), (400, ERROR), (300, WARNING), (200, INFO), (100, DEBUG)))
    if 5000 <= value <= 50000 and value % 1000 == 0:  # logback
        return _scaled(value, ((50000, FATAL), (40000, ERROR), (30000, WARNING), (20000, INFO), (5000, DEBUG)))
    return _scaled(value, ((1000, ERROR), (900, WARNING), (800, INFO))) if value in (800, 900, 1000) else None


def _scaled(value: float, scale: tuple[tuple[int, str], ...]) -> str | None:
    return next((level for least, level in scale if value >= least), None)
