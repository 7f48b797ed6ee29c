"""What every part of the block is."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from harness.stack.base import Model, wrong


class Block(Model):
    """A part of the block. Unknown keys are refused, `x-` ones too."""

    extension_keys: ClassVar[bool] = False


def regex(value: Any) -> Any:
    """A regular expression of Python's, as it is written."""
    if not isinstance(value, str):
        raise wrong("a regular expression", "put the value in quotes")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise wrong(f"a regular expression ({error})") from None
    return value
