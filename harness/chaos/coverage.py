"""What a campaign has tried, how often, and what chance is left that it has not seen a defect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.chaos.records import Element, Kept

RARE = 0.01  # a defect that shows in one of a hundred plans


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each thing was tried at each stage, by plans that were judged.

    Attributes:
        judged: how many plans passed or failed.
        tried: by (fault or act, stage, strategy).
        space: everything that the plans can try.
    """

    judged: int
    tried: dict[Element, int]
    space: tuple[Element, ...]

    @property
    def never(self) -> tuple[Element, ...]:
        """What can be tried and was not."""
        return tuple(one for one in self.space if not self.tried.get(one))

    @property
    def strategies(self) -> tuple[str, ...]:
        """The deployers, or strategies, that were tried or can be."""
        return tuple(dict.fromkeys(one[2] for one in (*self.space, *self.tried)))

    def table(self, strategy: str) -> tuple[tuple[str, ...], dict[str, dict[str, int]]]:
        """The stages, and by fault or act how often it was tried at each; a stage that it cannot be at is left out."""
        every = dict.fromkeys(one for one in (*self.space, *self.tried) if one[2] == strategy)
        stages = tuple(dict.fromkeys(stage for _, stage, _ in every))
        rows: dict[str, dict[str, int]] = {}
        for one in every:
            rows.setdefault(one[0], {})[one[1]] = self.tried.get(one, 0)
        return stages, dict(sorted(rows.items()))

    def missed(self, share: float = RARE) -> float:
        """The chance that a defect which shows in this share of plans has not been seen: 0 to 1.

        For plans that are drawn independently, (1 - share) to the power of their number. What could not be judged does
        not count: it would not have shown it.
        """
        return (1.0 - share) ** self.judged


def coverage(campaigns: Iterable[Kept]) -> Coverage:
    """Of campaigns together."""
    every = tuple(campaigns)
    tried: Counter[Element] = Counter()
    for kept in every:
        for plan in kept.plans:
            if plan.judged:
                tried.update(dict.fromkeys(plan.elements, 1))
    space = tuple(dict.fromkeys(one for kept in every for one in kept.about.space))
    return Coverage(sum(kept.judged for kept in every), dict(tried), space)
