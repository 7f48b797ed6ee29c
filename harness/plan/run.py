"""A run: its directory, its history, its engine, and the environments that it brings up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import msgspec

from harness import __version__, proc
from harness.engine import Engine
from harness.engine.sweep import sweep
from harness.environment import Environment, Keep
from harness.errors import HarnessError, NoSpace, UsageError, unwritable
from harness.events import Note, RunEnd, RunError, RunStart
from harness.history import EVENTS, History
from harness.plan.control import ControlSpec, SharedControl, end_all, join
from harness.plan.inputs import recorded
from harness.plan.machine import machine, versions
from harness.plan.run_id import new_run_id
from harness.plan.subject import Subject
from harness.redaction import Redactor
from harness.signals import cleaning_up_after, in_words, uninterrupted
from harness.stack import Stack
from harness.verdict import Outcome, Verdict


class OfStack(TypedDict):
    """What `run.start` records of a stack: enough to find it again, and to tell whether it has changed."""

    stack: str
    file: str
    overrides: list[str]
    files: tuple[str, ...]


def of_stack(stack: Stack, releases: Iterable[str] = ()) -> OfStack:
    """What `run.start` records of a stack.

    Args:
        releases: those that the run has to do with; all of them if empty.
    """
    overrides = [str(path) for path in stack.overrides]
    files = recorded(stack, tuple(dict.fromkeys(releases)) or tuple(stack.harness.releases))
    return OfStack(stack=stack.name, file=str(stack.file), overrides=overrides, files=files)


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is run.

    Attributes:
        out: the directory in which each run gets its own.
        keep: which environments are left up at the end.
        worker: the pytest-xdist worker, or `main`.
        id: the run's name; a new one if empty. Workers of one run share it.
        name: of the part of the run that this is, e.g. the test; it gets a directory of its own in the run's.
        seed: of what faults leave to chance; None draws one for each environment.
        redactor: what hides the stack's secrets in the history and in everything else that the run keeps.
        owner: the process whose end ends the run's controls (`harness.proc.identity`); this one if empty.
    """

    out: Path = Path("runs")
    keep: Keep = "never"
    worker: str = "main"
    id: str = ""
    name: str = ""
    seed: int | None = None
    owner: str = ""
    redactor: Redactor = field(default_factory=Redactor)


class Run:
    """Opens a directory and a history, sweeps what dead runs left, and brings environments up.

    Attributes:
        id: its name.
        directory: where everything of it is saved.
        history: its record, `events.jsonl` in that directory.
        progress: called with (image, line) while images are built; may be set before the first environment.

    Args:
        engine: where the environments run.
        options: how.
        facts: what `run.start` records beside the engine and the machine.
    """

    def __init__(self, engine: Engine, options: Options, facts: RunStart | None = None) -> None:
        self.engine, self._options = engine, options
        self.id = options.id or new_run_id()
        self.directory = options.out / self.id
        if options.name:
            self.directory = _unused(self.directory / options.name)
        self.progress: Callable[[str, str], None] | None = None
        try:
            self.history = History(self.directory / EVENTS, redactor=options.redactor)
        except OSError as error:
            problem = unwritable("The run's directory cannot be written", self.directory, error)
            if not isinstance(problem, NoSpace):
                problem = UsageError(problem.what, where=problem.where, got=problem.got, hint=problem.hint)
            raise problem from error
        self._facts = facts or RunStart()
        self._environments: list[Subject] = []

    def __enter__(self) -> Self:
        return self

    def start(self) -> None:
        """Record what is run where, and sweep what dead runs left on the engine.

        Raises:
            NoSpace, Unwritable: the history cannot be written; nothing has been done then.
        """
        self.history.record(
            msgspec.structs.replace(
                self._facts,
                harness=__version__,
                run=self.id,
                engine=self.engine.describe(),
                machine=machine(),
                versions=versions(),
            )
        )
        self.history.check()
        swept = sweep(self.engine)
        if swept.environments or swept.images or swept.held:
            self.history.record(Note(str(swept)))
        for problem in swept.problems:
            self.history.record(Note(f"the sweep of dead runs: {problem}"))

    def environment(self, stack: Stack, release: str, *, test: str, releases: Sequence[str] = ()) -> Subject:
        """An environment of this run, not up yet: use it in a `with` block.

        Args:
            releases: those that its replicas may be replaced by; their images are built before anything starts.
        """
        made = Subject(
            self.engine,
            stack,
            release,
            self.history,
            run=self.id,
            worker=self._options.worker,
            test=test,
            keep=self._options.keep,
            evidence=self.directory / "evidence",
            progress=self.progress,
            seed=self._options.seed,
            releases=releases,
        )
        self._environments.append(made)
        return made

    def samples(self, environment: Environment) -> Path:
        """Where the workload's samples of an environment are saved."""
        return self.directory / f"samples-{environment.id}.bin"

    def control(self, stack: Stack, release: str, rate: float | None = None) -> SharedControl:
        """The run's untouched environment under a load of its own, to compare with; brought up by who asks first.

        Args:
            rate: requests per second; None for the declared load.

        Raises:
            NotMeasured: it could not be brought up, or broke.
        """
        owner = self._options.owner or proc.identity()
        return join(ControlSpec(stack, release, self.id, owner, rate), self._options.out / self.id, self.history.clock)

    def end(self, verdict: Verdict, exit_code: int) -> None:
        """Record the verdict of the whole run."""
        self.history.end(RunEnd(str(verdict.outcome), verdict.reason, exit_code))

    def failed(self, error: BaseException) -> Verdict:
        """Record an error that ended the run; its verdict is unknown, whatever was judged before."""
        self.engine.name_in(error)
        self.history.redactor.error(error)  # from here on it is shown: in reports, on the terminal, by a test's report
        what = error.what if isinstance(error, HarnessError) else in_words(error)
        code = getattr(error, "exit_code", None)
        self.take_down()
        message = "\n".join([str(error), *getattr(error, "__notes__", ())])
        self.history.record(RunError(what, message, code))
        return Verdict("run", Outcome.UNKNOWN, what)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with cleaning_up_after(error):
                self.take_down()
                if not self._options.owner:  # else it is one of several parts of a run, whose owner ends them
                    with uninterrupted():
                        end_all(self._options.out / self.id)
            if kind is None:
                self.history.check(whole=True)
        finally:
            self.history.close()

    def take_down(self) -> None:
        """Take down what still stands: Ctrl-C may have come just where an environment's own end began."""
        for environment in [one for one in self._environments if one.standing]:
            self._environments.remove(environment)
            try:
                environment.down()
            except HarnessError as problem:
                self.history.record(Note(f"{environment.id} could not be taken down: {problem.what}"))

    @property
    def kept(self) -> tuple[Subject, ...]:
        """The environments that were left up on purpose."""
        return tuple(environment for environment in self._environments if environment.kept)


def _unused(directory: Path) -> Path:
    """The directory, or the first of `<name>-2`, `<name>-3`, ... that is not there: a test may run twice."""
    candidates = itertools.chain(
        [directory], (directory.with_name(f"{directory.name}-{n}") for n in itertools.count(2))
    )
    return next(one for one in candidates if not one.exists())
