"""What the API takes, read and checked: proxies and toxics as plain settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import gojson
from .errors import bad_body, invalid_stream, invalid_type, missing, toxic_exists
from .toxics import TYPES, Toxic

PROXY = {"name": "string", "listen": "string", "upstream": "string", "enabled": "bool", "toxics": "any"}
TOXIC = {
    "name": "string",
    "type": "string",
    "stream": "string",
    "toxicity": "float32",
    "attributes": "any",
    "ttl": "int64",
}
CHANGE = {"toxicity": "float32", "attributes": "any", "ttl": "int64"}


@dataclass(frozen=True)
class ProxySettings:
    name: str
    upstream: str
    listen: str = ""
    enabled: bool = True
    toxics: Sequence[Any] = field(default=())


@dataclass(frozen=True)
class Leased:
    """A toxic, and for how many seconds it stays; None is for good."""

    toxic: Toxic
    ttl: float | None


def read(value: Any, kinds: dict[str, str], struct: str) -> dict[str, Any]:
    """The known fields of a value. Raises ApiError 400."""
    try:
        return gojson.fields(value, kinds, struct)
    except gojson.Refused as error:
        raise bad_body(str(error)) from None


def proxy(value: Any, place: str = "", with_toxics: bool = False) -> ProxySettings:
    """A proxy as a client describes it; its toxics only where they were asked for. Raises ApiError 400."""
    found = read(value, PROXY, "Proxy")
    for name in ("name", "upstream"):
        if not found.get(name):
            raise missing(f"{name}{place}")
    toxics = found.pop("toxics", ())
    if not with_toxics:
        toxics = ()
    if not isinstance(toxics, (list, tuple)):
        raise bad_body("json: cannot unmarshal value into Go struct field Proxy.toxics of type []Toxic")
    return ProxySettings(toxics=toxics, **found)


def toxics(values: Sequence[Any]) -> list[Leased]:
    """A proxy's toxics. Raises ApiError 400 or 409."""
    made: list[Leased] = []
    for value in values:
        leased = toxic(value, [other.toxic.name for other in made])
        made.append(leased)
    return made


def toxic(value: Any, taken: Sequence[str]) -> Leased:
    """A new toxic; `taken` are the names that are in use. Checked in the original's order. Raises ApiError."""
    found = read(value, TOXIC, "Toxic")
    kind = TYPES.get(found.get("type", ""))
    stream = found.get("stream") or (kind.stream if kind else "") or "downstream"
    if stream.lower() not in ("upstream", "downstream"):
        raise invalid_stream()
    if kind is None:
        raise invalid_type()
    if kind.stream and stream.lower() != kind.stream:
        raise bad_body(f"{kind.type} works on the {kind.stream} stream only")
    name = found.get("name") or f"{kind.type}_{stream}"
    if name in taken:
        raise toxic_exists()
    made = Toxic(kind, name, stream, found.get("toxicity", 1), attributes(kind.type, found.get("attributes")))
    validate(made, made.attributes)
    return Leased(made, seconds(found.get("ttl")))


def attributes(type_: str, value: Any) -> dict[str, Any]:
    """The attributes that are given. Raises ApiError 400."""
    kind = TYPES[type_]
    try:
        return gojson.fields(value, kind.attributes, f"{kind.__name__}Toxic", "attributes.")
    except gojson.Refused as error:
        raise bad_body(str(error)) from None


def validate(made: Toxic, merged: dict[str, Any]) -> None:
    """Refuse attributes that could never work. Raises ApiError 400."""
    try:
        made.kind.check(merged)
    except ValueError as error:
        raise bad_body(str(error)) from None


def seconds(ttl: int | None) -> float | None:
    """A lease in milliseconds as seconds; none, or one that is not positive, is no lease."""
    return ttl / 1000 if ttl is not None and ttl > 0 else None
