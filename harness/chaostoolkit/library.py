"""The library of the Chaos Toolkit, which is an extra: its absence is told, and its log stays out of the way."""

from __future__ import annotations

import logging
from importlib import import_module
from types import ModuleType

from harness.errors import UsageError

EXTRA = "chaostoolkit"


def chaoslib(module: str = "") -> ModuleType:
    """A module of the library: `chaoslib("activity")` is `chaoslib.activity`.

    Raises:
        UsageError: it is not installed.
    """
    try:
        found = import_module(f"chaoslib.{module}" if module else "chaoslib")
    except ImportError as error:
        raise UsageError(
            "The library of the Chaos Toolkit is not installed",
            got=str(error),
            expected="chaostoolkit-lib 1.44 or later",
            hint=f"pip install 'rollback-harness[{EXTRA}]'",
        ) from None
    for name in ("chaostoolkit", "chaostoolkit-lib"):
        # Without a handler Python would print its errors past everything that hides secrets.
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return found
