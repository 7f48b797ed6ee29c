"""Paths that name several files: `/var/log/app/*.log`, as a shell reads them."""

from __future__ import annotations

import re
import shlex

_WILD = re.compile(r"(\*|\?|\[[^\]/]+\])")


def is_pattern(path: str) -> bool:
    """Whether it names more than one file."""
    return _WILD.search(path) is not None


def for_shell(path: str) -> str:
    """The path as a word of a shell, which finds the files: everything but `*`, `?` and `[...]` is quoted."""
    return "".join(one if _WILD.fullmatch(one) else shlex.quote(one) for one in _WILD.split(path) if one)
