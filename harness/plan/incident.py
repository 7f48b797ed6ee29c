"""The outage of April 2012, replayed: every link of its causal chain must happen again, and be seen.

The same plan is not run a second time on the fixed deployer: there the gate passes, and the plan's first link (a silent
log) does not happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness import reading
from harness.checks import Check as CheckFunction
from harness.checks import availability, errors, health, logs, performance, queue, registry, release
from harness.errors import UsageError
from harness.events import IncidentLink
from harness.history import Event, of
from harness.plan.plan import Plan
from harness.plan.standing import standing
from harness.plan.steps import Step
from harness.plan.steps._check_call import CheckCall
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.drain import Drain, Level
from harness.plan.steps.hold import Hold
from harness.plan.steps.link import Link, Seen
from harness.plan.steps.load import Load
from harness.plan.steps.recover import Recover
from harness.plan.steps.rollback import Rollback
from harness.plan.steps.run import Run
from harness.stack import Stack, nodetree
from harness.stack.quantities import per_second

SLOW_FOR = 6.0  # s of the day's load that are measured before and after the configuration is changed
TESTS_FOR = 5.0  # s of the night's load for each look
DRAINS_WITHIN = 120.0  # s that the queue may take after the manual rollback
BASELINE = "by-day"  # the phase that performance is compared with


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


def replay(incident: Incident, stack: Stack) -> Plan:
    """The outage, link by link: each must happen again. A link that breaks ends it."""
    old, new, commands = incident.old, incident.new, incident.commands
    day, night = Load(rate=incident.rates.day), Load(rate=incident.rates.night)
    pace = (
        partial(queue.check, baseline=BASELINE, within=0.0),
        partial(performance.check, baseline=BASELINE),
    )
    steps: list[Step] = [
        # The old release under the day's load: what performance is compared with.
        day,
        _hold(BASELINE, SLOW_FOR),
        _link("by-day", "", *((BASELINE, asked) for asked in standing(stack, old, BASELINE))),
        # By night the hot-fix goes out: no errors, no downtime.
        night,
        Link(key="deploy-started", text=f"deploy {new}"),
        Deploy(phase="hot-fix", release=new),
        _link("deployed", "no errors, no downtime", "hot-fix", ("hot-fix", availability.check)),
        # The tests find that logs are silent.
        _hold("hot-fix-out", TESTS_FOR),
        _link("logs-silent", "the logs are not being updated", ("hot-fix-out", _logs(new)), expected="fail"),
        # The rollback fails half-way, and leaves registry and fleet at odds.
        Link(key="rollback-started", text="rollback"),
        Rollback(phase="first-rollback"),
        _hold("rollback-failed", TESTS_FOR),
        _link("rollback-refused", "", "first-rollback", expected="fail"),
        _link(
            "rollback-failed", "the rollback fails: a stale cached row", ("rollback-failed", registry.check),
            expected="fail",
        ),
        # The logs are fixed forward, and by night all tests pass.
        Run(phase="fix-forward", command=commands.fix_forward),
        _hold("fixed-forward", TESTS_FOR),
        _link("fixed-forward", "the log problem is fixed forward", "fix-forward", ("fixed-forward", _logs(new))),
        _link(
            "tests-pass", "the tests pass",
            ("fixed-forward", partial(release.check, release=new)), ("fixed-forward", health.check),
            ("fixed-forward", errors.check),
        ),
        # With the day's load everything is slow, and a configuration that is fixed changes nothing.
        day,
        _hold("slow", SLOW_FOR),
        _link("slow", "slow under the day's load", *(("slow", asked) for asked in pace), expected="fail"),
        Run(phase="configure", command=commands.configure),
        _link("configured", "", "configure"),
        _hold("still-slow", SLOW_FOR),
        _link(
            "still-slow", "a configuration is fixed: no better", *(("still-slow", asked) for asked in pace),
            expected="fail",
        ),
        # The manual rollback repairs it, and the queue drains.
        Link(key="manual-rollback", text=f"manual rollback to {old}"),
        Run(phase="manual-rollback", command=commands.manual_rollback),
        _hold("repaired", TESTS_FOR),
        _link(
            "stable", "the servers are stable; {queue:still-slow} jobs had piled up", "manual-rollback",
            ("repaired", partial(release.check, release=old)), ("repaired", registry.check), ("repaired", _logs(old)),
        ),
        Drain(phase="draining", until=Level(within=DRAINS_WITHIN, baseline=BASELINE)),
        _link(
            "drained", "the queue is drained",
            ("draining", partial(queue.check, baseline=BASELINE, within=DRAINS_WITHIN)),
        ),
        _hold("recovered", TESTS_FOR),
        Recover(phase="recovered", baseline=BASELINE, within=stack.harness.recovery.within, hold=TESTS_FOR),
        _link("recovered", "performance is back", ("recovered", performance.check)),
    ]  # fmt: skip
    return Plan("incident", "the outage of April 2012", old, new, tuple(steps))


def _hold(phase: str, seconds: float) -> Hold:
    return Hold(phase=phase, seconds=seconds)


def _logs(which: str) -> CheckFunction:
    return partial(logs.check, release=which)


def _link(
    key: str, text: str, *seen: str | tuple[str, CheckCall | CheckFunction], expected: Literal["pass", "fail"] = "pass"
) -> Link:
    """A link; what is seen is (phase, check), or the phase of a command of the deployer."""
    parts = []
    for one in seen:
        phase, check = (one, None) if isinstance(one, str) else one
        parts.append(
            Seen(phase=phase, check=check if check is None or isinstance(check, CheckCall) else CheckCall.of(check))
        )
    return Link(key=key, text=text, seen=tuple(parts), expected=expected)


def timeline(events: Sequence[Event]) -> list[tuple[float, str, str]]:
    """Our timeline: (seconds since the first event of the incident, key, text)."""
    found = of(events, IncidentLink)
    began = found[0].since_start if found else 0.0
    return [(event.since_start - began, event.body.key, event.body.text) for event in found]
