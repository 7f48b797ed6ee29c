"""An experiment under way: its activities are run by the library's own functions, one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlunsplit

from harness.chaostoolkit import outputs
from harness.chaostoolkit.activities import ENTRYPOINT, host, loopback
from harness.chaostoolkit.library import chaoslib
from harness.chaostoolkit.place import Place
from harness.errors import HarnessError, UsageError

LEVELS = {"method": "method", "rollbacks": "rollback"}  # what controls call the parts of an experiment
Address = Callable[[str | None], tuple[str, int]]


class Interrupted(Exception):
    """A control, or an activity, ended the experiment."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of an activity; see the event `activity.end`."""

    activity: Mapping[str, Any]
    status: str
    output: Any = None
    error: str | None = None
    within: bool | None = None
    began: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class _Background:
    part: str
    phase: str
    thread: threading.Thread
    ran: list[Ran | BaseException] = field(default_factory=list)


class Session:
    """Runs what an experiment consists of.

    Args:
        experiment: what it says of itself, with `configuration`, `secrets` and `controls`.
        address: where this machine reaches a `service:port` of the environment; None is its entrypoint.
        entrypoints: `host:port` as the experiment's URLs have it, which mean the entrypoint.
        hide: told every secret before anything is run.

    Attributes:
        deviated: the hypothesis was not met after the method.
        status: empty before it began, then running; failed where a probe of the hypothesis could not be run, and
            interrupted, as in a journal of the toolkit.
    """

    def __init__(
        self,
        experiment: Mapping[str, Any],
        address: Address,
        entrypoints: Iterable[str] = (),
        hide: Callable[[Iterable[str]], None] = lambda _: None,
    ) -> None:
        self._experiment = deepcopy(dict(experiment))
        self._address, self._entrypoints, self._hide = address, frozenset(entrypoints), hide
        self._activity, self._controls, self._tolerance = (
            chaoslib("activity"), chaoslib("control"), chaoslib("hypothesis").within_tolerance,
        )  # fmt: skip
        self._configuration: dict[str, Any] = {}
        self._secrets: dict[str, Any] = {}
        self._known: set[str] = set()
        self._open: dict[str, Any] = {}
        self._runs: dict[str, list[Any]] = {}
        self._background: list[_Background] = []
        self._whole: Any = None
        self.deviated = False
        self.status: Literal["", "running", "failed", "interrupted"] = ""

    # -- the experiment as a whole -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Load configuration and secrets, and apply the controls of the experiment.

        Raises:
            UsageError: a variable of the environment that it needs is not set. Interrupted: a control said so.
        """
        wrong = chaoslib("exceptions").InvalidExperiment
        declared = self._experiment.get("configuration") or {}
        try:
            found = chaoslib("configuration").load_configuration(deepcopy(declared))
            self._secrets = chaoslib("secret").load_secrets(deepcopy(self._experiment.get("secrets") or {}), found)
        except (wrong, ValueError, TypeError) as error:
            raise UsageError(
                "The experiment's configuration cannot be loaded", got=str(error), hint="set the variable"
            ) from None
        self._hide(_texts(self._secrets))
        self._configuration = self._dynamic(found)
        self.status = "running"
        self._meet(self._experiment.get("controls") or [])
        with interrupting():
            self._whole = self._controls.Control()
            self._whole.begin("experiment", self._experiment, self._experiment, *self._variables)

    def _dynamic(self, found: dict[str, Any]) -> dict[str, Any]:
        """The configuration with what probes give."""
        self._configuration = found
        probes = {key for key, one in found.items() if isinstance(one, dict) and one.get("type") == "probe"}
        for key in probes:
            found[key] = self._addressed({"name": key, **found[key]})
        made: dict[str, Any] = chaoslib("configuration").load_dynamic_configuration(found, self._secrets)
        if lost := sorted(probes - set(made)):
            raise UsageError(
                "A probe of the experiment's configuration gave nothing", where=f"/configuration/{lost[0]}",
                hint="run it by hand: what it asks must be there before the experiment begins",
            )  # fmt: skip
        return made

    @property
    def _variables(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._configuration, self._secrets

    def enter(self, part: str) -> None:
        """The method, or the rollbacks, begin: unless they did before. Raises Interrupted."""
        if part in self._open:
            return
        with interrupting():
            self._open[part] = self._controls.Control()
            self._runs[part] = []
            self._open[part].begin(LEVELS[part], self._experiment, self._experiment, *self._variables)

    def leave(self, part: str) -> None:
        """They are over. Raises Interrupted."""
        control = self._open.pop(part, None)
        if control is not None:
            with interrupting():
                control.with_state(self._runs[part])
                control.end(LEVELS[part], self._experiment, self._experiment, *self._variables)

    def end(self) -> None:
        """Apply the controls that come last, and let all of them clean up. Raises nothing of theirs."""
        if self._whole is not None:
            whole, self._whole = self._whole, None
            status = "completed" if self.status == "running" else self.status
            whole.with_state({"deviated": self.deviated, "run": self._runs.get("method", []), "status": status})
            try:
                whole.end("experiment", self._experiment, self._experiment, *self._variables)
                self._controls.cleanup_controls({"controls": self._experiment.get("controls") or []})
            except Exception:  # somebody else's code, at the very end: the verdicts stand
                return

    def _meet(self, controls: Sequence[Mapping[str, Any]]) -> None:
        """Initialise controls that were not met before."""
        fresh = [one for one in controls if "name" in one and one["name"] not in self._known]
        self._known |= {one["name"] for one in fresh}
        self._controls.initialize_controls({**self._experiment, "controls": fresh}, *self._variables)

    # -- activities --------------------------------------------------------------------------------------------------

    def hypothesis(self, hypothesis: Mapping[str, Any]) -> list[Ran]:
        """Run every probe of a hypothesis. Raises Interrupted."""
        self._meet(hypothesis.get("controls") or [])
        found: list[Ran] = []
        with interrupting(), self._controls.controls(
            level="hypothesis", experiment=self._experiment, context=dict(hypothesis),
            configuration=self._configuration, secrets=self._secrets,
        ) as control:  # fmt: skip
            found += [self.run(one) for one in hypothesis["probes"]]
            control.with_state({"steady_state_met": all(one.within for one in found), "probes": []})
        return found

    def run(self, activity: Mapping[str, Any], part: str = "") -> Ran:
        """Run an activity, and compare what it gave with its tolerance. Raises Interrupted."""
        self._meet(activity.get("controls") or [])
        began = time.time()
        try:
            with interrupting():
                made = self._addressed(deepcopy(dict(activity)))
                self._activity.ensure_activity_is_valid(made)
                run = self._activity.execute_activity(self._experiment, made, *self._variables, dry=None)
        except Interrupted:
            raise
        except (Exception, SystemExit) as error:  # whatever somebody else's code does
            return Ran(activity, "failed", error=_words(error), began=began, seconds=time.time() - began)
        self._runs.setdefault(part, []).append(run)
        began = datetime.fromisoformat(run["start"]).timestamp()
        output, why = run["output"], _last_line(run.get("exception"))
        within: bool | None = None
        if run["status"] == "succeeded" and "tolerance" in made:
            within, why = self._within(made["tolerance"], output)
        return Ran(activity, run["status"], outputs.plain(output), why, within, began, run["duration"])

    def _within(self, tolerance: Any, output: Any) -> tuple[bool | None, str | None]:
        if isinstance(tolerance, str):
            tolerance = chaoslib().substitute(tolerance, *self._variables)
        try:
            found = self._tolerance(tolerance, output, configuration=self._configuration, secrets=self._secrets)
        except (Exception, SystemExit) as error:  # a tolerance that does not fit what the probe gave
            return None, _words(error)
        return (bool(found), None) if found is not None else (None, "the library cannot compare the two")

    def _addressed(self, activity: dict[str, Any]) -> dict[str, Any]:
        """The activity with URLs that lead into the environment.

        Raises:
            UsageError: one leads elsewhere, or to what the environment does not publish.
        """
        inner = activity.get("tolerance")
        if isinstance(inner, dict) and inner.get("type") == "probe":
            activity["tolerance"] = self._addressed(inner)
        provider = activity["provider"]
        if provider.get("type") == "http":
            provider["url"] = self.url(str(chaoslib().substitute(provider["url"], *self._variables)))
        return activity

    def url(self, written: str) -> str:
        """Where a URL of the experiment leads to. Raises UsageError."""
        parts = host(Place(written))
        name, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
        if name == ENTRYPOINT or f"{name}:{port}" in self._entrypoints:
            to = self._address(None)
        elif loopback(name):
            return written
        else:
            to = self._address(f"{name}:{port}")
        return urlunsplit(parts._replace(netloc=f"{to[0]}:{to[1]}"))

    # -- in the background -------------------------------------------------------------------------------------------

    def start(self, phase: str, activity: Mapping[str, Any], part: str) -> None:
        """Run an activity in the background, until `join`."""

        def work() -> None:
            try:
                made.ran.append(self.run(activity, part))
            except BaseException as error:
                made.ran.append(error)

        made = _Background(part, phase, threading.Thread(target=work, name=f"activity-{phase}", daemon=True))
        self._background.append(made)
        made.thread.start()

    def join(self) -> Iterator[tuple[str, str, Ran]]:
        """Wait for what runs in the background: its part and phase, and what came of it. Raises Interrupted."""
        while self._background:
            one = self._background.pop(0)
            one.thread.join()
            ran = one.ran[0]
            if isinstance(ran, BaseException):
                raise ran
            yield one.part, one.phase, ran


@contextmanager
def interrupting() -> Iterator[None]:
    """The library's way to end an experiment as ours."""
    try:
        yield
    except chaoslib("exceptions").InterruptExecution as error:
        raise Interrupted(str(error) or "without a reason") from None


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _words(error: BaseException) -> str:
    if isinstance(error, HarnessError):
        return ": ".join(part for part in (error.what, error.got) if part)
    said = str(error)
    return said if type(error).__module__.startswith("chaoslib") and said else f"{type(error).__name__}: {said}"


def _last_line(lines: Sequence[str] | None) -> str | None:
    """Of an exception as the library formats it, what went wrong."""
    if not lines:
        return None
    _, _, said = lines[-1].strip().partition(": ")
    return said or lines[-1].strip()
