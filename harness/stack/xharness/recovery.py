"""`x-harness: recovery`: when performance counts as recovered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.stack.base import Fraction, Seconds, Truth, wrong
from harness.stack.quantities import PERCENTAGE_PATTERN, fraction
from harness.stack.xharness.base import Block

# What one tolerance means for each quantile: the further out, the fewer requests it rests on, and the more it moves.
FACTORS = {"p50": 1.0, "p95": 2.5, "p99": 5.0}
LEAST_P99 = 0.25  # within 10 % a p99 is recognised as recovered in half of the cases only; that must not be promised


def _tolerance(value: Any) -> Any:
    if isinstance(value, str):
        one = _percentage(value)
        return {name: round(factor * one, 6) for name, factor in FACTORS.items()}
    if not isinstance(value, Mapping) or not value or set(value) - set(FACTORS):
        raise wrong('a percentage such as "10%", or a mapping of p50, p95, p99 to one each')
    made = {
        name: one if isinstance(one, float) else _percentage(str(one), f" for {name}") for name, one in value.items()
    }
    if made.get("p99", 1.0) < LEAST_P99:
        raise wrong(f"at least {LEAST_P99:.0%} for p99: less cannot be told from noise")
    return made


def _percentage(text: str, whose: str = "") -> float:
    try:
        found = fraction(text)
    except ValueError as error:
        raise wrong(f"{error}{whose}") from None
    if found <= 0.0:
        raise wrong(f"a percentage above 0%{whose}: nothing can be shown to be exactly equal")
    return found


class Recovery(Block):
    """When performance counts as recovered, once its cause is gone."""

    within: Seconds = Field(
        default=30.0, description="How long recovery may take.", json_schema_extra={"default": "30s"}
    )
    tolerance: Annotated[
        Mapping[str, float],
        BeforeValidator(_tolerance),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": PERCENTAGE_PATTERN},
                    {
                        "type": "object",
                        "properties": {name: {"type": "string", "pattern": PERCENTAGE_PATTERN} for name in FACTORS},
                        "additionalProperties": False,
                        "minProperties": 1,
                    },
                ]
            }
        ),
    ] = Field(
        default={"p50": 0.10, "p95": 0.25, "p99": 0.50},
        description="How much worse still counts as equal, of the median; p95 gets 2.5 times that, p99 5 times. "
        "Or a mapping of p50, p95 and p99 to one each; what is left out is not compared.",
        json_schema_extra={"default": "10%"},
    )
    errors: Fraction = Field(
        default=0.01, description="The largest share of requests that may fail.", json_schema_extra={"default": "1%"}
    )
    confidence: Fraction = Field(
        default=0.95, description="How sure the harness has to be.", json_schema_extra={"default": "95%"}
    )
    baseline: Seconds = Field(
        default=60.0,
        description="How long the baseline is measured; 120s on noisy machines.",
        json_schema_extra={"default": "60s"},
    )
    hold: Seconds = Field(
        default=30.0,
        description="How long performance has to be as it was, to count as recovered.",
        json_schema_extra={"default": "30s"},
    )
    control: Truth = Field(
        default=True,
        description="Whether an untouched environment runs beside, to tell the machine's noise from the release's.",
    )
