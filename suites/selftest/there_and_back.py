"""The gate's round trip up to where its first rollback is judged: for tests of what comes before that."""

from __future__ import annotations

from dataclasses import replace

from harness.plan.gate import Gate, round_trip
from harness.plan.plan import Plan


def there_and_back(gate: Gate) -> Plan:
    """Deploy, look, roll back, look: the steps of the gate, word for word, without the second rollback and the second
    deployment, which the tests of the gate itself have.
    """
    whole = round_trip(gate)
    names = [step.about for step in whole.steps]
    return replace(whole, steps=whole.steps[: names.index("second-rollback")])
