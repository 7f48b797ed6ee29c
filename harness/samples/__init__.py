"""The samples of a workload: every request of it, in a compact binary file beside the history.

A file is the 16 bytes of `MAGIC`, then one record of `SAMPLE` (36 bytes, little-endian) for each attempt of each
request, in the order in which they ended.

| field | meaning |
| --- | --- |
| `intended` | when the request was due, in seconds since the workload began. Attempts of one request share it |
| `id` | what `{id}` stood for; -1 for none |
| `n` | its number in the schedule, from 0 |
| `sent` | seconds after `intended` at which this attempt was sent: the first one's is the generator's own lateness |
| `latency` | seconds from `intended` to the end of the answer, or to the moment in which the attempt was given up |
| `outcome` | the HTTP status, or below 100 one of `CODES` |
| `server` | who answered: a number that a `workload.name` event gives a name; 0 for unknown |
| `request` | which request of the mix, as in `workload.start`: `requests` |
| `attempt` | 1, or more where the retry model sent it again |
| `flags` | `OK`: the answer passed its checks; `CANARY`; `FINAL`: no further attempt follows |

The history indexes it. `workload.start` names the file and says at which second of the history it begins (`at`), so
`at + intended` is on the history's axis; `workload` events name the numbers of their window, `first` to before `last`.

The history counts it. A `workload.saved` event stands before every window, before every verdict that needs samples and
at the end of the load: so many records, with this SHA-256, are in the file by now. Readers take what the last such
event counts and nothing beyond: a run that is killed may leave more, and a part of a record. A file that holds less, or
something else, is no evidence: its stream is empty and says why. The promises beside it are counted alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.event import Event
from harness.samples.codes import CANARY, CODES, FINAL, KEPT_CLOSED, OK, SHED
from harness.samples.stream import NO_SAMPLES, Samples, Stream

__all__ = ["CANARY", "CODES", "FINAL", "KEPT_CLOSED", "NO_SAMPLES", "OK", "SHED", "Samples", "Stream", "read"]


def read(directory: Path, events: Iterable[Event]) -> Samples:
    """The samples that a history indexes.

    A file that is missing, cut off or changed leaves its stream empty, with the reason in `problem`: what needs it is
    unknown.

    Args:
        directory: where the history lies; the files' names count from there.
        events: of the history.

    Raises:
        HistoryError: an event that indexes them cannot be read.
    """
    from harness.samples.reading import indexed  # numpy, which a dry run has no figures for

    return indexed(directory, events)
