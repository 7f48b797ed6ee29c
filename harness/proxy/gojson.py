"""Request bodies, read as the original reads them: keys in any case, unknown keys ignored, null means "not given",
whatever follows the first value ignored; and the same kind of complaint when a value has the wrong type."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from .errors import bad_body

INT64 = (-(2**63), 2**63 - 1)


class Number(str):
    """A number as it was written, since `1.0` and `1e3` are not integers here."""

    __slots__ = ()


class Refused(ValueError):
    """The body is not what was expected; the text is the reason."""


def _no_constant(text: str) -> NoReturn:
    raise Refused(f"invalid character '{text[0]}' looking for beginning of value")


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def parse(body: bytes) -> Any:
    """The first JSON value of the body. Raises ApiError 400."""
    text = body.decode("utf-8", errors="replace").lstrip(" \t\r\n")
    if not text:
        raise bad_body("EOF")
    try:
        return _DECODER.raw_decode(text)[0]
    except json.JSONDecodeError as error:
        raise bad_body(_reason(text, error)) from None
    except RecursionError:
        raise bad_body("exceeded max depth") from None
    except Refused as error:
        raise bad_body(str(error)) from None


def _reason(text: str, error: json.JSONDecodeError) -> str:
    at = min(error.pos, len(text))
    if error.msg.startswith("Invalid control character"):
        return f"invalid character {quoted(min(text[at - 1 : at + 1]))} in string literal"  # which one it is, varies
    rest = text[at:].lstrip(" \t\r\n")
    if not rest or error.msg.startswith("Unterminated"):
        return "unexpected EOF"
    looking = "looking for beginning of value"
    if "delimiter" in error.msg:
        looking = "after object key" if "':'" in error.msg else "after object key:value pair or array element"
    elif "property name" in error.msg:
        looking = "looking for beginning of object key string"
    return f"invalid character {quoted(rest[0])} {looking}"


def quoted(character: str) -> str:
    return {"'": "'\\''", '"': "'\"'"}.get(character, repr(character))


def fields(value: Any, kinds: Mapping[str, str], struct: str, path: str = "") -> dict[str, Any]:
    """The known fields that are present and not null, by their own spelling. Raises Refused on a wrong type."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"json: cannot unmarshal {_name(value)} into Go value of type {struct}")
    spelling = {name.lower(): name for name in kinds}
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = spelling.get(key.lower())
        if name is not None and item is not None:
            found[name] = convert(item, kinds[name], f"{struct}.{path}{name}")
    return found


def decode(body: bytes, kinds: Mapping[str, str], struct: str) -> dict[str, Any]:
    """`fields` of a whole body. Raises ApiError 400."""
    value = parse(body)
    try:
        return fields(value, kinds, struct)
    except Refused as error:
        raise bad_body(str(error)) from None


def convert(value: Any, kind: str, field: str) -> Any:
    """One value as `kind`: string, bool, int64, float32, strings (a list of them) or any (as it is)."""
    good: Any = None
    if kind == "any":
        return value
    if kind == "string" and isinstance(value, str) and not isinstance(value, Number):
        return text(value)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "int64" and isinstance(value, Number):
        good = _integer(value)
    elif kind == "float32" and isinstance(value, Number):
        good = _real(value)
    elif kind == "strings" and isinstance(value, list):
        return tuple(convert(item, "string", field) for item in value)
    if good is None:
        raise Refused(f"json: cannot unmarshal {_name(value)} into Go struct field {field} of type {kind}")
    return good


def text(value: str) -> str:
    """Half of a surrogate pair cannot be sent back; it becomes U+FFFD, as in the original."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _integer(value: Number) -> int | None:
    digits = value.removeprefix("-")
    if not digits.isdigit() or len(digits) > 19:
        return None
    number = int(value)
    return number if INT64[0] <= number <= INT64[1] else None


def _real(value: Number) -> float | int | None:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 3.4028235677973366e38:
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _name(value: Any) -> str:
    if isinstance(value, Number):
        return f"number {value[:64]}"
    names: dict[type, str] = {str: "string", bool: "bool", list: "array", dict: "object"}
    return names.get(type(value), "value")


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
