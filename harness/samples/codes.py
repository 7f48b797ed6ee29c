"""What the fields of a record mean: flags, and outcomes that are no HTTP status."""

from __future__ import annotations

OK, CANARY, FINAL = 1, 2, 4
CODES = {  # outcomes that are no HTTP status; 0 is never written
    1: "timeout",
    2: "connection refused",
    3: "connection reset",
    4: "closed before the whole answer",
    5: "not HTTP",
    6: "answer too large",
    7: "network error",
    8: "shed",
    9: "unexpected answer",
    10: "the callable raised",
    11: "TLS failed",
    12: "answered",  # by something that has no HTTP status: raw TCP, a callable
    13: "kept connection closed before any answer",
}
KEPT_CLOSED = 13  # the other side gave up an idle connection, and perhaps never saw the request: no failure by itself
SHED = 8  # not sent, because too many were in flight; counts as a failure
