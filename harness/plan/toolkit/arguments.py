"""The arguments of an activity that becomes a step: they must be known when the plan is made."""

from __future__ import annotations

import re
from typing import Any

from harness.chaostoolkit.place import Place

_WHOLE = re.compile(r"\$\{([^}]+)\}")


def fixed(place: Place, configuration: Place) -> Place:
    """The value with variables filled in from the configuration.

    Raises:
        UsageError: one of them has no value before the experiment is run.
    """
    if isinstance(place.value, str):
        return Place(_filled(place, configuration), place.path, place.file, place.root)
    if isinstance(place.value, dict):
        made: Any = {key: fixed(place.at(key), configuration).value for key in place.value}
        return Place(made, place.path, place.file, place.root)
    return place


def _filled(place: Place, configuration: Place) -> Any:
    text = str(place.value)
    if text.startswith("env:"):
        raise place.refusal("The value comes from the environment", expected="the value itself", hint=_HINT)
    for one, name in place.variables():
        found = configuration.at(name)
        if found.value is None or isinstance(found.value, dict):
            raise one.refusal(
                "A variable has no value yet", expected=f"a value in /configuration/{name}, or here", hint=_HINT
            )
    if whole := _WHOLE.fullmatch(text):
        return configuration.at(whole[1]).value
    return _WHOLE.sub(lambda found: str(configuration.at(found[1]).value), text)


_HINT = "a plan's faults and pauses are fixed when it is made: write the value out"


def known(place: Place, *names: str) -> None:
    """Refuse arguments that the function does not take. Raises UsageError."""
    for key in place.value or {}:
        if key not in names:
            expected = ", ".join(names) or "no argument"
            raise place.at(key).refusal("The function takes no such argument", got=key, expected=expected)


def number(place: Place, default: int | None = None) -> int:
    """A whole number; text that is one counts, as in the toolkit's own configuration. Raises UsageError."""
    if place.value is None and default is not None:
        return default
    if isinstance(place.value, str) and re.fullmatch(r"\d+", place.value):
        return int(place.value)
    return int(place.must_be(int).value)
