"""What changed since an earlier run, in words: every report shows the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since an earlier run, in words.

    Attributes:
        run: the earlier run, as it was named.
        headline: how much changed, in a line.
        groups: a title, and a line for each change. Empty where nothing did.
    """

    run: str
    headline: str
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
