"""A run, and what it does step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from harness.events._body import Body, Number


class RunStart(Body, frozen=True, rename={"from_": "from"}):
    """A run begins."""

    kind: ClassVar[str] = "run.start"

    harness: str = ""  # version of the harness
    run: str = ""  # the run's name
    engine: str = ""  # the container engine, in words
    machine: Mapping[str, Any] = {}  # what the run ran on, without its name; `memory_bytes` in bytes
    versions: Mapping[str, str] = {}  # of the libraries on which the evidence depends
    stack: str = ""  # the stack's name
    file: str = ""  # of the stack, absolute
    overrides: Sequence[str] = ()  # the files that were merged into it, absolute
    stack_digests: Sequence[Mapping[str, str]] = ()  # in older histories: of a `part` of the stack, the digest `said`
    from_: str = ""  # the release that the environment is brought up on
    to: str = ""  # the release that is deployed
    test: str = ""  # the test that made the run, by pytest's id
    plan: str = ""  # the plan's name
    original: Any = None  # the outage that is replayed
    command: Sequence[str] = ()  # the command line
    not_looked_at: Sequence[str] = ()  # what the declared load does not look at, in words
    # What the stack is made of: digest, two spaces and path, as `sha256sum` writes them; or a part of the stack in
    # parentheses, `(service web)`, without secrets.
    files: Sequence[str] = ()


class RunEnd(Body, frozen=True):
    """A run came to its end."""

    kind: ClassVar[str] = "run.end"

    outcome: str  # `pass`, `fail` or `unknown`
    reason: str  # why, in a sentence
    exit_code: int | None  # of the command
    events: int | None = None  # how many came before this one
    sha256: str | None = None  # of their lines


class RunError(Body, frozen=True):
    """An error ended a run."""

    kind: ClassVar[str] = "run.error"

    what: str  # in a sentence
    message: str  # all that is known
    exit_code: int | None  # of the command; null where the error has none


class PlanShown(Body, frozen=True):
    """The plan that is run."""

    kind: ClassVar[str] = "plan"

    plan: Mapping[str, Any]  # as its file has it
    text: Sequence[str]  # the lines in which it is printed


class PlanStepStart(Body, frozen=True):
    """A step of the plan begins."""

    kind: ClassVar[str] = "plan.step.start"

    number: int | None  # from 1
    name: str  # the step's, as plans spell it
    title: str  # what it does
    planned: str | None  # the phase that the plan names
    changes: bool  # it may change which release a replica runs


class PlanStepEnd(Body, frozen=True):
    """A step of the plan ended."""

    kind: ClassVar[str] = "plan.step.end"

    number: int | None  # from 1
    done: bool  # false where an error or the plan itself ended it


class PlanLeftOut(Body, frozen=True):
    """A plan was not run, because the time that the run was given did not suffice. It is no part of the verdict."""

    kind: ClassVar[str] = "plan.left-out"

    name: str  # the plan's
    seconds: Number | None  # how long it was thought to take
    budget: Number | None  # seconds for the whole run


class StepStart(Body, frozen=True):
    """Something that takes time begins."""

    kind: ClassVar[str] = "step.start"

    name: str  # what it is
    title: str  # in words


class StepEnd(Body, frozen=True):
    """It is over."""

    kind: ClassVar[str] = "step.end"

    start: int | None  # id of its `step.start`
    name: str  # what it is
    ok: bool  # no exception ended it
    seconds: Number | None  # how long it took
    error: str | None  # the exception, in words


class Note(Body, frozen=True):
    """Something that a reader should know."""

    kind: ClassVar[str] = "note"

    text: str  # in words


class IncidentLink(Body, frozen=True):
    """An entry in the timeline of a replayed outage."""

    kind: ClassVar[str] = "incident"

    key: str  # the link of the chain
    text: str  # what happened
