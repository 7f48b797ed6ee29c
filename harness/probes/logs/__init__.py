"""Follows the log files of replicas: what is new in them, and what became of them. Asks, records, never judges.

`follower.py` is the follower of one log, `view.py` one who looks at it, `window.py` what is told to that one,
`audience.py` all who look; `file.py` reads a file from where it was left;
`directory.py` tells what stands beside it and who has it open, `parts.py` and `rotated_parts.py` see to what was
rotated away; `lines.py`, `records.py`, `times.py` and `sequence.py` turn bytes into counts.
"""

from __future__ import annotations

from harness.probes.logs.follower import LogFollower
from harness.probes.logs.spec import LogReplica, LogSpec
from harness.probes.logs.view import View

__all__ = ["LogFollower", "LogReplica", "LogSpec", "View"]
