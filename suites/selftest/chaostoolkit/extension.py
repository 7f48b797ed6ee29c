"""What the experiments of the tests call: probes, actions, and a control that writes down where it was."""

from __future__ import annotations

from typing import Any

from chaoslib.exceptions import ActivityFailed, InterruptExecution

seen: list[str] = []


def number(value: int = 3) -> int:
    return value


def text(word: str = "steady") -> str:
    return word


def is_even(value: int) -> bool:
    return value % 2 == 0


def tells(secrets: dict[str, str]) -> dict[str, str]:
    """Gives its secrets away."""
    return dict(secrets)


def configured(key: str, configuration: dict[str, Any]) -> Any:
    return configuration[key]


def fails() -> None:
    raise ActivityFailed("the fuse is blown")


def breaks() -> None:
    raise ValueError("no such thing")


def exits() -> None:
    raise SystemExit(7)


def interrupts() -> None:
    raise InterruptExecution("enough")


# -- a control ---------------------------------------------------------------------------------------------------------


def configure_control(word: str = "plain") -> None:
    seen.append(f"configured {word}")


def cleanup_control() -> None:
    seen.append("cleaned up")


def before_experiment_control(context: dict[str, Any], **_: Any) -> None:
    seen.append("before experiment")


def after_experiment_control(context: dict[str, Any], state: dict[str, Any], **_: Any) -> None:
    seen.append(f"after experiment, deviated {state['deviated']}")


def before_hypothesis_control(context: dict[str, Any], **_: Any) -> None:
    seen.append("before hypothesis")


def after_hypothesis_control(context: dict[str, Any], state: dict[str, Any], **_: Any) -> None:
    seen.append(f"after hypothesis, met {state['steady_state_met']}")


def before_method_control(context: dict[str, Any], **_: Any) -> None:
    seen.append("before method")


def after_method_control(context: dict[str, Any], state: list[Any], **_: Any) -> None:
    seen.append(f"after method, {len(state)} runs")


def before_rollback_control(context: dict[str, Any], **_: Any) -> None:
    seen.append("before rollback")


def after_rollback_control(context: dict[str, Any], state: list[Any], **_: Any) -> None:
    seen.append(f"after rollback, {len(state)} runs")


def before_activity_control(context: dict[str, Any], **_: Any) -> None:
    seen.append(f"before {context['name']}")


def after_activity_control(context: dict[str, Any], state: dict[str, Any], **_: Any) -> None:
    seen.append(f"after {context['name']}, {state['status']}")
