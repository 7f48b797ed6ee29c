"""What every part of the block is."""

from __future__ import annotations

from typing import ClassVar

from harness.stack.base import Model


class Block(Model):
    """A part of the block. Unknown keys are refused, `x-` ones too."""

    extension_keys: ClassVar[bool] = False
