"""What faults share that change a replica by shell texts."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from harness.errors import HostError
from harness.faults._acts import Act, unavailable
from harness.faults._traffic import Traffic
from harness.faults._undo import Undo, run

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class ScriptAct(Act):
    """What is done to one replica by shell texts, as root.

    Attributes:
        number: tells what this one leaves in the replica from what others do.
    """

    def __init__(self, environment: Environment, replica: Replica) -> None:
        self.environment, self.replica, self.place = environment, replica, replica.name
        self.number = secrets.token_hex(4)
        self.traffic: Traffic | None = None

    @property
    def own(self) -> str:
        """A path in the replica, beside whatever the fault is about, that nobody else has."""
        return f"/tmp/.rollback-harness.{self.number}"  # noqa: S108 - in the replica, and its name is drawn

    def begin(self, *, both: bool = True) -> None:
        """Count the traffic from here on."""
        self.traffic = Traffic(self.environment, self.place, both=both)

    @property
    def bytes(self) -> int | None:
        """That passed its links since; None where that is not counted."""
        return self.traffic.bytes if self.traffic else None

    def undo(self, shell: str, *, privileged: bool = False) -> Undo:
        """What runs this, should another process have to."""
        return Undo(self.place, self.replica.container_id, shell=shell, privileged=privileged)

    def do_it(self, shell: str, *, privileged: bool = False) -> str:
        """Run it; its words.

        Raises:
            HostError: it failed.
        """
        code, said = self.try_it(shell, privileged=privileged)
        if code != 0:
            raise HostError(
                "A fault did not take effect", where=self.place, got=said or f"exit code {code}", expected="exit code 0"
            )
        return said

    def try_it(self, shell: str, *, privileged: bool = False) -> tuple[int, str]:
        """Run it; its exit code and words."""
        container = self.replica.container_id
        return run(self.environment.engine, container, self.place, shell, privileged=privileged)

    def rights(self, fault: str, capability: int) -> bool:
        """Whether the engine has to lend its own rights for something that needs a capability, by number: not where the
        stack gives the service the capability.

        Raises:
            FaultUnavailable: the service does not have it, and the engine does not lend it.
        """
        held = self.ask("sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status")
        if held and int(held, 16) >> capability & 1:
            return False
        try:
            self.try_it(":", privileged=True)
        except HostError as error:
            raise unavailable(
                fault, self.place, f"an exec with all rights is refused: {(error.got or '').splitlines()[0]}",
                "an engine that lets an exec be privileged, or a service that has the right itself (`cap_add`)",
            ) from error  # fmt: skip
        return True

    def ask(self, shell: str) -> str:
        """What a shell text prints, without the line's end; whatever its exit code."""
        return self.replica.run(shell).stdout.strip()

    def count(self, shell: str) -> int:
        """The number that a shell text prints; 0 where it prints none."""
        said = self.ask(shell)
        return int(said) if said.isdigit() else 0
