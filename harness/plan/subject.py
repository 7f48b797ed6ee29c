"""The environment as a test sees it: it can also be asked which release it runs."""

from __future__ import annotations

from harness.environment import Environment
from harness.environment.fingerprint import take
from harness.errors import NotMeasured
from harness.fingerprint import Fingerprint
from harness.probes import release as release_probe


class Subject(Environment):
    """An environment that knows the stack's probes."""

    def releases(self) -> dict[str, str | None]:
        """Ask every replica which release it runs; None where none was told. Recorded in the history."""
        found: dict[str, str | None] = {}
        for service, probe in self.stack.harness.probes.release.items():
            for event in release_probe.probe(self.history, self[service], probe.command, probe.field):
                found[str(event.data["replica"])] = event.data["release"]
        return found

    def fingerprint(self, name: str = "") -> Fingerprint:
        """Its state now, reduced to what can be compared; recorded in the history.

        `after == before` holds when nothing differs but what the stack declares with a reason (`state: allow:`), and
        raises NotMeasured when that cannot be told.

        Args:
            name: what checks refer to it by; its phase will do as well.
        """
        return take(self.history, self.stack, self.replicas, name)

    def runs(self, release: str) -> bool:
        """Every replica that can be asked says that it runs this release.

        Raises:
            NotMeasured: a replica could not be asked, or the stack declares no probe for it: that is no answer.
        """
        found = self.releases()
        silent = [replica for replica, runs in found.items() if runs is None]
        if silent or not found:
            raise NotMeasured(
                "Which release runs could not be asked",
                where=", ".join(silent) or f"{self.stack.file}: x-harness.probes.release",
                got="no answer" if silent else "no probe is declared",
                expected="the release that each replica runs",
            )
        return set(found.values()) == {release}
