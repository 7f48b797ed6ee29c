"""What it costs to keep secrets out of a history: recording events with it and without it, and reading evidence.

A ratio within one run: both are measured in turn, and the best of each counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.history import EVENTS, History
from harness.redaction import Redactor
from suites.raw import raw

SECRETS = [f"{number * 7919:x}-Zx9secretPw{number}" for number in range(20)]
PROCESSES = [[pid, 1, "python3", 123456.5, "S"] for pid in range(300)]
ROUNDS, EACH = 7, 500


class Nothing(Redactor):
    """Hides nothing, at no cost."""

    def event(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the base class's
        """The data as it is."""
        return dict(data)


def _fields(kind: str, number: int) -> dict[str, Any]:
    common = {"replica": "backend-2", "error": None, "phase": "deployed", "environment": "h1f2e3d4c"}
    if kind == "probe.replica":
        return {**common, "list": PROCESSES, "cpu": number / 7}
    if kind == "deployer.line":
        return {**common, "start": 7, "stream": "out", "text": f"[{number}/500] backend-2: draining, {number} sessions"}
    return {**common, "release": "4.1.1"}


def cost(kind: str, redactor: Redactor) -> float:
    """Seconds for each event, in a file."""
    with tempfile.TemporaryDirectory() as name:
        history = History(Path(name, EVENTS), redactor=redactor)
        began = time.perf_counter()
        for number in range(EACH):
            history.record(raw(kind, **_fields(kind, number)))
        took = time.perf_counter() - began
        history.close()
    return took / EACH


def _best(works: Sequence[Callable[[], float]]) -> list[float]:
    found = [[work() for work in works] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*found, strict=True)]


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the figures."""
    redactor, nothing = Redactor(SECRETS), Nothing()
    for kind in ("probe.release", "probe.replica", "deployer.line"):
        hidden, plain = _best([lambda kind=kind: cost(kind, redactor), lambda kind=kind: cost(kind, nothing)])  # type: ignore[misc]
        print(f"record {kind:14} {hidden * 1e6:7.1f} us, without {plain * 1e6:7.1f} us: {hidden / plain:.2f} times")
    log = "\n".join(
        f"2026-11-29 08:00:{n % 60:02} GET /environments/{n}/resume 202 worker-{n % 7}" for n in range(5000)
    )
    began = time.perf_counter()
    redactor.text(log)
    print(f"evidence of {len(log) / 1e3:.0f} kB: {(time.perf_counter() - began) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
