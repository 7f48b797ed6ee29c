"""What answers promised: a file of JSON lines `[n, what]` beside the samples, `promises-<...>.jsonl`.

`n` is the request's number, `what` identifies the work that a good answer acknowledged. A line without its end was
being written when its writer was killed; readers leave it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def beside(samples: Path) -> Path:
    """The file for the promises of a workload whose samples go there."""
    return samples.with_name(f"promises-{samples.stem.removeprefix('samples-')}.jsonl")


def append(path: Path, promised: Iterable[Any]) -> None:
    """Append promises. Raises OSError."""
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in promised))
