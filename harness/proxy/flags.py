"""The command line, as the original reads it: one dash or two, `-name value` or `-name=value`."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

USAGE = """usage: python -m harness.proxy [flags]
  -config string      JSON file of proxies to make at the start
  -host string        address that the API listens on (default "localhost")
  -port string        port that the API listens on (default "8474")
  -seed int           seed of everything left to chance (default: the time)
  -proxy-metrics      count traffic per proxy at /metrics
  -runtime-metrics    show the process's own figures at /metrics
  -token-file string  file with the token that every request must carry (default: none is asked for)
  -upstreams string   networks that connections are made to, "10.0.0.0/8,fd00::/8" (default: everywhere)
  -version            print the version and exit
The environment variable LOG_LEVEL sets what is logged: debug, info, warning or error.
"""
TRUE = {"1", "t", "T", "true", "TRUE", "True"}
FALSE = {"0", "f", "F", "false", "FALSE", "False"}


class UsageError(Exception):
    """A flag that cannot be used; the text says which."""


@dataclass(frozen=True)
class Flags:
    config: str = ""
    host: str = "localhost"
    port: str = "8474"
    seed: int | None = None
    proxy_metrics: bool = False
    runtime_metrics: bool = False
    token_file: str = ""
    upstreams: str = ""
    version: bool = False
    help: bool = False


def parse(arguments: list[str]) -> Flags:
    """Raises UsageError."""
    values: dict[str, Any] = {}
    names = {field.name.replace("_", "-"): field.name for field in fields(Flags)} | {"h": "help"}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            break
        if not argument.startswith("-") or argument == "-":
            raise UsageError(f"unexpected argument: {argument}")
        name, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
        attribute = names.get(name)
        if attribute is None:
            raise UsageError(f"flag provided but not defined: -{name}")
        if isinstance(getattr(Flags, attribute), bool):
            values[attribute] = _boolean(name, value if equals else "true")
            continue
        if not equals:
            if not rest:
                raise UsageError(f"flag needs an argument: -{name}")
            value = rest.pop(0)
        values[attribute] = _integer(value) if attribute == "seed" else value
    if rest:
        raise UsageError(f"unexpected argument: {rest[0]}")
    return Flags(**values)


def _boolean(name: str, value: str) -> bool:
    if value in TRUE | FALSE:
        return value in TRUE
    raise UsageError(f'invalid boolean value "{value}" for -{name}')


def _integer(value: str) -> int:
    try:
        return int(value, 0)
    except ValueError:
        raise UsageError(f'invalid value "{value}" for flag -seed: not an integer') from None


def level() -> str:
    return os.environ.get("LOG_LEVEL", "info")
