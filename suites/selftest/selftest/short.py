"""The short form of the self-tests, for every commit: a few runs of the table, chosen by their seed and number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Short:
    """One run of the table of a seed, by its number."""

    seed: int
    case: int
    title: str

    @property
    def words(self) -> tuple[str, ...]:
        """The command's arguments for it."""
        return "--seed", str(self.seed), "--case", str(self.case), "--jobs", "1"

    @property
    def results(self) -> str:
        """Where its result is."""
        return f"out/case-{self.case}/results.jsonl"


SHORT_HONESTY: tuple[Short, ...] = ()
SHORT_STARVATION = ("--clean", "1", "--repeat", "1", "--defects", "1", "--jobs", "1", "--limit", "200")
