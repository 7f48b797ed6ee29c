"""The plans of a saved run, with everything that is needed to run them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.event import Event, of
from harness.events import EnvironmentUp, PlanShown, RunStart
from harness.plan.inputs import parts
from harness.plan.plan import Plan, of_data
from harness.plan.signature import Signature, first_failure, signature_of
from harness.redaction.placeholder import PLACEHOLDER
from harness.stack import Stack
from harness.stack import load as load_stack
from harness.stack.digest import changed, concerning, digests
from harness.stack.plainwords import one_of

RUN_THE_FILE = "`harness plan run FILE STACK` runs a plan's file"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan that was run.

    Attributes:
        plan: the plan.
        file: of the stack, absolute; None where the history does not say. overrides: the files merged into it.
        digests: what the stack said, by part, of the plan's releases; empty where the history does not say.
        seed: of what its faults left to chance; None where it is not known.
        signature: of its failure; None where no check failed.
        step: the number of the step in which it failed first, from 1.
    """

    plan: Plan
    file: Path | None
    overrides: tuple[Path, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    signature: Signature | None = None
    step: int | None = None

    def stack(self, *, although_changed: bool = False) -> Stack:
        """The stack as it stands now.

        Raises:
            UsageError: the history does not say which it was; its file is gone, or says something else now.
        """
        if self.file is None:
            raise UsageError(
                "The run does not say which stack it ran on", where=self.plan.name,
                expected="a run of `harness gate`, `harness plan run` or of a test",
                hint=f"{RUN_THE_FILE}; an outage is replayed on two stacks, by `harness incident`",
            )  # fmt: skip
        for file in (self.file, *self.overrides):
            if not file.exists():
                raise UsageError(
                    "The run cannot be replayed: a file of its stack is gone", where=str(file), got="nothing there",
                    expected="the file as it was when the run was made", hint=f"put it back; or {RUN_THE_FILE}",
                )  # fmt: skip
        stack = load_stack(self.file, self.overrides)
        hidden = [part for part, said in self.digests.items() if PLACEHOLDER in said]  # it looked like a secret
        now = concerning(digests(stack), _releases(self.plan))
        differing = [part for part in changed(self.digests, now) if part not in hidden]
        if differing and not although_changed:
            what = "; ".join(differing[:5]) + (f"; and {len(differing) - 5} more" if len(differing) > 5 else "")
            raise UsageError(
                "The run cannot be replayed: its stack has changed since"
                if self.digests
                else "The run does not say what its stack was: it was made by an older version of the harness",
                where=str(self.file),
                got=f"changed: {what}" if self.digests else None,
                expected="the files, and the variables in them, as they were when the run was made",
                hint="put them back; or replay it on the stack as it is now, with --although-changed",
            )
        return stack


def saved_plan(events: Sequence[Event], scenario: str | None = None, where: str = "") -> SavedPlan:
    """A plan of a history: the one of this name; else the one that failed, or the only one.

    Raises:
        UsageError: there is none, or it cannot be told which; it is damaged, or holds a secret that the history hides.
    """
    every = tuple(events)
    plans = of(every, PlanShown)
    names = list(dict.fromkeys(map(_name, plans)))
    if not plans:
        raise UsageError(
            "The history holds no plan", where=where, expected="a run of `harness gate` or of `harness plan run`",
            hint="a run that broke before its plan began has none",
        )  # fmt: skip
    wanted = [one for one in plans if scenario in (None, _name(one))]
    if not wanted:
        raise UsageError("The run has no such plan", where=where, got=str(scenario), expected=one_of(names))
    failed = [one for one in wanted if first_failure(_own(every, one)) is not None]
    if not failed and len(wanted) > 1 and scenario is None:
        raise UsageError(
            "The run has several plans, and none of them failed", where=where, got=", ".join(names),
            expected="--scenario with the name of one", hint=f"--scenario '{names[0]}'",
        )  # fmt: skip
    return _saved(every, (failed or wanted)[0])


def _releases(plan: Plan) -> tuple[str, ...]:
    return (plan.old, *plan.releases())


def _name(shown: Event[PlanShown]) -> str:
    return str(shown.body.plan.get("name", ""))


def _own(events: tuple[Event, ...], shown: Event[PlanShown]) -> tuple[Event, ...]:
    return tuple(one for one in events if one.environment in (None, shown.environment))


def _saved(events: tuple[Event, ...], shown: Event[PlanShown]) -> SavedPlan:
    start = next((event.body for event in of(events, RunStart)), RunStart())
    if not shown.body.plan:  # one that is no mapping is read as an empty one
        raise UsageError("The plan in the history is damaged", where=f"event {shown.id}", hint=RUN_THE_FILE)
    plan = of_data(shown.body.plan, f"the plan of event {shown.id}")
    if PLACEHOLDER in plan.to_yaml():
        raise UsageError(
            "The plan holds a secret, which the history does not have", where=plan.name,
            got="hidden:...", expected="the plan as it was", hint=RUN_THE_FILE,
        )  # fmt: skip
    own = _own(events, shown)
    # An older run has the digests of the parts beside those of the files.
    said = {one["part"]: one["said"] for one in start.stack_digests if {"part", "said"} <= one.keys()}
    up = of(own, EnvironmentUp)
    first = first_failure(own)
    return SavedPlan(
        plan,
        Path(start.file) if start.file else None,
        tuple(Path(path) for path in start.overrides),
        concerning(said or parts(map(str, start.files)), _releases(plan)),
        up[0].body.seed if up else None,
        signature_of(own),
        first.plan_step if first is not None else None,
    )
