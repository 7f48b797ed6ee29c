"""`x-harness: recovery`: when performance counts as recovered."""

from __future__ import annotations

from pydantic import Field

from harness.stack.base import Fraction, Seconds
from harness.stack.xharness.base import Block


class Recovery(Block):
    """When performance counts as recovered."""

    within: Seconds = Field(
        default=30.0, description="How long recovery may take.", json_schema_extra={"default": "30s"}
    )
    tolerance: Fraction = Field(
        default=0.10,
        description="How far from the baseline still counts as equal.",
        json_schema_extra={"default": "10%"},
    )
    confidence: Fraction = Field(
        default=0.95, description="How sure the harness has to be.", json_schema_extra={"default": "95%"}
    )
