"""What faults of artefacts share: the directory or file of a release on a replica, and whether the deployer came by."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from harness.faults._acts import ReplicaFault, Seen
from harness.faults._scripts import ScriptAct
from harness.faults.deployment._deployer import links_of, said

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica


class ArtefactFault(ReplicaFault):
    """A fault of a release's files on replicas.

    Attributes:
        path: the directory or file, absolute.
    """

    positional: ClassVar[tuple[str, ...]] = ("on", "path")

    path: str = Field(pattern=r"^/.+[^/]$")


class ArtefactAct(ScriptAct):
    """What is done to a release's files on one replica. The deployer has met it when it has spoken to the replica."""

    def __init__(self, environment: Environment, replica: Replica, path: str) -> None:
        super().__init__(environment, replica)
        # Not beside it: a deployer that cleans up takes what it does not know away there.
        self.path, self.kept = path, f"{self.own}.kept"
        self._links, self._said = links_of(environment, replica.name), 0

    def start(self) -> None:
        """Count from here on."""
        self.begin()
        self._said = said(self.environment, self._links) or 0

    def inode(self, path: str) -> str:
        """Which file is at a path; empty for none."""
        return self.ask(f"stat -c %i {shlex.quote(path)} 2>/dev/null || true")

    def met(self, effect: bool, what: str) -> Seen:
        """What is to be seen: `what` is the case, and whether the deployer has come by."""
        now = said(self.environment, self._links)
        sent = None if now is None else now - self._said
        words = "whether the deployer came by is not counted" if sent is None else f"the deployer sent it {sent} bytes"
        return Seen(effect, None if sent is None else sent > 0, f"{what}, and {words}", {"bytes": sent})
