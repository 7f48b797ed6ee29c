"""What differs between two releases of a stack as Compose declares them, in words for a person."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from harness.stack import Service, Stack

OWN_ITEM = {"name", "image", "build", "ports", "expose", "volumes", "tmpfs"}


def images(old: Stack, new: Stack) -> list[str]:
    """Services that come or go, and those whose image or build differs."""
    return _by_service(old, new, partial(_image, old.file.parent))


def ports(old: Stack, new: Stack) -> list[str]:
    """Ports that come or go."""
    return _by_service(old, new, lambda one: _listed("port", map(_port, one.ports)) | _listed("expose", one.expose))


def volumes(old: Stack, new: Stack) -> list[str]:
    """Mounts that come, go or differ."""
    return _by_service(old, new, partial(_mounts, old.file.parent))


def configuration(old: Stack, new: Stack) -> list[str]:
    """Everything else of the services. No value of a variable is said: it may be a secret."""
    found = _by_service(old, new, _settings, secret=("environment",))
    same = old.harness.model_dump(mode="json") == new.harness.model_dump(mode="json")
    return found if same else [*found, "the x-harness block differs: what is checked of the one is not of the other"]


def _by_service(
    old: Stack, new: Stack, facts: Callable[[Service], Mapping[str, Any]], secret: tuple[str, ...] = ()
) -> list[str]:
    found: list[str] = []
    for name in dict.fromkeys((*old.services, *new.services)):
        was, now = (facts(stack.services[name]) if name in stack.services else None for stack in (old, new))
        if was is None or now is None:
            found.append(f"{name} is {'new' if was is None else 'gone'}")
            continue
        for key in dict.fromkeys((*was, *now)):
            if was.get(key) == now.get(key) and (key in was) == (key in now):
                continue
            hidden = key.split(" ")[0] in secret
            found.append(f"{name}: {key} {_change(was, now, key, hidden=hidden)}")
    return found


def _change(was: Mapping[str, Any], now: Mapping[str, Any], key: str, *, hidden: bool) -> str:
    if key not in was:
        return "is new"
    if key not in now:
        return "is gone"
    return "changes" if hidden else f"{_short(was[key])} -> {_short(now[key])}"


def _short(value: object) -> str:
    text = str(value) or "nothing"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _image(root: Path, service: Service) -> dict[str, Any]:
    if service.build is None:
        return {"image": service.image}
    build = service.build
    context = os.path.relpath(build.context, root)
    parts = {"build context": context, "Dockerfile": build.dockerfile, "stage": build.target or "last"}
    return {**parts, **{f"build argument {name}": value for name, value in build.args.items()}}


def _mounts(root: Path, service: Service) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in service.volumes:
        source = os.path.relpath(one.source, root) if one.type == "bind" and one.source else one.source or ""
        found[f"mount {one.target}"] = f"{one.type} {source}{' ro' * one.read_only}"
    return {**found, **{f"tmpfs {path}": options for path, options in service.tmpfs.items()}}


def _port(port: Any) -> str:
    return f"{port.target}/{port.protocol}" + (f" as {port.published}" if port.published else "")


def _listed(word: str, values: Iterable[object]) -> dict[str, Any]:
    return {f"{word} {value}": True for value in values}


def _settings(service: Service) -> dict[str, Any]:
    plain = service.model_dump(mode="json", exclude=OWN_ITEM)
    variables = plain.pop("environment", {})
    return {**plain, **{f"environment {name}": value for name, value in variables.items()}}
