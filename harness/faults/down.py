"""Nothing listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._links import LinkFault, Needs
from harness.proxy.client import Toxic


class Down(LinkFault):
    """Connections are refused, and those that are open are closed. It has no lease: a link that is down stays down
    until it is healed, or its environment is gone.
    """

    needs: ClassVar[tuple[Needs, ...]] = ("refused",)
    toxicity: float = Field(default=1.0, ge=1, le=1)  # none is refused by chance

    def toxics(self) -> Sequence[Toxic]:
        """None: the listener is closed."""
        return ()

    def what(self) -> str:
        """In words."""
        return "no connection"
