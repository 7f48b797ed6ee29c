"""What an unquoted value of a YAML file stands for, as Compose (yaml.v3) has it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_INT = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    "-.inf": float("-inf"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def plain_value(written: str) -> str | int | float | bool | None:
    """What an unquoted scalar stands for."""
    if written in _WORDS:
        return _WORDS[written]
    if len(written) > 40:
        return written
    if _INT.fullmatch(written) and not written.endswith("_"):
        digits = written.replace("_", "")
        octal = re.fullmatch(r"([-+]?)0([0-7]+)", digits)
        return int(f"{octal[1]}0o{octal[2]}" if octal else digits, 0)
    return float(written) if _FLOAT.fullmatch(written) else written
