"""Bodies are read as the original reads them."""

from __future__ import annotations

import pytest

from harness.proxy import gojson
from harness.proxy.errors import ApiError

KINDS = {"name": "string", "count": "int64", "share": "float32", "on": "bool", "any": "any", "keys": "strings"}


def test_values_are_converted() -> None:
    body = b' {"NAME":"a","count":-3,"share":0.5,"on":true,"any":[1],"keys":["x"],"other":1,"\\ud800":2} rest'
    found = gojson.decode(body, KINDS, "T")
    assert found == {"name": "a", "count": -3, "share": 0.5, "on": True, "any": ["1"], "keys": ("x",)}


def test_null_is_not_given() -> None:
    assert gojson.decode(b'{"name":null,"count":null}', KINDS, "T") == {}
    assert gojson.decode(b"null", KINDS, "T") == {}


@pytest.mark.parametrize("number", ["1.0", "1e3", "9223372036854775808", "-9223372036854775809", "1" * 5000, '"1"'])
def test_only_integers_are_integers(number: str) -> None:
    with pytest.raises(ApiError, match=r"cannot unmarshal (number|string) .*T\.count of type int64"):
        gojson.decode(f'{{"count":{number}}}'.encode(), KINDS, "T")


@pytest.mark.parametrize("number", ["1e400", "3.5e38", "-1e39", "NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_cannot_carry_back_are_refused(number: str) -> None:
    with pytest.raises(ApiError):
        gojson.decode(f'{{"share":{number}}}'.encode(), KINDS, "T")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "EOF"), (b"  \n", "EOF"),
        (b"{", "unexpected EOF"), (b'{"a', "unexpected EOF"), (b'{"a":', "unexpected EOF"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"), (b"[" * 100_000, "exceeded max depth"),
        (b"7", "json: cannot unmarshal number 7 into Go value of type T"),
        (b"\xff", "invalid character"), (b'{"name":"a\nb"}', "invalid character '\\n' in string literal"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(body: bytes, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        gojson.decode(body, KINDS, "T")
    assert raised.value.message.startswith(f"bad request body: {reason}")
    assert raised.value.status == 400


def test_half_a_surrogate_pair_is_replaced() -> None:
    found = gojson.decode(b'{"name":"a\\ud800b"}', KINDS, "T")
    assert found == {"name": "a\ufffdb"}
    assert gojson.encode(found) == '{"name":"a\ufffdb"}'.encode()
