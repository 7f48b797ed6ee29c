"""What takes a fault away from one container, as data: so another process can do it, should the harness die."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.errors import EngineError, HostError, ReplicaGone

if TYPE_CHECKING:
    from harness.engine import Engine

WITHIN = 60.0  # s that a script may take
LAST_WORDS = 5  # lines of a script that failed

Call = Literal["", "unpause", "start", "stop", "update", "lead"]
STOPPED_WITHIN = 30.0  # s


class Undo(msgspec.Struct, frozen=True):
    """One thing to do in one container. It may be done twice, and where the fault was never injected.

    Attributes:
        place: the replica, for messages.
        container: its id.
        shell: what to run in it, as root, with /bin/sh; exit code 0 says that it is done.
        privileged: with the rights of the engine's own root.
        call: what to ask the engine for instead.
        limits: with `update`: the container's limits as `Container.update` has them.
        environment, links: with `lead`, of the door: its environment, and where links lead, by their names.
    """

    place: str
    container: str
    shell: str = ""
    privileged: bool = False
    call: Call = ""
    limits: Mapping[str, int] = {}
    environment: str = ""
    links: Mapping[str, str] = {}


def undo(engine: Engine, one: Undo) -> str | None:
    """Do it. Returns why there was nothing to do: the container does not run, or is not there any more.

    Raises:
        HostError: the script failed. EngineError: the engine refuses, or does not answer.
    """
    from harness.engine.gone import gone

    try:
        if one.call:
            _call(engine, one)
        else:
            _run(engine, one)
    except (HostError, EngineError) as error:
        why = gone(engine.api, one.container, one.place, "take a fault away")
        if isinstance(why, ReplicaGone) and one.call not in ("start", "unpause"):
            return f"{why.what}: what the fault changed in it went with it, or is not in use"
        if isinstance(why, ReplicaGone) and "removed" in why.what:
            return f"{why.what}, and the fault with it"
        raise error from None
    return None


def _call(engine: Engine, one: Undo) -> None:
    container = engine.containers.get(one.container)
    if one.call == "unpause":
        if container.state().status == "paused":
            container.unpause()
    elif one.call == "start":
        if not container.state().running:
            container.start()
    elif one.call == "stop":
        container.stop(STOPPED_WITHIN)
    elif one.call == "lead":
        from harness.environment.found import pick, proxy_of

        proxy = proxy_of(pick(engine, one.environment))
        for link, upstream in one.links.items():
            proxy.lead(link, upstream)
    else:
        container.update(one.limits)


def _run(engine: Engine, one: Undo) -> None:
    code, said = run(engine, one.container, one.place, one.shell, privileged=one.privileged)
    if code != 0:
        raise HostError(
            "A fault could not be taken away",
            where=one.place,
            got=f"exit code {code}: {said or 'no reason'}",
            expected="exit code 0",
            hint="`harness down` takes the whole environment away",
        )


def run(engine: Engine, container: str, place: str, shell: str, *, privileged: bool = False) -> tuple[int, str]:
    """Run a shell text in a container as root. Returns its exit code and its last words.

    Raises:
        HostError: it does not run, or takes more than a minute.
    """
    from harness.engine.process import ExecProcess

    argv = ["/bin/sh", "-c", shell]
    with ExecProcess.start(engine.api, container, argv, user="0", name=place, privileged=privileged) as process:
        said = [text for _, text in process.lines(WITHIN)]
        code = process.exit_code()
        return -1 if code is None else code, " ".join(said[-LAST_WORDS:])
