"""An experiment of the Chaos Toolkit, read from its file and looked at as a whole. Nothing that it names is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import reading
from harness.chaostoolkit import activities, declarations
from harness.chaostoolkit.place import Place
from harness.errors import StackError, UsageError
from harness.stack.nodes import Node, Scalar, SourceSequence
from harness.stack.source import parse

HYPOTHESIS = "steady-state-hypothesis"
ABOUT = ("title", "description", "tags", "contributions", "extensions")
KEYS = ("version", *ABOUT, "configuration", "secrets", "controls", HYPOTHESIS, "method", "rollbacks", "runtime")
ROLLBACKS = ("default", "always", "never", "deviated")
STRATEGIES = ("default", "before-method-only", "after-method-only", "skip")
DURING = ("during-method-only", "continuously", "continously")
_RELEASES = re.compile(r"\{(from|to)\}")


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment says.

    Attributes:
        place: the whole, in plain data; what only refers to another activity (`ref`) is replaced by that.
    """

    place: Place

    @property
    def about(self) -> dict[str, Any]:
        """What it says of itself."""
        return {key: self.place.value[key] for key in ABOUT if key in self.place}

    @property
    def hypothesis(self) -> Place | None:
        """The hypothesis, where it has probes."""
        found = self.place.at(HYPOTHESIS)
        return found if found.value and found.value.get("probes") else None

    @property
    def method(self) -> list[Place]:
        """The activities of the method."""
        return list(self.place.at("method").items())

    @property
    def rollbacks(self) -> list[Place]:
        """The activities of the rollbacks."""
        return list(self.place.at("rollbacks").items())

    def strategy(self, of: str) -> str:
        """When `rollbacks` are run, or the `hypothesis` is looked at."""
        return str(self.place.at("runtime").at(of).at("strategy").value or "default")


def load(file: Path) -> Experiment:
    """An experiment from its file, JSON or YAML.

    Raises:
        UsageError: it cannot be read, or is no experiment that can be run: the file, its line and a JSON pointer, what
            was got and what is accepted.
    """
    text = reading.text(file, "The experiment")
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # in JSON only between values, where YAML takes none
    try:
        root = parse(text, str(file))
    except StackError as error:
        raise UsageError(
            "The experiment cannot be read",
            where=error.where,
            got=": ".join(part for part in (error.what, error.got) if part),
            expected="an experiment of the Chaos Toolkit: a mapping with title, description and method",
            hint=error.hint,
        ) from None
    return of_place(Place(plain(root), (), str(file), root))


def of_place(place: Place) -> Experiment:
    """An experiment of plain data. Raises UsageError as `load`."""
    _whole(place)
    made = Experiment(Place(_with_references(place), (), place.file, place.root))
    _parts(made)
    return made


def plain(node: Node) -> Any:
    """A tree as plain data."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, SourceSequence):
        return [plain(item) for item in node.items]
    return {key: plain(child) for key, child in node.fields.items()}


def _whole(place: Place) -> None:
    if place.at("dry").value:
        raise place.at("dry").refusal("A dry run is no plan", hint="leave it out; `harness plan show` prints the plan")
    if not {"title", "method"} & set(place.must_be(dict).value):
        raise place.refusal("This is no experiment", got=", ".join(map(str, place.value)), expected="title, method")
    version = place.at("version")
    if version.value is not None and not re.fullmatch(r"1(\.\d+)*", str(version.value)):
        raise version.refusal("The experiment is of another version", expected="1.0.0", hint="update the harness")
    place.only(*KEYS)
    place.at("title").word("the experiment's `title`")
    place.at("description").word("the experiment's `description`")
    for text in _texts(place):
        if _RELEASES.search(text.value):
            hint = "in a plan these stand for the two releases; give the variable another name"
            raise text.refusal("A text holds {from} or {to}", hint=hint)
    if place.at("method").value is None:
        raise place.at("method").refusal("The experiment has no method", expected="method: [...], or method: []")
    declarations.configuration(place.at("configuration"))
    declarations.secrets(place.at("secrets"))


def _parts(made: Experiment) -> None:
    place = made.place
    hypothesis = place.at(HYPOTHESIS)
    if hypothesis.value is not None:
        hypothesis.only("title", "probes", "controls")
        hypothesis.at("title").word("the hypothesis's `title`")
        for probe in hypothesis.at("probes").must_be(list).items() if "probes" in hypothesis else ():
            activities.check(probe, tolerance=True)
        _controls(hypothesis)
    for part in ("method", "rollbacks"):
        for one in place.at(part).must_be(list).items() if part in place else ():
            activities.check(one)
    _controls(place)
    _controls_referred_to(made)
    runtime = place.at("runtime")
    if runtime.value is not None:
        runtime.only("hypothesis", "rollbacks")
        for key in ("hypothesis", "rollbacks"):
            if key in runtime:
                runtime.at(key).only("strategy")
    when = place.at("runtime").at("hypothesis").at("strategy")
    if when.value in DURING:
        hint = "a plan looks before and after; what is to be seen all the time is seen by the load: `hold` with checks"
        raise when.refusal("The hypothesis cannot be looked at during the method", expected=str(STRATEGIES), hint=hint)
    if when.value is not None:
        when.one_of(*STRATEGIES)
    if place.at("runtime").at("rollbacks").at("strategy").value is not None:
        place.at("runtime").at("rollbacks").at("strategy").one_of(*ROLLBACKS)


def _controls(place: Place) -> None:
    if "controls" in place:
        for one in place.at("controls").must_be(list).items():
            activities.control(one)


def _controls_referred_to(made: Experiment) -> None:
    place = made.place
    known = [one.get("name") for one in place.at("controls").value or ()]
    holders = [place.at(HYPOTHESIS), *place.at(HYPOTHESIS).at("probes").items(), *made.method, *made.rollbacks]
    for holder in holders:
        for one in holder.at("controls").items():
            if "ref" in one and one.at("ref").value not in known:
                raise one.at("ref").refusal("There is no such control", expected=", ".join(map(str, known)) or "none")


def _with_references(place: Place) -> Any:
    """The experiment with each `{ref: name}` replaced by the activity of that name; of two, as the library has it."""
    made = deepcopy(place.value)
    known: dict[str, Any] = {}
    for part in (place.at("method"), place.at(HYPOTHESIS).at("probes")):
        for one in part.items() if isinstance(part.value, list) else ():
            if isinstance(one.value, dict) and isinstance(one.value.get("name"), str):
                known[one.value["name"]] = one.value
    for key in ("method", "rollbacks"):
        part = place.at(key)
        for one in part.items() if isinstance(part.value, list) else ():
            if "ref" in one:
                one.only("ref")
                name = one.at("ref").word("the name of another activity")
                if name not in known:
                    raise one.at("ref").refusal(
                        "There is no such activity", expected=", ".join(known) or "none is named"
                    )
                made[key][one.path[-1]] = deepcopy(known[name])
    return made


def _texts(place: Place) -> Iterator[Place]:
    if isinstance(place.value, str):
        yield place
    elif isinstance(place.value, dict | list):
        for one in place.items():
            yield from _texts(one)
