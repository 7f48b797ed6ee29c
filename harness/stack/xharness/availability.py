"""`x-harness: availability`: what counts as available while a release is deployed or taken back."""

from __future__ import annotations

from pydantic import Field

from harness.stack.base import Fraction, Seconds
from harness.stack.xharness.base import Block


class Availability(Block):
    """What counts as available while a release is deployed or taken back."""

    latency: Seconds | None = Field(
        default=None,
        description="An answer that takes longer is late, and counts as none; "
        "left out, ten times the p99 of the baseline, and 1s at least.",
    )
    longest_outage: Seconds = Field(
        default=1.0,
        description="How long requests may be due without one good answer in time.",
        json_schema_extra={"default": "1s"},
    )
    budget: Fraction = Field(
        default=0.01,
        description="The largest share of requests that may fail or be answered late.",
        json_schema_extra={"default": "1%"},
    )
