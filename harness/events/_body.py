"""What the body of every event is, and how one is read from what a history holds."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

Number = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
"""A finite number: infinities and NaN, which JSON does not know, are damage."""

B = TypeVar("B", bound="Body")


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of one kind of event: what happened, without when and in which phase.

    A field without a default is always written, one with a default where it has another value. A history that lacks a
    field is read all the same: the field has its default or, where it has none, None or what is empty.

    Attributes:
        kind: the kind of the events that have this body.
    """

    kind: ClassVar[str] = ""


class OfReplica(Body, frozen=True):
    """What is said of a replica."""

    replica: str  # its name


class Detail(msgspec.Struct, frozen=True):
    """A group of fields within a body. All have defaults, and all are written."""


class Raw(Body, frozen=True):
    """The body of a kind that is not declared.

    Attributes:
        name: the kind.
        data: its fields, as they are.
    """

    name: str
    data: Mapping[str, Any]


def encode(body: Body) -> dict[str, Any]:
    """The fields as plain data, as JSON can hold them."""
    fields = body.data if isinstance(body, Raw) else body
    made: dict[str, Any] = msgspec.to_builtins(fields, enc_hook=_plain)
    return made


def decode(body: type[B], data: Mapping[str, Any]) -> tuple[B, tuple[str, ...]]:
    """The body that data holds, and the names of the fields that are damaged: those have no value, or an empty one.

    Fields that the body does not know are ignored.
    """
    whole = {**_empty_fields(body), **data}
    try:
        return msgspec.convert(whole, body), ()
    except (msgspec.ValidationError, RecursionError):
        pass
    damaged: list[str] = []
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(body):
        if field.encode_name in whole:
            try:
                made[field.name] = msgspec.convert(whole[field.encode_name], field.type)
            except (msgspec.ValidationError, RecursionError):
                damaged.append(field.encode_name)
                if field.required:
                    made[field.name] = _empty(field.type)
    return body(**made), tuple(damaged)


@cache
def _empty_fields(body: type[Body]) -> dict[str, Any]:
    """What stands for the fields that have no default."""
    return {field.encode_name: _empty(field.type) for field in msgspec.structs.fields(body) if field.required}


def _empty(kind: Any) -> Any:
    """None where the type allows it, else what is empty or 0."""
    candidates: tuple[Any, ...] = (None, "", False, 0, (), {})
    for value in candidates:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError:
            continue
    raise TypeError(f"{kind} has no value that is empty")


def _plain(value: Any) -> Any:
    """What JSON does not know. Numbers of other kinds, such as numpy's, stay numbers; anything else is its text."""
    for kind in (float, int):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, Set) else str(value)
