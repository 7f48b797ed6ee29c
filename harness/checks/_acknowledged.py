"""What answers acknowledged, held against what was found of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.checks._evidence import listed
from harness.samples import FINAL, OK, Stream

EXAMPLES = 3  # that are named


def promised(stream: Stream, before: float, due: list[str], untold: list[str]) -> None:
    """Add what was promised before a moment of the history, in the order of the requests; and that of which no good
    answer is there, so that it is not known when it was promised.
    """
    good = stream.records[(stream.records["flags"] & (FINAL | OK)) == (FINAL | OK)]
    ended = dict(zip(good["n"].tolist(), (stream.at + good["intended"] + good["latency"]).tolist(), strict=True))
    for n, what in sorted(stream.promises):
        if n not in ended:
            untold.append(what)
        elif ended[n] <= before:
            due.append(what)


def asked_for(stream: Stream, there: Mapping[str, int]) -> list[str]:
    """What is there and was asked for by this workload, promised or not."""
    promised = {what for _, what in stream.promises}
    return [what for what in there if what in promised or (stream.key and what.startswith(f"{stream.key}-"))]


def some(found: Sequence[str]) -> str:
    more = len(found) - EXAMPLES
    return listed(found[:EXAMPLES]) + (f" and {more} more" if more > 0 else "")
