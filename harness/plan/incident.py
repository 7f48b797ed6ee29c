"""The outage of April 2012, replayed: every link of its causal chain must happen again, and be seen.

The same script is not run a second time on the mended deployer: there the gate passes, and the script's first link (a
silent log) does not happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness import reading
from harness.deploy import Deployment, RunsCommands
from harness.errors import UsageError
from harness.plan.gate import Gate, recovered, standing
from harness.plan.link import Link, Part
from harness.plan.trial import Trial
from harness.stack import nodetree
from harness.stack.quantities import per_second
from harness.verdict import Outcome, Verdict, combine

SLOW_FOR = 6.0  # s of the day's load that are measured before and after the configuration is changed
TESTS_FOR = 5.0  # s of the night's load for each look
DRAINS_WITHIN = 120.0  # s that the queue may take after the manual rollback
BASELINE = "by-day"  # the phase that performance is compared with
EVENT = "incident"  # the kind of the events that make up our timeline


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Original(_Model):
    """A line of the original's timeline: minutes from its start, its clock, and which event of ours is the same."""

    minute: int
    time: str
    event: str
    text: str


Rate = Annotated[float, BeforeValidator(lambda value: per_second(str(value)))]


class Rates(_Model):
    """The load by night, when was deployed, and by day, when it hurt; requests per second."""

    night: Rate
    day: Rate


class Commands(_Model):
    """What was done beside deploying and rolling back; commands of the deployer."""

    fix_forward: tuple[str, ...] = Field(alias="fix-forward")
    configure: tuple[str, ...]
    manual_rollback: tuple[str, ...] = Field(alias="manual-rollback")


SCRIPT = 64 << 10  # bytes that one may have


class Incident(_Model):
    """What is replayed, on which stack, and how the original went."""

    stack: Path
    override: tuple[Path, ...]
    old: str = Field(alias="from")
    new: str = Field(alias="to")
    rates: Rates
    commands: Commands
    original: tuple[Original, ...]

    @classmethod
    def load(cls, file: Path) -> Incident:
        """Read the script of an incident; its paths count from its own directory.

        Raises:
            UsageError: no such file, not YAML, or not the script of an incident.
        """
        hint = "run it in a checkout, or name the script: harness incident PATH/fixtures/reference/incident.yaml"
        content = reading.text(file, "The incident's script", most=SCRIPT, hint=hint)
        try:
            nodetree.count(content, str(file))
            found = cls.model_validate(yaml.safe_load(content))
        except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as error:
            raise UsageError("This is not the script of an incident", where=str(file), got=str(error)) from error
        root = file.parent
        return found.model_copy(
            update={"stack": root / found.stack, "override": tuple(root / one for one in found.override)}
        )


@dataclass
class Replay:
    """One replay, link by link. Each link is recorded as an event of our timeline and judged: it passes when what
    happened then happened again.
    """

    trial: Trial
    incident: Incident
    gate: Gate

    def run(self) -> Verdict:
        """Replay everything; a link that breaks ends it, because what follows would be another story."""
        self.trial.use_rate(self.incident.rates.day)
        for link in (self.baseline, self.deploy, self.logs, self.rollback, self.fix, self.slow, self.repair):
            if not link():
                break
        else:
            self.trial.environment.failed = False  # the failures were the script
        return combine(self.trial.verdicts)

    def baseline(self) -> bool:
        """The old release under the day's load: what performance is compared with."""
        self._look(BASELINE, SLOW_FOR)
        return self._link("by-day", "", *(Part(BASELINE, one) for one in standing(self.trial, BASELINE, self.gate.old)))

    def deploy(self) -> bool:
        """By night the hot-fix goes out: no errors, no downtime."""
        self.trial.use_rate(self.incident.rates.night)
        self._happened("deploy-started", f"deploy {self.gate.new}")
        with self.trial.phase("hot-fix"), self.trial.measured("hot-fix"):
            ended = self.trial.deployer.deploy(self.gate.new)
        seen = [_ended("deploy", ended), self._asked("availability", "hot-fix")]
        return self._link("deployed", "no errors, no downtime", *seen)

    def logs(self) -> bool:
        """The tests find that logs are silent."""
        self._look("hot-fix-out", TESTS_FOR)
        seen = self._asked("logs", "hot-fix-out", release=self.gate.new)
        return self._link("logs-silent", "the logs are not being updated", seen, expected=Outcome.FAIL)

    def rollback(self) -> bool:
        """The rollback fails halfway, and leaves registry and fleet at odds."""
        self._happened("rollback-started", "rollback")
        with self.trial.phase("first-rollback"), self.trial.measured("first-rollback"):
            ended = self.trial.deployer.rollback()
        self._look("rollback-failed", TESTS_FOR)
        well = _ended("rollback", ended)
        seen = well if well.verdict else self._asked("registry", "rollback-failed")
        return self._link("rollback-failed", "the rollback fails: a stale cached row", seen, expected=Outcome.FAIL)

    def fix(self) -> bool:
        """The logs are mended forward, and by night all tests pass."""
        fixed = self._command("fix-forward", self.incident.commands.fix_forward)
        self._look("fixed-forward", TESTS_FOR)
        logs = self._asked("logs", "fixed-forward", release=self.gate.new)
        if not self._link("fixed-forward", "the log problem is fixed forward", fixed, logs):
            return False
        tests = [
            self._asked("release", "fixed-forward", release=self.gate.new),
            self._asked("health", "fixed-forward"),
            self._asked("errors", "fixed-forward"),
        ]
        return self._link("tests-pass", "the tests pass", *tests)

    def slow(self) -> bool:
        """With the day's load everything is slow, and a configuration that is mended changes nothing."""
        self.trial.use_rate(self.incident.rates.day)
        self._look("slow", SLOW_FOR)
        if not self._link("slow", "slow under the day's load", *self._pace("slow"), expected=Outcome.FAIL):
            return False
        configured = self._command("configure", self.incident.commands.configure)
        if not configured.verdict:
            return self._link("still-slow", "a configuration is fixed", configured)
        self._look("still-slow", SLOW_FOR)
        seen = self._pace("still-slow")
        return self._link("still-slow", "a configuration is fixed: no better", *seen, expected=Outcome.FAIL)

    def repair(self) -> bool:
        """The manual rollback repairs it, and the queue drains."""
        self._happened("manual-rollback", f"manual rollback to {self.gate.old}")
        repaired = self._command("manual-rollback", self.incident.commands.manual_rollback)
        self._look("repaired", TESTS_FOR)
        seen = [
            repaired,
            self._asked("release", "repaired", release=self.gate.old),
            self._asked("registry", "repaired"),
            self._asked("logs", "repaired", release=self.gate.old),
        ]
        depth = self.trial.queue_level("still-slow")
        if not self._link("stable", f"the servers are stable; {depth:g} jobs had piled up", *seen):
            return False
        with self.trial.phase("draining"):
            self.trial.drain(self.trial.queue_level(BASELINE), DRAINS_WITHIN)
        drained = self._asked("queue", "draining", baseline=BASELINE, within=DRAINS_WITHIN)
        if not self._link("drained", "the queue is drained", drained):
            return False
        began = self.trial.history.clock.monotonic()
        self._look("recovered", TESTS_FOR)
        back = recovered(self.trial, "recovered", began=began, hold=TESTS_FOR, baseline=BASELINE)
        return self._link("recovered", "performance is back", Part("recovered", back))

    def _command(self, title: str, command: Sequence[str]) -> Part:
        """Run another command of the deployer; it passes when the command says that it is done."""
        deployer = self.trial.deployer
        if not isinstance(deployer, RunsCommands):
            raise UsageError(
                "The stack's deployer runs no commands",
                where=f"{self.trial.stack.file}: x-harness.deployer",
                expected="deploy and rollback as commands: an incident runs more of them, such as a fix",
            )
        with self.trial.phase(title):
            return _ended(title, deployer.run(title, command))

    def _pace(self, phase: str) -> list[Part]:
        """Whether resumes keep up with the load: jobs pile up, or answers are grossly slower, or both."""
        queue = self._asked("queue", phase, baseline=BASELINE, within=0.0)
        return [queue, self._asked("performance", phase, baseline=BASELINE)]

    # -- how a link is recorded ----------------------------------------------------------------------------------------

    def _look(self, phase: str, seconds: float) -> None:
        with self.trial.phase(phase):
            self.trial.watch(phase, seconds)

    def _asked(self, check: str, phase: str, **parameters: Any) -> Part:
        return Part(phase, self.trial.verdict(check, phase=phase, **parameters))

    def _happened(self, key: str, text: str) -> None:
        self.trial.history.record(EVENT, key=key, text=text)

    def _link(self, key: str, text: str, *seen: Part, expected: Outcome = Outcome.PASS) -> bool:
        """Judge a link: what was seen must be what it was then."""
        made = Link(key, text, expected, seen)
        verdict = made.verdict()
        if text:
            self._happened(key, text if verdict else verdict.reason)
        self.trial.judge(verdict, "outage", link=made.data())
        return bool(verdict)


def _ended(title: str, ended: Deployment) -> Part:
    """What a command of the deployer says of itself."""
    outcome = Outcome.PASS if ended.claims_success else Outcome.FAIL
    last = ended.tail[-1].strip() if ended.tail else "no output"
    how = f"{title} ended with exit code {ended.exit_code}: {last}"
    return Part(title, Verdict(title, outcome, how, (ended.event,)))


def timeline(events: Sequence[Any]) -> list[tuple[float, str, str]]:
    """Our timeline: (seconds since the first event of the incident, key, text)."""
    found = [event for event in events if event.kind == EVENT]
    began = found[0].since_start if found else 0.0
    return [(event.since_start - began, event.data["key"], event.data["text"]) for event in found]
