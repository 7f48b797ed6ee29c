"""Why a container does not answer."""

from __future__ import annotations

from typing import Any

import docker

from harness.engine.translate import field, status, translate
from harness.errors import EngineError, HarnessError, ReplicaGone
from harness.waiting import poll

Api = docker.APIClient
HINT = "read its log: a replica that ends by itself usually says why in the last lines"


def gone(api: Api, container_id: str, name: str, doing: str) -> HarnessError | None:
    """The error that says in which state the container is, or None when it runs and could have answered.

    Args:
        doing: what was tried, as in "start a shell".
    """
    try:
        state = _state(api, container_id, name, doing)
    except HarnessError as error:
        return error
    if state.get("Running") and not state.get("Paused") and not state.get("Restarting"):
        return None
    return ReplicaGone(
        f"{name} is {state.get('Status', 'not running')}",
        where=name,
        got=describe(state),
        expected=f"a running container, to {doing}",
        hint="unpause it first" if state.get("Paused") else HINT,
    )


def took_down(
    api: Api, container_id: str, name: str, *, doing: str, started: str, patience: float = 1.0
) -> HarnessError | None:
    """Why a process that was killed went down with its container, or None when the container lives on.

    A container's processes end before the engine has noticed that the container did, so this looks for up to
    `patience` seconds.

    Args:
        started: what `started_at` said when the process was started.
    """

    def why() -> HarnessError | None:
        if error := gone(api, container_id, name, doing):
            return error
        if started_at(api, container_id, name) == started:
            return None
        return ReplicaGone(
            f"{name} was restarted meanwhile",
            where=name,
            expected=f"a container that runs on, to {doing}",
            hint="what ran may have been done in part; ask again",
        )

    return poll(why, within=patience, every=0.02)


def describe(state: dict[str, Any]) -> str:
    """An engine's `State` in a few words, such as "exited with code 137, out of memory"."""
    status = str(state.get("Status", "unknown"))
    if status in ("exited", "dead"):
        status += f" with code {state.get('ExitCode')}"
    if state.get("OOMKilled"):
        status += ", out of memory"
    if state.get("Error"):
        status += f", {state['Error']}"
    return status


def started_at(api: Api, container_id: str, name: str) -> str:
    """When the container started, as the engine writes it: changes with every restart. ReplicaGone if removed."""
    return str(_state(api, container_id, name, "ask when it started").get("StartedAt", ""))


def _state(api: Api, container_id: str, name: str, doing: str) -> dict[str, Any]:
    try:
        with translate(f"The state of {name} cannot be read", where=name):
            state: dict[str, Any] = field(api.inspect_container(container_id), "State", where=name)
    except EngineError as error:
        if status(error.__cause__ or error) != 404:
            raise
        raise ReplicaGone(
            f"{name} is removed", where=name, got="no such container", expected=f"a running container, to {doing}"
        ) from error
    return state
