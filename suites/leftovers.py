"""Networks that a run left on the engine, told from those that the engine holds by a mistake of its own."""

from __future__ import annotations

from collections import defaultdict

from harness.engine import Engine
from harness.engine.releasing import remove_network
from harness.errors import EngineError, NetworkHeld

# Those that were really left, by label. To be told from the others they were removed, and that must not hide them.
_LEFT: defaultdict[str, set[str]] = defaultdict(set)


def networks_left(engine: Engine, label: str) -> list[str]:
    """The ids of the networks with a label. Beside a container or a lease they are taken as they are: somebody may be
    at work there, and the sweep comes for what is left.
    """
    found = list(engine.networks.list([label]))
    if found and not engine.containers.list([label]) and not engine.volumes.list([label]):
        found = [one for one in found if not _held(engine, one)]
        _LEFT[label].update(found)
    return sorted({*found, *_LEFT[label]})


def _held(engine: Engine, network: str) -> bool:
    try:
        remove_network(engine, network)
    except NetworkHeld:
        return True
    except EngineError:
        return False
    return False
