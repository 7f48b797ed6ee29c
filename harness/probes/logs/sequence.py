"""The numbers by which records count themselves: what is missing, and what came twice."""

from __future__ import annotations

from typing import Any

from harness.events.log import Numbers

MAX_LISTED = 5  # gaps and repetitions that are spelt out


class Sequence:
    """Goes on over files and windows, until a mark.

    A number of 0 or 1 after a larger one is a writer that began again, and no gap.

    Attributes:
        missing: numbers that were passed over.
        repeated: records whose number is not above the one before.
        restarts: times that it began again.
        unreadable: records without a number.
        shown: the first gaps and repetitions, in words.
        last: the last number.
    """

    def __init__(self, last: int | None = None) -> None:
        self.missing = self.repeated = self.restarts = self.unreadable = 0
        self.shown: list[str] = []
        self.last = last

    def add(self, numbers: list[Any]) -> None:
        """Take the numbers of records in their order; what is no whole number counts as unreadable."""
        if not numbers:
            return
        if self.last is not None and numbers == list(range(self.last + 1, self.last + 1 + len(numbers))):
            self.last += len(numbers)
            return
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int):
                self.unreadable += 1
                continue
            if self.last is not None and number != self.last + 1:
                self._irregular(number, self.last)
            if self.last is None or number > self.last or number in (0, 1):
                self.last = number

    def _irregular(self, number: int, last: int) -> None:
        if number > last:
            self.missing += number - last - 1
            until = "" if number == last + 2 else f" to {number - 1}"
            self._show(f"{last + 1}{until} missing")
        elif number in (0, 1) and last > 1:
            self.restarts += 1
        else:
            self.repeated += 1
            self._show(f"{number} again after {last}")

    def _show(self, words: str) -> None:
        if len(self.shown) < MAX_LISTED:
            self.shown.append(words)

    def fields(self) -> Numbers:
        """For `probe.log`."""
        return Numbers(self.last, self.missing, self.repeated, self.restarts, self.unreadable, list(self.shown))
