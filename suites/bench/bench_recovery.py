"""How often each method says "recovered" where that is false, and where it is true.

    python -m suites.bench.bench_recovery [recording.npz | RUN ...]

Without arguments on the recording that lies beside it. RUN is the directory of a run whose subject and control did the
same for some minutes, as `python -m suites.bench.record` makes it. The intervals are Clopper-Pearson at 95 %; the
placements of one recording overlap, so they are narrower than they should be.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.checks._intervals import share_interval
from suites.bench.rates import METHODS, QUIET, Recording, cases, rate

COUNT = 400
ASKED = (("p50", 0.10), ("p95", 0.25), ("p99", 0.50))


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table of each recording."""
    for path in map(Path, arguments or [str(QUIET)]):
        recording = Recording.of_run(path) if path.is_dir() else Recording.load(path)
        print(f"{path.name}: {recording.end:.0f} s, baseline 60 s, hold 30 s, {COUNT} placements")
        print(f"{'':34}  {'at the margin':>22}  {'at 1.5 times it':>22}  {'truly recovered':>22}")
        for name, tolerance in ASKED:
            print(f"{name} within {100 * tolerance:.0f} %")
            for title, method in METHODS.items():
                cells = []
                for factor in (1 + tolerance, 1 + 1.5 * tolerance, 1.0):
                    share, count = rate(method, cases(recording, COUNT, factor), name, tolerance)
                    low, high = share_interval(round(share * count), count, 0.975)
                    cells.append(f"{100 * share:5.1f} % ({100 * low:4.1f}-{100 * high:5.1f})")
                print(f"  {title:<32}  {'  '.join(f'{cell:>22}' for cell in cells)}")


if __name__ == "__main__":
    main(sys.argv[1:])
