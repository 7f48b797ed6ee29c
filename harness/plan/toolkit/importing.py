"""A plan from an experiment of the Chaos Toolkit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.chaostoolkit.activities import host, loopback
from harness.chaostoolkit.experiment import Experiment
from harness.chaostoolkit.place import Place
from harness.plan.plan import Plan, of_data
from harness.plan.steps import Step
from harness.plan.steps._activities import phase_of
from harness.plan.steps.activity import Activity
from harness.plan.steps.experiment import Experiment as Begin
from harness.plan.steps.heal import Heal
from harness.plan.steps.hold import Hold
from harness.plan.steps.hypothesis import Hypothesis
from harness.plan.steps.inject import Inject
from harness.plan.steps.join import Join
from harness.plan.steps.load import Load
from harness.plan.toolkit.arguments import fixed
from harness.plan.toolkit.exporting import experiment_of, exported_plan
from harness.plan.toolkit.toxiproxy import PACKAGE, ProxiedLink, Toxiproxy
from harness.printable import clean
from harness.stack import Stack


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan that was made of an experiment.

    Attributes:
        notes: what became of parts of it that are no steps, a sentence each, with a JSON pointer.
    """

    plan: Plan
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """As a file, with the notes as comments."""
        return "".join(f"# {clean(note)}\n" for note in self.notes) + self.plan.to_yaml()


def imported(
    experiment: Experiment,
    stack: Stack | None = None,
    *,
    old: str = "",
    new: str = "",
    links: Mapping[str, ProxiedLink] | None = None,
    entrypoints: Iterable[str] = (),
    strategy: str = "",
) -> Imported:
    """The plan that does what an experiment does.

    Args:
        stack: for which it is made; None where that is not known yet.
        old, new: the releases; left out, the first that the stack declares.
        links: by proxy of a Toxiproxy, what it stands for.
        entrypoints: `host:port` in URLs, which mean the stack's entrypoint.
        strategy: when its rollbacks are run; empty as the experiment says.

    Raises:
        UsageError: a part of the experiment cannot be a step, with its place.
    """
    if (plan := _exported(experiment)) is not None:
        return Imported(plan, ("the experiment was exported from a plan, and this is that plan",))
    return _Making(experiment, stack, old, new, links or {}, tuple(entrypoints), strategy).made()


def _exported(experiment: Experiment) -> Plan | None:
    """The plan that an exported experiment holds.

    Raises:
        UsageError: somebody has changed the experiment since.
    """
    found = exported_plan(experiment.place)
    if found is None:
        return None
    data, given = found
    plan = of_data(data.value, str(data))
    try:
        same = experiment_of(plan, **given) == experiment.place.value
    except TypeError:
        same = False
    if not same:
        raise experiment.place.refusal(
            "The experiment was exported from a plan, and changed since",
            got="an experiment that its plan does not make",
            expected="the experiment as `harness plan export` wrote it",
            hint="change the plan (/method/0/provider/arguments/plan) and export it again",
        )
    return plan


class _Making:
    def __init__(
        self,
        experiment: Experiment,
        stack: Stack | None,
        old: str,
        new: str,
        links: Mapping[str, ProxiedLink],
        entrypoints: tuple[str, ...],
        strategy: str,
    ) -> None:
        self.experiment, self.stack, self.entrypoints, self.strategy = experiment, stack, entrypoints, strategy
        self.old = old or (next(iter(stack.harness.releases), "") if stack is not None else "")
        self.new = new or self.old
        self.configuration = experiment.place.at("configuration")
        self.toxiproxy = Toxiproxy(self.configuration, links, stack)
        self.notes = self.toxiproxy.notes
        self.healing: list[Heal] = []  # of the rollbacks
        self.dropped: set[str] = set()  # faults that a rollback would have injected

    def made(self) -> Imported:
        """All of it."""
        method = [*self._part("method")]
        rollbacks = [*self._rollbacks()]
        steps = (
            *self._load((*method, *rollbacks)),
            self._begin(),
            *self._hypothesis("before"),
            *method,
            *self._hypothesis("after"),
            *self.healing,
        )
        self._ports()
        self._addresses()
        on = self.toxiproxy.on.values()
        self.notes += [f"the fault {name} is healed at the end of the plan" for name in on if name not in self.dropped]
        file = self.experiment.place.file
        name = re.sub(r"[^a-z0-9_-]+", "-", Path(file).stem.lower()).strip("-_") or "experiment"
        title = str(self.experiment.place.value["title"])
        return Imported(Plan(name, title, self.old, self.new, steps, {}, tuple(rollbacks)), tuple(self.notes))

    def _load(self, steps: Iterable[Step]) -> Iterator[Step]:
        if any(isinstance(step, Inject | Hold) for step in steps):
            yield Load()

    def _begin(self) -> Step:
        place = self.experiment.place
        kept = {key: place.value[key] for key in ("configuration", "secrets", "controls") if key in place}
        return Begin.model_validate({**self.experiment.about, **kept, "entrypoints": self.entrypoints})

    def _hypothesis(self, when: str) -> Iterator[Step]:
        found, strategy = self.experiment.hypothesis, self.experiment.strategy("hypothesis")
        if strategy not in ("default", f"{when}-method-only"):
            self.notes.append(f"/runtime/hypothesis: the hypothesis is not looked at {when} the method")
            return
        if found is None:
            if when == "before":
                self.notes.append("/steady-state-hypothesis: there is none, so the plan judges what could not be run")
            return
        for probe in found.at("probes").items():
            if _of_toxiproxy(probe):
                [*self.toxiproxy.steps(probe, "", rollback=False)]
        yield Hypothesis.model_validate({**found.value, "phase": f"steady-{when}", "precondition": when == "before"})

    def _rollbacks(self) -> Iterator[Step]:
        """The final steps. Every fault is healed before them; what heals one stands at the end of the other steps, and
        is judged there.
        """
        strategy = self.strategy or self.experiment.strategy("rollbacks")
        if strategy == "never":
            if self.experiment.rollbacks:
                self.notes.append("/rollbacks: they are left out, as their strategy says; faults are healed anyway")
            return
        yield from self._part("rollbacks", strategy)

    def _part(self, part: str, strategy: str = "") -> Iterator[Step]:
        """The steps of the method, or of the rollbacks."""
        plain = False
        for number, one in enumerate(self.experiment.method if part == "method" else self.experiment.rollbacks, 1):
            phase = phase_of(part, number, str(one.at("name").value))
            if _of_toxiproxy(one):
                yield from self._fault(one, phase, rollback=part == "rollbacks")
            else:
                plain = True
                when = {"when": strategy} if strategy else {}
                yield Activity.model_validate({"phase": phase, "part": part, "activity": one.value, **when})
        if plain:
            yield Join.model_validate({"part": part})

    def _fault(self, action: Place, phase: str, *, rollback: bool) -> Iterator[Step]:
        """The steps of an action on a Toxiproxy."""
        for key in ("controls", "tolerance"):
            if key in action:
                raise action.at(key).refusal("An action that becomes a fault takes none", got=key, hint="leave it out")
        if any(one.at("automatic").value is not False for one in self.experiment.place.at("controls").items()):
            raise self.experiment.place.at("controls").refusal(
                "Controls of the whole experiment are not called around faults",
                got=f"{action.pointer} becomes a fault",
                expected="controls with `automatic: false`, or of single activities",
            )
        if action.at("background").value:
            self.notes.append(f"{action.pointer}: the fault is injected at once, not in the background")
        pauses = action.at("pauses")
        yield from self._pause(pauses.at("before"), f"{phase}-pause-before")
        made = [*self.toxiproxy.steps(action, phase, rollback=rollback)]
        if rollback:
            dropped = {step.name for step in made if isinstance(step, Inject)}
            self.dropped |= dropped
            self.healing += [step for step in made if isinstance(step, Heal) and step.name not in self.dropped]
            said = "a fault that a rollback injects is left out: the environment ends with them"
            self.notes += [f"{action.pointer}: {said}"] * bool(dropped)
        else:
            yield from made
        yield from self._pause(pauses.at("after"), f"{phase}-pause-after")

    def _pause(self, place: Place, phase: str) -> Iterator[Step]:
        if place.value is None:
            return
        seconds = fixed(place, self.configuration).must_be(int, float).value
        if seconds > 0:
            yield Hold(phase=phase, seconds=float(seconds))

    def _ports(self) -> None:
        """Refuse variables that create_proxy would set: no listener moves here."""
        gone = {f"{name}_PORT": name for name in self.toxiproxy.created}
        for one, name in self.experiment.place.variables():
            if name in gone:
                raise one.refusal(
                    f"The proxy {gone[name]} has no port of its own",
                    expected="the service's own name and port, as the stack has them",
                    hint="every link has its proxy at the service's own address; see docs/links.md",
                )
        for key in ("toxiproxy_host", "toxiproxy_port", "toxiproxy_url"):
            if key in self.configuration:
                self.notes.append(f"/configuration/{key}: the environment's own proxy is used instead")

    def _addresses(self) -> None:
        """Say which requests stay on this machine, and refuse those to services that the stack does not have."""
        for one in _urls(self.experiment.place):
            parts = host(one)
            name, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            if name == "entrypoint" or f"{name}:{port}" in self.entrypoints:
                continue
            if loopback(name):
                hint = f"--entrypoint {name}:{port} sends it to the stack's entrypoint"
                self.notes.append(f"{one.pointer}: the request goes to this machine, not to the environment; {hint}")
            elif self.stack is not None and name not in self.stack.services:
                expected = ", ".join(["entrypoint", *self.stack.services])
                raise one.refusal("The stack has no such service", got=name, expected=expected)


def _of_toxiproxy(activity: Place) -> bool:
    module = activity.at("provider").at("module").value
    return isinstance(module, str) and module.partition(".")[0] == PACKAGE


def _urls(place: Place) -> Iterator[Place]:
    """The addresses of all requests that are written out."""
    if isinstance(place.value, dict) and place.value.get("type") == "http" and "url" in place:
        if "${" not in place.at("url").value:
            yield place.at("url")
    elif isinstance(place.value, dict | list):
        for one in place.items():
            yield from _urls(one)
