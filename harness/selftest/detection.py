"""Gates of a corpus: which defects they see, and whether they alarm on what is harmless.

The overlays come in random order. A gate gets a copy of the stack that does not say what was done to it; only the
results know the name.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.selftest.corpus import Corpus, Overlay
from harness.selftest.detected import detected
from harness.selftest.examining import Left
from harness.selftest.gating import GateRunner
from harness.selftest.honesty import Runner
from harness.selftest.table import Case, Result
from harness.selftest.variants import GateVariant

TITLE = "gate"  # of every case: nothing else is done to it


def table(overlays: Sequence[Overlay], seed: int, *, repeat: int = 1, arguments: Sequence[str] = ()) -> Iterator[Case]:
    """So many gates of each overlay, in an order that the seed decides."""
    rounds = random.Random(seed)  # noqa: S311 - it must be the same again
    n = 0
    for _ in range(repeat):
        order = list(overlays)
        rounds.shuffle(order)
        for one in order:
            variant = GateVariant(one.name, one.defect is not None, {}, (), (*one.declared.gate, *arguments))
            yield Case(n, TITLE, variant)
            n += 1


def sample(corpus: Corpus, turn: int, *, defects: int, variants: int) -> tuple[Overlay, ...]:
    """So many of each kind, others each turn: all of them have come when the turns have gone round."""
    return (*_turned(corpus.defects, turn, defects), *_turned(corpus.variants, turn, variants))


def _turned(overlays: Sequence[Overlay], turn: int, count: int) -> list[Overlay]:
    # Neighbours in the alphabet are alike, so the order is another one, and always the same.
    order = sorted(overlays, key=lambda one: random.Random(one.name).random())  # noqa: S311
    return [order[(turn * count + n) % len(order)] for n in range(min(count, len(order)))]


@dataclass(frozen=True, slots=True)
class DetectionRunner(Runner):
    """Runs gates of overlays."""

    corpus: Corpus | None = None

    def run(self, case: Case, stop: threading.Event) -> Result:
        """Run one. Stopped when the event was set meanwhile."""
        assert self.corpus is not None
        with self.place(case) as directory:
            overlay = self.corpus[case.variant.name]
            stack, overrides = self.corpus.stack_of(overlay, directory / "stack")
            told = replace(case, variant=replace(case.variant, overrides=overrides))
            ended = GateRunner(told, stack, directory, limit=self.limit + overlay.declared.soak).wait(stop)
            return self.judged(case, replace(ended, touches=({"what": TITLE},)))

    def details(self, case: Case, left: Left, touches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the gate saw."""
        del touches
        assert self.corpus is not None
        defect = self.corpus[case.variant.name].defect
        seen = detected(left.events, defect.named_by if defect is not None else ())
        about = {"class": defect.class_, "suffers": defect.suffers} if defect is not None else {"class": None}
        gate = " ".join(case.variant.arguments)
        return {**seen.to_data(), **about, "gate": gate, "on": time.strftime("%Y-%m-%d", time.gmtime())}
