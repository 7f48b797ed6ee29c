"""What the generator says arrives as it was said, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.workload.messages import Damaged, framed, read

SAID: list[tuple[dict[str, Any], bytes]] = [
    ({"began": 1.5, "wall": 2.5}, b""),
    ({"due": 3, "names": {"1": "backend-1"}}, bytes(range(36)) * 2),
    ({"due": 5, "names": {}}, b""),
    ({"due": 9, "names": {}}, b"\n\n{}" * 9),
    ({"end": "stopped"}, b""),
]
FRAMES = [framed(number, line, more) for number, (line, more) in enumerate(SAID)]
WHOLE = b"".join(FRAMES)


def heard(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """What is read of these bytes before they are found to be damaged."""
    found: list[tuple[dict[str, Any], bytes]] = []
    try:
        for line, more in read(io.BytesIO(data)):
            found.append(({key: value for key, value in line.items() if key not in ("number", "bytes")}, more))
    except Damaged:
        pass
    return found


def test_every_message_arrives() -> None:
    assert heard(WHOLE) == SAID


@given(st.integers(0, len(WHOLE)))
def test_a_stream_that_is_cut_off_brings_what_came_whole(at: int) -> None:
    assert heard(WHOLE[:at]) == SAID[: len(heard(WHOLE[:at]))]


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_byte_that_changed_on_its_way_is_never_believed(at: int, by: int) -> None:
    spoilt = WHOLE[:at] + bytes([WHOLE[at] ^ by]) + WHOLE[at + 1 :]
    found = heard(spoilt)
    assert found == SAID[: len(found)]
    assert len(found) < len(SAID)


@pytest.mark.parametrize("number", range(len(FRAMES) - 1))
def test_a_message_that_is_lost_doubled_or_late_is_noticed(number: int) -> None:
    lost = FRAMES[:number] + FRAMES[number + 1 :]
    doubled = FRAMES[: number + 1] + FRAMES[number:]
    late = [*FRAMES[:number], FRAMES[number + 1], FRAMES[number], *FRAMES[number + 2 :]]
    for spoilt, whole in ((lost, number), (doubled, number + 1), (late, number)):
        with pytest.raises(Damaged, match="was due"):
            list(read(io.BytesIO(b"".join(spoilt))))
        assert heard(b"".join(spoilt)) == SAID[:whole]
