"""What a history indexes: the samples of each workload, what was promised, and what was read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.samples.records import Records


@dataclass(frozen=True, slots=True)
class Stream:
    """One workload's samples.

    Attributes:
        start: id of its `workload.start`.
        environment: whose load it was.
        arm: `subject`, or `control` for the untouched environment beside it.
        at: the second of the history at which it began.
        began: the same in Unix time.
        key: request n carries `<key>-<n>` where its template says `{key}`.
        requests: names of the requests of the mix, by number.
        servers: names of those who answered, by number; several numbers may have one name.
        releases: that their answers named, by the same number; empty for none.
        forms: the names in the JSON of their answers, by the same number; left out where that was not told.
        records: of `SAMPLE`, in the order of their ends.
        problem: why the records are not all there, in words; empty where nothing is known to be missing.
        promises: request's number and what identifies the work that its answer acknowledged.
        promises_problem: why the promises are not all there, in words; empty where nothing is known to be missing.
    """

    start: int
    environment: str
    arm: str
    at: float
    began: float
    key: str
    requests: tuple[str, ...]
    servers: Mapping[int, str]
    records: Records
    problem: str = ""
    promises: tuple[tuple[int, str], ...] = ()
    promises_problem: str = ""
    releases: Mapping[int, str] = field(default_factory=dict)
    forms: Mapping[int, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of all workloads of a history, in the order in which those began.

    Attributes:
        readbacks: by the id of a `probe.readback` or a `probe.effect`, how often each piece of work was found. One
            whose file is not to be had is left out.
        unread: why it is left out, in words.
    """

    streams: tuple[Stream, ...] = ()
    readbacks: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)

    def of(self, environment: str, arm: str | None = None) -> tuple[Stream, ...]:
        """Those of an environment, and of an arm where one is named."""
        return tuple(one for one in self.streams if one.environment == environment and arm in (None, one.arm))

    def problems(self) -> tuple[str, ...]:
        """Everything that the history refers to and that is not there as it was written, in words."""
        found = [said for one in self.streams for said in (one.problem, one.promises_problem)]
        return tuple(dict.fromkeys(said for said in (*found, *self.unread.values()) if said))


NO_SAMPLES = Samples()  # of a history without a workload
