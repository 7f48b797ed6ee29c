"""What a rule looks at: what happened in one environment, attempt by attempt of the deployer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import TypeAdapter, ValidationError

from harness.checks._evidence import Findings, listed
from harness.checks._fingerprints import compared
from harness.checks.deployer import last_words
from harness.event import Event, of
from harness.events import DeployerEnd, DeployerStart, EnvironmentUp, ProbeRelease, RunStart, VerdictGiven
from harness.fingerprint import Allowance
from harness.fingerprint.compare import Difference
from harness.verdict import Outcome

MAX_NAMES = 3  # names that a sentence spells out
COMPARING = ("trace", "second-deployment", "one-way")  # checks of fingerprints
_ALLOWANCES = TypeAdapter(tuple[Allowance, ...])


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a pattern of verdicts and events is called.

    Attributes:
        sentence: what happened, without the full stop; a person who was not there understands it.
        kind: the class of rollback failures that it belongs to; docs/diagnosis.md lists them.
        evidence: ids of the events that show it.
        look: what to look at next.
        explains: ids of the failed verdicts that follow from it.
        certainty: 1 where it was seen, 2 where it is concluded, 3 where it only says what failed.
        name: of the rule; filled in by who asks it.
    """

    sentence: str
    kind: str
    evidence: tuple[int, ...]
    look: str
    explains: tuple[int, ...]
    certainty: int = 1
    name: str = ""


@dataclass(frozen=True)
class Stage:
    """What was seen between the end of one attempt of the deployer and the beginning of the next.

    Attributes:
        events: in order.
        attempt: what the deployer did before; None for the time before its first.
    """

    events: tuple[Event, ...]
    attempt: Attempt | None = None

    @cached_property
    def releases(self) -> dict[str, Event[ProbeRelease]]:
        """The last answer of each replica about its release."""
        return {event.body.replica: event for event in of(self.events, ProbeRelease)}

    @cached_property
    def failed(self) -> tuple[Event[VerdictGiven], ...]:
        """The failed verdicts; of one that was given twice in a phase the last counts."""
        found = {(event.phase, event.body.check): event for event in of(self.events, VerdictGiven)}
        return tuple(one for one in found.values() if one.body.outcome == Outcome.FAIL and one.body.check != "run")

    def failing(self, *checks: str) -> tuple[Event[VerdictGiven], ...]:
        """The failed verdicts of these checks, or of all."""
        return tuple(one for one in self.failed if not checks or one.body.check in checks)

    def passed(self, check: str) -> bool:
        """A verdict of this check passed here, and none of it did anything else."""
        found = [event.body.outcome for event in of(self.events, VerdictGiven) if event.body.check == check]
        return bool(found) and set(found) == {str(Outcome.PASS)}


@dataclass(frozen=True)
class Attempt:
    """A deployment or a rollback.

    Attributes:
        verb: `deploy` or `rollback`.
        release: the target, as the deployer was told; None where it was not.
        number: which in a row of attempts of this verb it is, from 1: after a rollback the second rollback is number 2.
        nth: which of this verb it is, from 1.
        end: how it ended; None where it did not.
        words: the last line of its output.
        of_half: it takes back a deployment that was stopped half-way.
        after: what was seen afterwards.
    """

    verb: str
    release: str | None
    number: int
    nth: int
    start: Event[DeployerStart]
    end: Event[DeployerEnd] | None
    words: str
    of_half: bool = False
    after: Stage = field(repr=False, default_factory=lambda: Stage(()))

    @property
    def well(self) -> bool:
        """The deployer says that it went well."""
        return self.end is not None and self.end.body.ended == "exit" and self.end.body.exit_code == 0

    @property
    def stopped(self) -> bool:
        """It was ended from outside, as a plan wanted it."""
        return self.end is not None and self.end.body.ended == "stopped"

    @property
    def name(self) -> str:
        """`the rollback`, `the second rollback`, `the second deployment`, `the rollback of half a deployment`."""
        which = {1: "", 2: "second ", 3: "third "}.get(self.nth, f"{self.nth}th ")
        what = "rollback" if self.verb == "rollback" else "deployment"
        return f"the {which}{what}{' of half a deployment' if self.of_half else ''}"

    @property
    def ended(self) -> str:
        """`ended with exit code 1`, `ran into its timeout`, with its last words."""
        if self.end is None:
            return "did not end"
        body = self.end.body
        how = "ran into its timeout" if body.ended == "timeout" else f"ended with exit code {body.exit_code}"
        how = how if body.ended in ("exit", "timeout") else f"did not come to an end of its own ({body.ended})"
        return how + (f": {self.words}" if self.words else "")

    @property
    def ids(self) -> tuple[int, ...]:
        """Its own events."""
        return (self.start.id,) if self.end is None else (self.start.id, self.end.id)


@dataclass(frozen=True)
class Case:
    """One environment of a history.

    Attributes:
        events: its events, in order.
        before: what was seen before the deployer did anything.
        attempts: what the deployer did, in order.
        old, new: the release that ran at first, and the one that was deployed first; empty where it is not known.
    """

    events: tuple[Event, ...]
    before: Stage
    attempts: tuple[Attempt, ...]
    old: str
    new: str

    @classmethod
    def of(cls, events: Iterable[Event], about: RunStart) -> Case:
        """Take apart what is said of one environment."""
        every = tuple(events)
        before, attempts = _attempts(every)
        ran = Counter(event.body.release for event in of(before.events, ProbeRelease) if event.body.release)
        up = [event.body.release for event in of(every, EnvironmentUp)]
        old = next((name for name, _ in ran.most_common(1)), "") or next(iter(up), "") or about.from_
        deployed = [one.release for one in attempts if one.verb == "deploy" and one.release]
        return cls(every, before, attempts, old, next(iter(deployed), about.to))

    @property
    def rollbacks(self) -> tuple[Attempt, ...]:
        """The rollbacks after which the old release ought to run, as far as the plan asks for that."""
        return tuple(one for one in self.attempts if one.verb == "rollback")

    @property
    def deployments(self) -> tuple[Attempt, ...]:
        """The deployments that came to an end of their own."""
        return tuple(one for one in self.attempts if one.verb == "deploy" and not one.stopped)

    def differences(self, stage: Stage, *checks: str) -> dict[int, tuple[Difference, ...]]:
        """What differs between the fingerprints that the failed verdicts of a stage compared, by the verdict's id."""
        found = {}
        for verdict in stage.failing(*(checks or COMPARING)):
            asked = verdict.body.parameters or {}
            try:
                allow = _ALLOWANCES.validate_python(asked.get("allow") or ())
            except ValidationError:
                continue
            # As the check compared them: with what the load moves by itself, and with what was new in between.
            told = compared(Findings(""), self.events, str(asked.get("before", "")), verdict.phase or "", allow)
            if told is not None:
                found[verdict.id] = told.differences
        return found


def _attempts(events: tuple[Event, ...]) -> tuple[Stage, tuple[Attempt, ...]]:
    ends = {event.body.start: event for event in of(events, DeployerEnd)}
    starts = [one for one in of(events, DeployerStart) if one.body.verb in ("deploy", "rollback")]
    first = starts[0].id if starts else float("inf")
    before = Stage(tuple(event for event in events if event.id < first))
    found: list[Attempt] = []
    times: Counter[str] = Counter()
    for start in starts:
        verb, end = start.body.verb, ends.get(start.id)
        until = next((one.id for one in of(events, DeployerStart) if one.id > start.id), float("inf"))
        row = found[-1].number + 1 if found and found[-1].verb == verb else 1
        times[verb] += 1
        words = last_words(events, end) if end is not None else ""
        half = verb == "rollback" and bool(found) and found[-1].stopped
        attempt = Attempt(verb, start.body.release, row, times[verb], start, end, words, half)
        since = end.id if end is not None else start.id
        stage = Stage(tuple(event for event in events if since < event.id < until), attempt)
        object.__setattr__(attempt, "after", stage)
        found.append(attempt)
    return before, tuple(found)


def names(found: Collection[str], every: Collection[str] = (), *, all_of_them: str = "every replica") -> str:
    """`backend-3`, `backend-1 and backend-2`, `every replica`, `backend-1, backend-2, backend-3 and 4 more`."""
    chosen = list(dict.fromkeys(found))
    if len(chosen) > 1 and set(chosen) == set(every):
        return all_of_them
    if len(chosen) <= MAX_NAMES:
        return listed(chosen)
    return f"{', '.join(chosen[:MAX_NAMES])} and {len(chosen) - MAX_NAMES} more"


def ids(*groups: Iterable[Event | int | None]) -> tuple[int, ...]:
    """The ids of events, each once, in order."""
    found = (one if isinstance(one, int) else one.id for group in groups for one in group if one is not None)
    return tuple(sorted(set(found)))
