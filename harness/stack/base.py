"""What all models of a stack share: frozen, strict, and with values that are written with a unit.

A model is made from keyword arguments in Python, or validated from a file. From a file, values need their units, and
every unknown key is a mistake with its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from harness.stack import quantities
from harness.stack.mistakes import StackFindings, mistake
from harness.stack.nodes import SourceMapping
from harness.stack.plainwords import meant, one_of


class SourceDict(dict[str, Any]):
    """A mapping as it was read, with the node that says where."""

    def __init__(self, values: Mapping[str, Any], node: SourceMapping) -> None:
        super().__init__(values)
        self.node = node


def wrong(expected: str, hint: str = "", key: str | int = "") -> PydanticCustomError:
    """A value that is not what it has to be; raise it from a validator. `key` is the part of it that is meant."""
    return PydanticCustomError("harness", "expected {expected}", {"expected": expected, "hint": hint, "key": key})


def missing(key: str) -> PydanticCustomError:
    """A key that has to be there because of another one; raise it from a validator of the mapping."""
    return PydanticCustomError("missing", "{key} is missing", {"key": key})


def screen(
    node: SourceMapping,
    known: frozenset[str],
    findings: StackFindings,
    *,
    ignored: frozenset[str] = frozenset(),
    refused: Mapping[str, str] | None = None,
    extensions: bool = True,
) -> list[str]:
    """The keys of a mapping that are known. What is ignored or refused goes to the findings."""
    kept = []
    for key, child in node.fields.items():
        if key in known:
            kept.append(key)
        elif key in ignored:
            findings.ignored.setdefault(child.place)
        elif refused and key in refused:
            findings.wrong(
                child.place,
                mistake("The harness does not support this Compose key", child.place, got=key, hint=refused[key]),
            )
        elif not (extensions and key.startswith("x-")):
            findings.wrong(
                child.place,
                mistake(
                    "A key is not known",
                    child.place,
                    got=key,
                    expected=one_of(known) + meant(key, (*known, *ignored, *(refused or ()))),
                    hint="correct the key or remove it",
                ),
            )
    return kept


class Model(BaseModel):
    """A part of a stack. Immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    ignored_keys: ClassVar[frozenset[str]] = frozenset()
    refused_keys: ClassVar[Mapping[str, str]] = {}
    extension_keys: ClassVar[bool] = True

    @classmethod
    def keys(cls) -> frozenset[str]:
        """The keys as they are written."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any, info: ValidationInfo) -> Any:
        """Look at the keys of what was read from a file; a key without a value counts as left out."""
        if not isinstance(info.context, StackFindings) or isinstance(value, cls):
            return value
        if not isinstance(value, SourceDict):
            raise wrong(f"a mapping with {', '.join(sorted(cls.keys()))}")
        kept = screen(
            value.node,
            cls.keys(),
            info.context,
            ignored=cls.ignored_keys,
            refused=cls.refused_keys,
            extensions=cls.extension_keys,
        )
        return cls.shaped({key: value[key] for key in kept if value[key] is not None})

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What a file's values become before they are validated; for models whose written form differs."""
        return values


def _quantity(read: Callable[[str], float], what: str) -> Callable[[Any, ValidationInfo], Any]:
    def validate(value: Any, info: ValidationInfo) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and (info.context is None or (value == 0 and read is quantities.seconds)):
            return float(value)
        if isinstance(value, str):
            try:
                return read(value)
            except ValueError as error:
                raise wrong(str(error)) from None
        raise wrong(what)

    return validate


Seconds = Annotated[
    float,
    BeforeValidator(_quantity(quantities.seconds, 'a duration with its unit, such as "500ms", "1.5s" or "2m"')),
    WithJsonSchema({"type": "string", "pattern": quantities.DURATION_PATTERN, "examples": ["1.5s"]}),
]
"""A duration; seconds in Python, `1.5s` in a file."""

Rate = Annotated[
    float,
    BeforeValidator(_quantity(quantities.per_second, 'a rate, such as "50/s" or "3000/m"')),
    WithJsonSchema({"type": "string", "pattern": quantities.RATE_PATTERN, "examples": ["50/s", "3000/m"]}),
]
"""How often; per second in Python, `50/s` in a file."""

Fraction = Annotated[
    float,
    BeforeValidator(_quantity(quantities.fraction, 'a percentage, such as "10%"')),
    WithJsonSchema({"type": "string", "pattern": quantities.PERCENTAGE_PATTERN, "examples": ["10%"]}),
]
"""A part of a whole; 0.1 in Python, `10%` in a file."""


def _whole(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong("a whole number")
    return value


def _size(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return quantities.size(value if isinstance(value, str) else "")
    except ValueError as error:
        raise wrong(str(error)) from None


def _number(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(quantities.NUMBER, value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise wrong("a number")
    return value


def _truth(value: Any) -> Any:
    known = {"true": True, "yes": True, "on": True, "y": True, "false": False, "no": False, "off": False, "n": False}
    found = known.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise wrong("true or false")
    return found


def _word(value: Any) -> Any:
    if isinstance(value, str):
        return value
    plain = isinstance(value, int | float)
    raise wrong("text", "put the value in quotes" if plain else "")


def _argv(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(isinstance(word, str) for word in value) and value[0]:
        if any("\0" in word for word in value):
            raise wrong("words without a zero byte: no program can be given one")
        return tuple(value)
    if isinstance(value, list | tuple) and value:
        raise wrong("a list of words, the command first", "put numbers, true and false in quotes")
    raise wrong("a list of words, the command first", 'write [command, argument], or [sh, -c, "a line for a shell"]')


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, int | float | str):
        return str(value)
    raise wrong("a text or a number")


def of_form(pattern: str, expected: str) -> BeforeValidator:
    """For a text of a form; `expected` is what is said where it has another."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.DOTALL):
            raise wrong(expected)
        return value

    return BeforeValidator(validate)


# For types with bounds, which have to stand before these to be seen in a JSON Schema.
AsWhole, AsNumber, AsText = BeforeValidator(_whole), BeforeValidator(_number), BeforeValidator(_word)

Whole = Annotated[int, AsWhole]
Size = Annotated[int, BeforeValidator(_size), Field(ge=0)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Text = Annotated[str, AsText]
Word = Annotated[str, Field(min_length=1), AsText]
Plain = Annotated[str, BeforeValidator(_plain)]
"""Text in Python; text, a number or a truth value in a file."""
Argv = Annotated[
    tuple[str, ...],
    BeforeValidator(_argv),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
"""A command as a list of words."""
