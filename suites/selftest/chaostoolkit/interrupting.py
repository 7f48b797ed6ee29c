"""A control that ends every experiment at a place."""

from __future__ import annotations

from typing import Any

from chaoslib.exceptions import InterruptExecution

_at = ""


def configure_control(at: str) -> None:
    global _at  # noqa: PLW0603 - the toolkit calls the functions of a module
    _at = at


def before_experiment_control(context: dict[str, Any], **_: Any) -> None:
    if _at == "experiment":
        raise InterruptExecution("not today")


def before_activity_control(context: dict[str, Any], **_: Any) -> None:
    if _at == "activity" and context["name"] != "undo":
        raise InterruptExecution("enough")
