"""What answers promised: a file of JSON lines `[n, what]` beside the samples, `promises-<...>.jsonl`.

`n` is the request's number, `what` identifies the work that a good answer acknowledged. The history counts the lines,
as it counts the samples: see `harness.samples`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from harness.files import Kept


def beside(samples: Path) -> Path:
    """The file for the promises of a workload whose samples go there."""
    return samples.with_name(f"promises-{samples.stem.removeprefix('samples-')}.jsonl")


def append(file: Kept, promised: Collection[Any]) -> None:
    """Append promises. Raises OSError."""
    lines = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in promised)
    file.append(lines.encode(), len(promised))
