"""Services out of a merged Compose file: keys looked at, environments put together, Compose's layout made flat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.errors import StackError
from harness.stack import accepted, envfile, keys, paths, plainwords
from harness.stack.base import screen
from harness.stack.files import Project
from harness.stack.mistakes import mistake, refuse_zero_bytes, written, wrong_value
from harness.stack.model import Service
from harness.stack.nodes import Node, Scalar, SourceLocation, SourceMapping, SourceSequence, text
from harness.stack.validate import validate

# Service keys that are read here; the others are the model's.
_READ_HERE = frozenset({"deploy", "env_file", "extends", "profiles", "scale"})
# Names that only the model has: Compose writes them below `deploy`, or as the service's own key.
_OF_THE_MODEL = frozenset({"name", "replicas", "rollback_config", "update_config"})
LONGEST_NAME = 58  # with -1000 behind it, what a replica's host name may be
_KNOWN = (Service.keys() - _OF_THE_MODEL) | _READ_HERE


def services(root: SourceMapping, project: Project) -> tuple[SourceMapping, dict[str, Service]]:
    """The active services by name, and the tree that they were made of. Mistakes go to the project's findings."""
    declared = root.get("services")
    if not isinstance(declared, SourceMapping) or not declared.fields:
        place = declared.place if declared else root.place
        got = written(declared) if declared else f"no services among {', '.join(root.fields) or 'no keys'}"
        raise mistake("The file has no services", place, got=got, expected="`services:` with at least one")
    active = {name: node for name, node in declared.fields.items() if _is_active(name, node, project)}
    names = frozenset(active)
    flat: dict[str, Node] = {}
    found: dict[str, Service] = {}
    for name, node in active.items():
        if not isinstance(node, SourceMapping):
            error = wrong_value(node, "a mapping with `image` or `build`")
            project.findings.wrong(node.place, error)
            continue
        made, complaint = None, None
        try:
            flat[name] = flat_node = _flat(name, node, names, project)
            refuse_zero_bytes(flat_node)
            made = validate(Service, flat_node, project.findings)
        except StackError as error:
            complaint = error
        if complaint:
            project.findings.wrong(node.place, complaint)
        if made:
            found[name] = made
    return replace(declared, fields=flat), found


def _is_active(name: str, node: Node, project: Project) -> bool:
    """A service that has profiles runs only when COMPOSE_PROFILES names one of them (or *)."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or len(name) > LONGEST_NAME:
        raise mistake(
            "A service's name cannot be used",
            node.place,
            got=plainwords.short(name),
            expected=f"letters, digits, dots, _ and -, {LONGEST_NAME} or fewer: its replicas are named after it",
        )
    if isinstance(node, SourceMapping) and node.get("build") is not None and not accepted.image_part(name):
        raise mistake(
            "A service's name cannot be used",
            node.place,
            got=name,
            expected="letters and digits, with one dot, one or two _, or any - between: its image is named after it",
        )
    profiles = node.get("profiles") if isinstance(node, SourceMapping) else None
    if profiles is None:
        return True
    if not isinstance(profiles, SourceSequence) or not all(isinstance(item, Scalar) for item in profiles.items):
        raise wrong_value(profiles, "a list of profiles")
    asked = {profile.strip() for profile in project.variables.get("COMPOSE_PROFILES", "").split(",")}
    own = {str(item.value) for item in profiles.items if isinstance(item, Scalar)}
    return not own or "*" in asked or bool(asked & own)


def _flat(name: str, node: SourceMapping, active: frozenset[str], project: Project) -> SourceMapping:
    """The service in the layout of the model."""
    _networks(node, project)
    kept = screen(node, _KNOWN, project.findings, ignored=keys.SERVICE_IGNORED, refused=keys.SERVICE_REFUSED)
    node = replace(node, fields={key: node.fields[key] for key in kept})
    environment = _environment(node, project)
    build = node.get("build")
    if isinstance(build, SourceMapping):
        context = build.get("context") or text(str(project.directory), build.place)
        build = build.having(context=context, args=_with_values(build.get("args"), project.variables))
    hoisted = _deploy(node, project)
    volumes = node.get("volumes")
    if isinstance(volumes, SourceSequence):
        volumes = replace(volumes, items=tuple(_volume(item, project) for item in volumes.items))
    return node.having(
        **dict.fromkeys(_READ_HERE),
        name=text(name, node.place),
        build=build,
        depends_on=_depends_on(node.get("depends_on"), active, project),
        environment=environment,
        healthcheck=_healthcheck(node.get("healthcheck")),
        volumes=volumes,
        **hoisted,
    )


def _networks(node: SourceMapping, project: Project) -> None:
    """Networks are the harness's own; what a service asks of them beyond its name is refused."""
    networks = node.get("networks")
    for network in networks.fields.values() if isinstance(networks, SourceMapping) else ():
        for key, child in network.fields.items() if isinstance(network, SourceMapping) else ():
            if key in keys.NETWORK_REFUSED:
                what = "The harness does not support this Compose key"
                project.findings.wrong(
                    child.place, mistake(what, child.place, got=key, hint=keys.NETWORK_HINT)
                )  # fmt: skip


def _environment(node: SourceMapping, project: Project) -> Node | None:
    """`env_file` below `environment`, as one mapping; a name alone has the value of the caller's environment."""
    own = node.get("environment")
    if own is not None and not isinstance(own, SourceMapping):
        return own
    found: dict[str, Node] = {}
    files = node.get("env_file")
    if files is not None and not isinstance(files, SourceSequence):
        raise wrong_value(files, "the path of a file, or a list of paths")
    for item in files.items if files else ():
        found.update(_env_file(item, project))
    resolved = _with_values(own, project.variables)
    if isinstance(resolved, SourceMapping):
        found.update(resolved.fields)
    place = own.place if own else node.place.key("environment")
    return SourceMapping(found, place) if found else None


def _env_file(item: Node, project: Project) -> dict[str, Node]:
    path = item.get("path") if isinstance(item, SourceMapping) else None
    if not isinstance(item, SourceMapping) or not isinstance(path, Scalar) or not isinstance(path.value, str):
        raise wrong_value(item, "the path of a file, or {path: ..., required: ...}")
    screen(item, frozenset({"path", "required", "format"}), project.findings)
    required, form = item.get("required"), item.get("format")
    if isinstance(form, Scalar) and form.value != "raw":
        raise wrong_value(form, "raw, or no format")
    file = Path(path.value)
    if not paths.exists(file):
        if isinstance(required, Scalar) and required.value in (False, "false"):
            return {}
        raise mistake(
            "An environment file does not exist",
            path.place,
            got=str(file),
            expected="a file of NAME=value lines",
            hint="correct the path, or write {path: ..., required: false}",
        )
    shown = project.show(file)
    unset, room = project.findings.no_value, project.room
    try:
        values = envfile.read(file, shown, project.variables, raw=form is not None, unset=unset, room=room)
    except StackError as error:
        error.hint = error.hint or f"correct it; it is named in {path.place}"
        raise
    return {key: text(value, SourceLocation(shown, 1, key)) for key, value in values.items()}


def _with_values(node: Node | None, variables: Mapping[str, str]) -> Node | None:
    """A mapping in which names without a value take it from the variables, or go."""
    if not isinstance(node, SourceMapping):
        return node
    found: dict[str, Node] = {}
    for key, child in node.fields.items():
        if not (isinstance(child, Scalar) and child.value is None):
            found[key] = child
        elif key in variables:
            found[key] = text(variables[key], child.place)
    return replace(node, fields=found)


def _depends_on(node: Node | None, active: frozenset[str], project: Project) -> Node | None:
    """Each entry as its condition; one that is not required goes when its service is not there."""
    if not isinstance(node, SourceMapping):
        return node
    found: dict[str, Node] = {}
    for name, child in node.fields.items():
        if not isinstance(child, SourceMapping):
            raise wrong_value(child, "{condition: service_started}, service_healthy or service_completed_successfully")
        screen(child, frozenset({"condition", "required"}), project.findings, ignored=frozenset({"restart"}))
        required = child.get("required")
        if name in active or not (isinstance(required, Scalar) and required.value in (False, "false")):
            found[name] = child.get("condition") or text("service_started", child.place)
    return replace(node, fields=found)


def _healthcheck(node: Node | None) -> Node | None:
    """The health check; None where it is switched off."""
    if not isinstance(node, SourceMapping):
        return node
    off, test = node.get("disable"), node.get("test")
    if isinstance(off, Scalar) and off.value not in (True, False, "true", "false"):
        raise wrong_value(off, "true or false")
    if isinstance(off, Scalar) and off.value in (True, "true"):
        return SourceMapping({"test": SourceSequence((text("NONE", off.place),), off.place)}, node.place)
    if test is None:
        raise mistake(
            "A health check has no test",
            node.place,
            got=written(node),
            expected='`test`, such as [CMD, curl, -fsS, "http://127.0.0.1:8080/healthz"]',
            hint="add `test`, or disable: true",
        )
    return node.having(disable=None)


def _volume(node: Node, project: Project) -> Node:
    """A long volume with its `tmpfs.size` beside the other keys."""
    if not isinstance(node, SourceMapping):
        return node
    for key in ("tmpfs", "volume"):
        options = node.get(key)
        if isinstance(options, SourceMapping):
            ignored = frozenset({"mode", "nocopy", "labels"})
            refused = {"subpath": "mount the whole volume"}
            known = frozenset({"size"} if key == "tmpfs" else ())
            screen(options, known, project.findings, ignored=ignored, refused=refused)
            size = options.get("size") if key == "tmpfs" else None
            node = node.having(size=size) if size else node
    return node.having(tmpfs=None, volume=None)


def _deploy(node: SourceMapping, project: Project) -> dict[str, Node]:
    """What `deploy` and `scale` say, under the model's names."""
    deploy, scale = node.get("deploy"), node.get("scale")
    own = {"replicas": scale, "mem_limit": node.get("mem_limit"), "cpus": node.get("cpus")}
    if deploy is None:
        return {"replicas": scale} if scale else {}
    if not isinstance(deploy, SourceMapping):
        raise wrong_value(deploy, f"a mapping with {', '.join(sorted(keys.DEPLOY))}")
    kept = screen(deploy, keys.DEPLOY, project.findings, ignored=keys.DEPLOY_IGNORED)
    mode = deploy.get("mode")
    if isinstance(mode, Scalar) and mode.value != "replicated":
        raise wrong_value(mode, "replicated", "say how many with deploy.replicas")
    found = {key: deploy.fields[key] for key in kept if key not in ("mode", "resources")}
    found |= _limits(deploy.get("resources"), project)
    for key, own_value in own.items():
        if isinstance(own_value, Scalar) and str(getattr(found.get(key, own_value), "value", "")) != str(
            own_value.value
        ):
            raise mistake(
                "The same setting is given twice, with different values",
                own_value.place,
                got=f"{written(own_value)} here, {written(found[key])} in {found[key].place}",
                expected="one of them",
            )
    return found | ({"replicas": scale} if scale else {})


def _limits(resources: Node | None, project: Project) -> dict[str, Node]:
    """`deploy.resources.limits` under the model's names."""
    if resources is None:
        return {}
    if not isinstance(resources, SourceMapping):
        raise wrong_value(resources, "a mapping with limits")
    screen(resources, keys.RESOURCES, project.findings, ignored=keys.RESOURCES_IGNORED)
    limits = resources.get("limits")
    if limits is None:
        return {}
    if not isinstance(limits, SourceMapping):
        raise wrong_value(limits, "a mapping with cpus and memory")
    screen(limits, keys.LIMITS, project.findings, refused=keys.LIMITS_REFUSED)
    names = {"memory": "mem_limit", "cpus": "cpus"}
    return {names[key]: child for key, child in limits.fields.items() if key in names}
