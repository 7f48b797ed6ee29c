"""toxiproxy-python, a copy of its modules for each client: it keeps host and port in attributes of its classes."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_COPIES = itertools.count(1)


def copy(ask: Callable[..., Any]) -> ModuleType:
    """The library's modules once more, under a name of their own.

    Args:
        ask: called as `ask("POST", "/proxies", json=...)` for every request; returns a `requests.Response`.
    """
    found = importlib.util.find_spec("toxiproxy")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("toxiproxy-python is not installed", name="toxiproxy")
    name = f"_toxiproxy_{next(_COPIES)}"
    places = list(found.submodule_search_locations or ())
    spec = importlib.util.spec_from_file_location(name, found.origin, submodule_search_locations=places)
    assert spec is not None  # what it is made of was found
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    consumer = sys.modules[f"{name}.api"].APIConsumer
    for verb in ("get", "post", "delete"):
        setattr(consumer, verb, _asking(ask, verb.upper()))
    return module


def _asking(ask: Callable[..., Any], method: str) -> Any:
    def asking(url: str, **more: Any) -> Any:
        return ask(method, url, **more)

    return staticmethod(asking)


def forget(module: ModuleType) -> None:
    """Unload a copy."""
    name = module.__name__
    for loaded in list(sys.modules):  # a list, since other threads import meanwhile
        if loaded == name or loaded.startswith(f"{name}."):
            sys.modules.pop(loaded, None)
