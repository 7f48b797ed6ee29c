"""Follows the log files of replicas: what is new in them, and what became of them. Asks, records, never judges.

`follower.py` is the follower of one log that is a file, `pattern.py` of one that is several, `output.py` of a
container's stdout or stderr; `view.py` is one who looks at it, `window.py` what is told to that one, `audience.py`
all who look; `file.py` reads a file from where it was left; `directory.py` tells what stands beside it and who has
it open, `parts.py` and `rotated_parts.py` see to what was rotated away; `lines.py`, `records.py`, `sequence.py`,
`times.py` and `texts.py` turn bytes into counts; `levels.py` and `styles.py` know what loggers write, `errors.py`,
`exceptions.py` and `kinds.py` which records tell an error.
"""

from __future__ import annotations

from harness.probes.logs.follower import LogFollower
from harness.probes.logs.output import STREAMS, OutputFollower
from harness.probes.logs.pattern import PatternFollower
from harness.probes.logs.spec import LogReplica, LogSpec, OutputReplica
from harness.probes.logs.view import View

__all__ = [
    "STREAMS",
    "LogFollower",
    "LogReplica",
    "LogSpec",
    "OutputFollower",
    "OutputReplica",
    "PatternFollower",
    "View",
]
