"""A check as a part of a step: which one, and with which parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationInfo, model_serializer, model_validator

from harness import checks
from harness.plan.asserting import needed
from harness.plan.steps._base import Progress, fingerprint, phase
from harness.stack import Stack
from harness.stack.base import Word, wrong
from harness.stack.xharness.base import Block
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.plan.trial import Trial

PHASES = ("baseline", "before", "deployed")  # parameters of checks that name another phase
_PLAIN = {str, int, float, bool, type(None)}
COMPARE_STATE = ("trace", "second-deployment", "one-way")  # checks that compare fingerprints


class CheckCall(Block):
    """A check with its parameters; in a file its name alone, or `{check: NAME, PARAMETER: VALUE, ...}`."""

    check: Word = Field(description="The check's name; see docs/verdicts.md.")
    parameters: Mapping[str, Any] = Field(default_factory=dict, description="What it is told beside the phase.")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ARG003 - as of every model
        """From the form of a file. What the check does not take is refused here, not after minutes of a run."""
        if isinstance(value, str):
            value = {"check": value}
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping) or not isinstance(value.get("check"), str):
            raise wrong("the name of a check, or {check: NAME, ...}")
        if isinstance(value.get("parameters"), Mapping) and len(value) <= 2:
            value = {"check": value["check"], **value["parameters"]}
        name, given = value["check"], {key: one for key, one in value.items() if key != "check"}
        if name not in checks.names():
            raise wrong("one of " + ", ".join(checks.names()), key="check")
        if problem := checks.refusal(checks.find(name), given) or _missing(name, given):
            raise wrong(problem)
        return {"check": name, "parameters": given}

    @classmethod
    def of(cls, check: checks.Check) -> CheckCall:
        """`Asked.of(partial(queue.check, within=30.0))`."""
        name, parameters = checks.parts_of(check)
        if all(type(value) in _PLAIN for value in parameters.values()):
            return _made(name, **parameters)
        return cls(check=name, parameters=parameters)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        names = list(checks.names())
        flat = {
            "type": "object", "required": ["check"], "properties": {"check": {"enum": names}},
            "additionalProperties": True,
        }  # fmt: skip
        return {"anyOf": [{"enum": names}, flat]}

    @model_serializer(mode="plain")
    def _as_written(self) -> str | dict[str, Any]:
        return {"check": self.check, **self.parameters} if self.parameters else self.check

    def __str__(self) -> str:
        said = ", ".join(f"{key} {_value(value)}" for key, value in self.parameters.items())
        return f"{self.check} ({said})" if said else self.check

    @property
    def compares_state(self) -> bool:
        """It compares fingerprints, which have the names that the plan gives them."""
        return self.check in COMPARE_STATE

    def adapted(self, stack: Stack) -> CheckCall | None:
        """With the thresholds that the stack declares; None where the stack has switched the check off."""
        declared = stack.harness.checks.get(self.check)
        if declared is None:
            return self
        return (
            None if declared.off else CheckCall(check=self.check, parameters={**self.parameters, **declared.parameters})
        )

    def requires(self, judged: str) -> tuple[str, ...]:
        """What must be there before it is asked about a phase."""
        others = tuple(str(self.parameters[key]) for key in PHASES if key in self.parameters)
        if self.compares_state:
            return tuple(fingerprint(name) for name in (judged, *others))
        return tuple(phase(name) for name in (judged, *others))

    def ask(self, trial: Trial, progress: Progress, judged: str) -> Verdict:
        """The verdict on a phase, not recorded yet."""
        return trial.verdict(partial(checks.find(self.check), **self.given(progress)), phase=judged)

    def given(self, progress: Progress) -> dict[str, Any]:
        """Its parameters, with the phases under the names that they were measured under last."""
        return {
            key: progress.of(str(value)) if key in PHASES and not self.compares_state else value
            for key, value in self.parameters.items()
        }


@lru_cache(maxsize=4096, typed=True)  # a random plan is written again after each change, mostly with the same checks
def _made(name: str, /, **parameters: Any) -> CheckCall:
    return CheckCall(check=name, parameters=parameters)


def adapted(asked: Iterable[CheckCall], stack: Stack) -> tuple[CheckCall, ...]:
    """Those that the stack has not switched off, with its thresholds."""
    return tuple(one for one in (each.adapted(stack) for each in asked) if one is not None)


def switched_off(stack: Stack, name: str) -> bool:
    """Whether the stack has switched a check off."""
    declared = stack.harness.checks.get(name)
    return declared is not None and declared.off is not None


def _missing(name: str, given: Mapping[str, Any]) -> str | None:
    """A parameter that only the plan can know."""
    missing = [key for key in needed(name) if key not in given]
    return f"{missing[0]}: what only the plan can say" if missing else None


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
