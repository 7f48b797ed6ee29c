"""Names that cannot be resolved."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from harness.faults._acts import Act, Seen, apply
from harness.faults._base import Active, FaultContext
from harness.faults._undo import Undo
from harness.faults.dns._hosts import HostsAct, NamesFault

if TYPE_CHECKING:
    from harness.environment import Environment
    from harness.environment.replica import Replica

NOBODY = "nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n"


class Failing(NamesFault):
    """Names of services and replicas mean nothing any more. Connections to them are ended once, so that the names are
    asked for; who keeps an address goes on using it.
    """

    simulates: ClassVar[str] = "a name server that is down, a record that was deleted"
    how: ClassVar[str] = "the names go from /etc/hosts, and the name server is one where nobody answers"
    needs: ClassVar[str] = "a replica whose /etc/hosts root can write"
    outage: ClassVar[str] = (
        "Amazon DynamoDB, October 2025: automation left the record of a regional endpoint empty, and nothing could "
        "connect any more (aws.amazon.com/message/101925)"
    )

    def what(self) -> str:
        """In words."""
        return "failing resolution"

    def inject(self, context: FaultContext) -> Active:
        """Do it on every replica that is meant."""
        names = self.wanted(context)
        acts = [_Nothing(context.environment, one, names) for one in self.replicas(context)]
        return apply(context.environment.engine, acts)

    def act(self, environment: Environment, replica: Replica) -> Act:
        """What it does to one, for all names."""
        return _Nothing(environment, replica, ())


class _Nothing(HostsAct):
    def undoing(self) -> Sequence[Undo]:
        return [self.undo(self.put_back)]

    def do(self) -> None:
        self.do_it(
            f"set -e\n{self.keep}\nprintf %s {shlex.quote(self.without())} > /etc/hosts\n"
            f"printf '{NOBODY}' > /etc/resolv.conf"
        )
        self.start()

    def seen(self) -> Seen:
        effect = self.replica.run("cat /etc/hosts").stdout == self.without()
        asked = self.moved("Udp.NoPorts")
        said = f"it asked in vain {asked} times" if effect else "/etc/hosts was written by somebody else"
        return Seen(effect, asked > 0, said, {"asked": asked})
