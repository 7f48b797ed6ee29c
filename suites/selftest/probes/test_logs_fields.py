"""The reader of declared fields takes what Python's reader of JSON takes, and finds in it what that finds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from harness.probes.logs.fields import FieldReader
from harness.probes.logs.lines import MAX_LINE_BYTES, decoded
from harness.probes.logs.records import PIECE, pieces

NAMES = ("@timestamp", "release", "n")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(st.sampled_from([*NAMES, "other", "é", "a.b"]), VALUES, max_size=6)


def reference(lines: list[bytes]) -> tuple[int, dict[str, list[Any]]]:
    records = []
    for line in lines:
        try:
            record = json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            records.append(record)
    return len(records), {name: [record.get(name) for record in records] for name in NAMES}


@given(st.lists(st.tuples(RECORDS, st.booleans()), max_size=8))
def test_records_are_read_as_pythons_reader_reads_them(records: list[tuple[dict[str, Any], bool]]) -> None:
    lines = [json.dumps(record, ensure_ascii=plain).encode("utf-8", "replace") for record, plain in records]
    assert repr(FieldReader(NAMES).read(lines)) == repr(reference(lines))  # repr: NaN equals itself


@given(st.lists(st.tuples(RECORDS, st.integers(0, 200), st.binary(max_size=3)), min_size=1, max_size=8))
@example([({"release": "4.1.0"}, 13, b"\xff")])
@example([({"release": 1.0}, 12, b"e999 ")])
def test_damaged_lines_are_told_from_records_as_pythons_reader_tells_them(
    records: list[tuple[dict[str, Any], int, bytes]],
) -> None:
    lines = []
    for record, at, instead in records:
        line = json.dumps(record).encode()
        lines.append((line[:at] + instead + line[at + len(instead) :]).replace(b"\n", b" "))
    assert repr(FieldReader(NAMES).read(lines)) == repr(reference(lines))


def test_space_around_a_record_is_none_of_its_own_and_what_is_no_object_is_no_record() -> None:
    lines = [b' {"n": 1}', b'{"n": 2}\r', b'\t{"n": 3} ', b"[1]", b"4", b'"n"', b"null", b"", b'{"n": 5}']
    assert FieldReader(["n"]).read(lines) == (4, {"n": [1, 2, 3, 5]})


def test_a_field_may_be_declared_for_two_things_and_none_at_all() -> None:
    assert FieldReader(["at", "at"]).read([b'{"at": 1}']) == (1, {"at": [1]})
    assert FieldReader([]).read([b'{"at": 1}', b"{", b"7"]) == (1, {})


@given(st.lists(st.integers(0, 3 * PIECE).map(lambda length: b"x" * length), max_size=5))
def test_pieces_are_whole_lines_and_nothing_is_lost(lines: list[bytes]) -> None:
    block = b"".join(line + b"\n" for line in lines)
    cut = list(pieces(block))
    assert b"".join(cut) == block
    assert all(one.endswith(b"\n") and (len(one) <= PIECE or one.count(b"\n") == 1) for one in cut)
    assert sum(len(decoded(one)) for one in cut) == len(lines)


def test_a_line_that_is_too_long_is_alone_in_its_piece() -> None:
    cut = list(pieces(b"a\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\nb\n"))
    assert [len(one) for one in cut] == [2, MAX_LINE_BYTES + 2, 2]
