"""Why a container does not answer, and the engine's refusals in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import docker.errors
import requests.exceptions
import urllib3.exceptions

from harness.errors import EngineError, EngineGone, HarnessError, ReplicaGone
from harness.waiting import poll

Api = docker.APIClient
CONNECTION_LOST = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
HINT = "read its log: a replica that ends by itself usually says why in the last lines"


@contextmanager
def own_words(api: Api, container_id: str, name: str, doing: str) -> Iterator[None]:
    """Turn what the SDK raises into ReplicaGone, EngineGone or EngineError.

    `doing` says what was tried, as in "start a shell".
    """
    try:
        yield
    except docker.errors.APIError as refusal:
        raise gone(api, container_id, name, doing) or EngineError(
            f"the engine refused to {doing}",
            where=name,
            got=str(refusal.explanation or refusal),
            hint="the engine's own log has the details",
        ) from refusal
    except CONNECTION_LOST as lost:
        raise engine_gone(name, doing, lost) from lost
    except (KeyError, TypeError) as strange:
        raise EngineError(
            f"the engine's answer cannot be understood, while trying to {doing}",
            where=name,
            got=f"{type(strange).__name__}: {strange}",
            hint="whether something stands between the harness and the engine that changes answers",
        ) from strange


def gone(api: Api, container_id: str, name: str, doing: str) -> HarnessError | None:
    """The error that says in which state the container is, or None when it runs and could have answered."""
    try:
        state: dict[str, Any] = api.inspect_container(container_id)["State"]
    except docker.errors.NotFound:
        return ReplicaGone(
            f"{name} is removed", where=name, got="no such container", expected=f"a running container, to {doing}"
        )
    except docker.errors.APIError as refusal:
        return EngineError(f"the engine cannot say how {name} is", where=name, got=str(refusal.explanation or refusal))
    except CONNECTION_LOST as lost:
        return engine_gone(name, doing, lost)
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


def engine_gone(name: str, doing: str, lost: BaseException) -> EngineGone:
    """The engine answered before and does not now."""
    return EngineGone(
        f"the container engine does not answer any more, while trying to {doing}",
        where=name,
        got=f"{type(lost).__name__}: {lost}",
        hint="`harness doctor` says which engine is used and whether it answers",
    )


def started_at(api: Api, container_id: str, name: str) -> str:
    """When the container started, as the engine writes it: changes with every restart. ReplicaGone unless it runs."""
    with own_words(api, container_id, name, "ask for its state"):
        state: dict[str, Any] = api.inspect_container(container_id)["State"]
    return str(state.get("StartedAt", ""))
