"""A link of a chain that is replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from harness import checks
from harness.plan.link import EVENT, Part
from harness.plan.link import Link as Chained
from harness.plan.steps._asked import Asked
from harness.plan.steps._base import Ended, PhaseName, Progress, Step
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
    check: Asked | None = Field(default=None, description="The check; left out, the deployer's own word is taken.")

    def part(self, trial: Trial, progress: Progress) -> Part:
        """What is seen."""
        name = progress.of(self.phase)
        if self.check is None:
            return Part(name, _claim(trial, name))
        own = {"environment": trial.environment.id, "phase": name}  # a run has several, with phases of the same name
        judged = trial.history.select("verdict", check=self.check.check, **own)
        said = checks.verdict_of(judged[-1].data) if judged else self.check.ask(trial, progress, name)
        return Part(name, said)


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
            trial.history.record(EVENT, key=self.key, text=text)
            return
        parts = [one.part(trial, progress) for one in self.seen]
        made = Chained(self.key, text, Outcome(self.expected), parts)
        verdict = made.verdict()
        if text:
            trial.history.record(EVENT, key=self.key, text=text if verdict else verdict.reason)
        trial.judge(verdict, "outage", link=made.data())
        if not verdict:
            raise Ended


def _claim(trial: Trial, phase: str) -> Verdict:
    """What a command of the deployer says of itself."""
    ends = trial.history.select("deployer.end", phase=phase, environment=trial.environment.id)
    if not ends:
        return Verdict("deployer", Outcome.UNKNOWN, f"no command of the deployer ran in {phase}")
    end, lines = ends[-1], trial.history.select("deployer.line", start=ends[-1].data["start"])
    verb, code = end.data["verb"], end.data["exit_code"]
    last = str(lines[-1].data["text"]).strip() if lines else "no output"
    outcome = Outcome.PASS if end.data["ended"] == "exit" and code == 0 else Outcome.FAIL
    return Verdict(str(verb), outcome, f"{verb} ended with exit code {code}: {last}", (end.id,))
