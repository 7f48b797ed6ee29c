"""That a defect is one, seen without the gate: its stack is brought up, the deployer is called, and one looks.

The same looks at the stock stack must show what they should there: a proof that the stock would give as well is none.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.deploy import build
from harness.engine import Engine
from harness.environment import Environment
from harness.history import History
from harness.plan.run_id import new_run_id
from harness.selftest.corpus import Corpus, Overlay
from harness.selftest.overlay import Look
from harness.selftest.working import WorkStopped
from harness.stack import load

WITHIN = 60.0  # s for a look
Numbered = tuple[str, int, Look]  # whose, the how manieth, and what


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look showed.

    Attributes:
        name: of the defect. number: of the look, from 1. stock: it was the stock that was looked at.
        expected: the regular expression that the output must fit. output: what was printed.
    """

    name: str
    number: int
    stock: bool
    expected: str
    output: str

    @property
    def held(self) -> bool:
        """It showed what it was to show."""
        return re.search(self.expected, self.output) is not None


@dataclass(frozen=True, slots=True)
class _Task:
    """What is brought up, what the deployer is called for, and how it is looked at. `overlay` None: the stock."""

    overlay: Overlay | None
    after: tuple[str, ...]
    looks: tuple[Numbered, ...]


def tasks(overlays: Sequence[Overlay], *, stock: bool) -> list[_Task]:
    """What there is to look at: each defect; and, where asked, the stock: once for all defects with the same calls of
    the deployer whose looks change nothing.
    """
    found, together = [], dict[tuple[str, ...], list[Numbered]]()
    for one in overlays:
        if one.defect is None:
            continue
        proof = one.defect.proof
        looks = tuple((one.name, number, look) for number, look in enumerate(proof.looks, 1))
        found.append(_Task(one, proof.after, looks))
        if stock and proof.changes:
            found.append(_Task(None, proof.after, looks))
        elif stock:
            together.setdefault(proof.after, []).extend(looks)
    return [*found, *(_Task(None, after, tuple(looks)) for after, looks in together.items())]


def prove(engine: Engine, corpus: Corpus, overlays: Sequence[Overlay], *, stock: bool, jobs: int = 1) -> Iterator[Seen]:
    """Look at defects, and where asked at the stock, `jobs` stacks side by side.

    Raises:
        EngineError: a stack cannot be brought up.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool:
        going = [pool.submit(_look, engine, corpus, task, stop) for task in tasks(overlays, stock=stock)]
        try:
            for one in going:
                yield from one.result()
        finally:  # of Ctrl-C, too: those that are up take theirs down, the others do not begin
            stop.set()
            pool.shutdown(cancel_futures=True)


def _look(engine: Engine, corpus: Corpus, task: _Task, stop: threading.Event) -> list[Seen]:
    def go_on() -> None:
        if stop.is_set():
            raise WorkStopped

    with TemporaryDirectory() as directory:
        file, overrides = corpus.stack_of(task.overlay, Path(directory) / "stack")
        stack = load(file, overrides)
        first, *_, last = stack.harness.releases
        history = History()
        with Environment(engine, stack, first, history, run=new_run_id(), test="proof") as environment:
            deployer = build(environment, history)
            for verb in task.after:
                go_on()
                deployer.deploy(last) if verb == "deploy" else deployer.rollback()
            seen = []
            for one in task.looks:
                go_on()
                seen.append(_seen(environment, task, *one))
            return seen


def _seen(environment: Environment, task: _Task, name: str, number: int, look: Look) -> Seen:
    service = look.in_ in environment.stack.services  # then its first replica is meant
    replica = environment[look.in_][0] if service else environment.replica(look.in_)
    answer = replica.run(f"{{ {look.run.strip()}\n}} 2>&1", WITHIN)
    expected = look.shows if task.overlay is not None else look.stock
    return Seen(name, number, task.overlay is None, expected, answer.stdout)
