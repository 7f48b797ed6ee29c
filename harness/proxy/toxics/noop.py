"""Nothing, for trying out."""

from __future__ import annotations

from .base import Stage


class Noop(Stage):
    """Passes everything on."""

    type = "noop"
