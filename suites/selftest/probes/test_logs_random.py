"""The follower against random writers and rotators: a model knows every record, and which of them can still be had.

No record is counted twice, none is invented, none is missed that could be had, and what could not be had is named.
"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from suites.selftest.probes.test_logs import Followed
from suites.selftest.probes.writer import Writer
from suites.soak import many

OPS = st.sampled_from(
    [
        "by_name", "by_name", "by_handle", "by_handle", "by_handle", "poll", "poll", "poll", "reopen", "reopen",
        "rename", "rename", "copytruncate", "truncate", "delete", "compress",
    ]
)  # fmt: skip
pytestmark = pytest.mark.soak
SLOW = settings(max_examples=many(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(st.lists(OPS, max_size=16))
@example(["by_name", "poll", "by_name", "rename", "by_name", "rename", "by_name"])
@example(["by_name", "poll", "by_name", "copytruncate", "by_name", "copytruncate", "by_name"])
@example(["by_handle", "poll", "delete", "by_handle", "poll", "by_handle", "reopen", "by_handle"])
@example(["by_name", "poll", "rename", "poll", "by_handle", "poll", "by_handle", "reopen"])
@example(["rename", "by_handle", "by_name", "copytruncate"])
@example(["delete", "by_handle", "by_name", "rename", "delete"])
def test_every_record_is_read_once_or_named_as_lost(ops: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Followed(Path(folder), text="before\n")
        writer = Writer(log)
        try:
            for op in ops:
                getattr(writer, op)()
            writer.poll()
        finally:
            writer.close()
        data = log.follower.report().data
        assert data["error"] is None
        assert len(log.seen) == len(set(log.seen)), "a record was counted twice"
        assert set(log.seen) <= set(writer.written), "a record was invented"
        missed = set(writer.written) - set(log.seen)
        assert missed <= set(writer.lost), "a record was missed that could be had"
        if missed - set(writer.unknowable):
            assert data["losses"] or data["unread_parts"], "records were lost, and nobody says so"
        if not writer.emptied and not writer.dropped:
            assert data["losses"] == [], "a loss was named where nothing was lost"
            assert sorted(log.seen) == sorted(writer.written)


@settings(SLOW, max_examples=many(10))
@given(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["rename", "reuse"]))
def test_a_replacement_is_reported(before: int, after: int, how: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = Followed(Path(folder), text="before\n")
        log.write(before)
        log.follower.poll()
        if how == "rename":
            log.path.rename(f"{log.path}.1")
        else:
            log.path.unlink()
        log.path.touch()
        log.write(after)
        data = log.follower.report().data
        assert (data["state"], data["records"]) == ("replaced", before + after)
