"""Hold a phase for minutes, so that what grows slowly is seen."""

from __future__ import annotations

from harness.checks.growth import finds
from harness.plan.steps.hold import Hold


class Soak(Hold):
    """Hold a phase for so long that leaks show, and judge it by checks: as `hold`; and the plan says beforehand
    which growth its length finds.
    """

    def title(self) -> str:
        """What it does."""
        return f"{super().title()}; finds {finds(self.seconds)}"
