"""A link of a chain that is replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness import checks
from harness.events import DeployerEnd, DeployerLine, IncidentLink, VerdictGiven
from harness.plan.link import Link as Chained
from harness.plan.link import LinkPart
from harness.plan.steps._base import PhaseName, PlanEnded, Progress, Step
from harness.plan.steps._check_call import CheckCall
from harness.stack.base import Text, Word
from harness.stack.xharness.base import Block
from harness.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from harness.plan.trial import Trial

QUEUE = re.compile(r"\{queue:([a-z0-9_-]+)\}")


class Seen(Block):
    """What is looked at: a check of a phase, or what the deployer's command in it said of itself. Where a step before
    has judged the phase by that check, its verdict is taken.
    """

    phase: PhaseName = Field(description="The phase.")
    check: CheckCall | None = Field(default=None, description="The check; left out, the deployer's own word is taken.")

    def part(self, trial: Trial, progress: Progress) -> LinkPart:
        """What is seen."""
        name = progress.of(self.phase)
        if self.check is None:
            return LinkPart(name, _claim(trial, name))
        # A run has several environments, with phases of the same name.
        judged = trial.history.of(VerdictGiven, phase=name, environment=trial.environment.id)
        given = [event.body for event in judged if event.body.check == self.check.check]
        said = checks.verdict_of(given[-1]) if given else self.check.ask(trial, progress, name)
        return LinkPart(name, said)


class Link(Step):
    """Judge a link: what is seen must be what was seen then. A link that breaks ends the plan, because what follows
    would be another story.
    """

    key: Word = Field(description="Its name.")
    text: Text = Field(
        default="",
        description="What happened then, for the timeline; {queue:PHASE} stands for the jobs that were queued in a "
        "phase. Empty for what is only the ground of the others.",
    )
    expected: Literal["pass", "fail"] = Field(default="pass", description="What the checks said then.")
    seen: tuple[Seen, ...] = Field(
        default=(), description="What is looked at; nothing for a mere entry of the timeline."
    )

    def title(self) -> str:
        """What it does."""
        return f"link {self.key}" + (f": {self.text}" if self.text else "")

    def details(self) -> Iterator[str]:
        """What is looked at."""
        for one in self.seen:
            what = str(one.check) if one.check is not None else "what the deployer says"
            yield f"{what} [{one.phase}] must {self.expected}"

    def requires(self) -> tuple[str, ...]:
        """What the checks compare."""
        return tuple(
            need
            for one in self.seen
            for need in (one.check.requires(one.phase) if one.check is not None else (f"the phase {one.phase}",))
        )

    def run(self, trial: Trial, progress: Progress) -> None:
        """Judge."""
        text = QUEUE.sub(lambda found: f"{trial.queue_level(progress.of(found[1])):g}", self.text)
        if not self.seen:
            trial.history.record(IncidentLink(self.key, text))
            return
        parts = [one.part(trial, progress) for one in self.seen]
        made = Chained(self.key, text, Outcome(self.expected), parts)
        verdict = made.verdict()
        if text:
            trial.history.record(IncidentLink(self.key, text if verdict else verdict.reason))
        trial.judge(verdict, "outage", link=made.data())
        if not verdict:
            raise PlanEnded


def _claim(trial: Trial, phase: str) -> Verdict:
    """What a command of the deployer says of itself."""
    ends = trial.history.of(DeployerEnd, phase=phase, environment=trial.environment.id)
    if not ends:
        return Verdict("deployer", Outcome.UNKNOWN, f"no command of the deployer ran in {phase}")
    end = ends[-1].body
    said = [event.body.text for event in trial.history.of(DeployerLine) if event.body.start == end.start]
    last = said[-1].strip() if said else "no output"
    outcome = Outcome.PASS if end.ended == "exit" and end.exit_code == 0 else Outcome.FAIL
    return Verdict(end.verb, outcome, f"{end.verb} ended with exit code {end.exit_code}: {last}", (ends[-1].id,))
