"""Many words as one pattern that looks at each character once, so that many cost little more than a few."""

from __future__ import annotations

import re
from collections.abc import Sequence


def tree(words: Sequence[str]) -> str:
    """A regular expression that finds any of these words, which may not be empty."""
    if len(words) == 1:
        return re.escape(words[0])
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    if "" in branches:  # one of them ends here: what is longer is found by it
        return ""
    made = [re.escape(first) + tree(rest) for first, rest in branches.items()]
    return made[0] if len(made) == 1 else f"(?:{'|'.join(made)})"
