"""Mistakes that show only when the parts of a stack are seen together."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness import reading
from harness.errors import UsageError
from harness.stack import crosscheck_servers, crosscheck_workload, paths, plainwords
from harness.stack.accepted import PORTS
from harness.stack.mistakes import StackFindings, mistake
from harness.stack.model import Condition, Service
from harness.stack.nodes import Scalar, SourceMapping, find
from harness.stack.plainwords import meant, one_of
from harness.stack.xharness import XHarness


def check(root: SourceMapping, services: Mapping[str, Service], harness: XHarness, findings: StackFindings) -> None:
    """Everything below; mistakes go to the findings. `root` is the merged tree, for places."""
    volumes = root.get("volumes")
    declared = frozenset(volumes.fields) if isinstance(volumes, SourceMapping) else frozenset()
    for service in services.values():
        _image(root, service, findings)
        _volumes(root, service, declared, findings)
        _ports(root, service, findings)
        _dependencies(root, service, services, findings)
    _circles(root, services, findings)
    _one_way(root, harness, findings)
    _unread(root, services, harness, findings)
    for path, name in _named(harness):
        _exists(root, path, name, services, findings)
    crosscheck_servers.check(root, harness, findings)
    if harness.workload is not None:
        crosscheck_workload.check(root, harness.workload, findings)


def _image(root: SourceMapping, service: Service, findings: StackFindings) -> None:
    at = ("services", service.name)
    place = find(root, *at)
    build = service.build
    if build is None:
        if service.image is None:
            got = "neither `image` nor `build`"
            error = mistake("A service has nothing to run", place, got=got, expected="`image: name` or `build: path`")
            findings.wrong(place, error)
        return
    place = find(root, *at, "build", "context")
    hint = "paths are relative to the Compose file; correct it"
    if re.match(r"[a-z+]+:/", str(build.context)):  # a Path has one slash of an address's two
        error = mistake(
            "A build context is not on this machine", place, got=str(build.context).replace(":/", "://", 1),
            expected="a directory", hint="check it out beside the Compose file",
        )  # fmt: skip
        findings.wrong(place, error)
    elif not paths.is_dir(build.context):
        findings.wrong(
            place,
            mistake("A build context does not exist", place, got=str(build.context), expected="a directory", hint=hint),
        )
    elif not paths.is_file(build.context / build.dockerfile):
        place = find(root, *at, "build", "dockerfile")
        got = str(build.context / build.dockerfile)
        hint = "create it, or name another with `dockerfile`"
        error = mistake("A Dockerfile does not exist", place, got=got, expected="a file", hint=hint)
        findings.wrong(place, error)


def _volumes(root: SourceMapping, service: Service, declared: frozenset[str], findings: StackFindings) -> None:
    taken: dict[str, int] = {}
    for index, volume in enumerate(service.volumes):
        if volume.type != "tmpfs" and taken.setdefault(posixpath.normpath(volume.target), index) != index:
            place = find(root, "services", service.name, "volumes", index)
            error = mistake(
                "Two volumes are mounted at the same path", place, got=volume.target, expected="one of them",
                hint="remove one of the two",
            )  # fmt: skip
            findings.wrong(place, error)
    for index, volume in enumerate(service.volumes):
        place = find(root, "services", service.name, "volumes", index)
        if volume.type == "bind" and volume.source is None:
            findings.wrong(place, mistake("A mount has no source", place, got="a bind of nothing", expected="`source`"))
        elif volume.type == "volume" and volume.source and volume.source not in declared:
            findings.wrong(
                place,
                mistake(
                    "A volume is not declared", place, got=volume.source,
                    expected=(one_of(declared) if declared else "a volume below the top-level `volumes:`")
                    + meant(volume.source, declared),
                    hint=f"declare it (volumes: {{{volume.source}: }}), or write ./{volume.source} for a directory",
                ),
            )  # fmt: skip
        elif (
            volume.type == "bind"
            and _written_relative(root, service.name, index)
            and not paths.exists(Path(volume.source or ""))
        ):
            findings.wrong(
                place,
                mistake(
                    "What a service mounts does not exist", place, got=volume.source or "",
                    expected="a file or directory beside the Compose file", hint="create it, or correct the path",
                ),
            )  # fmt: skip


def _ports(root: SourceMapping, service: Service, findings: StackFindings) -> None:
    """Every port is a listener of the proxy for every replica that may call the service."""
    if len(service.listens_on()) <= PORTS:
        return
    place = find(root, "services", service.name, "expose" if len(service.expose) > PORTS else "ports")
    findings.wrong(
        place,
        mistake(
            "A service has too many ports", place, got=f"{len(service.listens_on())} TCP ports",
            expected=f"{PORTS} or fewer", hint="name those that others connect to, with `!override` in an override",
        ),
    )  # fmt: skip


def _written_relative(root: SourceMapping, service: str, index: int) -> bool:
    """Whether a mount belongs to the project. An absolute path may exist on the engine's machine alone."""
    node = root
    for part in ("services", service):
        child = node.get(part)
        if not isinstance(child, SourceMapping):
            return False
        node = child
    volumes = node.get("volumes")
    item = volumes.items[index] if volumes and not isinstance(volumes, Scalar | SourceMapping) else None
    source = item.get("source") if isinstance(item, SourceMapping) else None
    return isinstance(source, Scalar) and source.text.startswith(".")


def _dependencies(
    root: SourceMapping, service: Service, services: Mapping[str, Service], findings: StackFindings
) -> None:
    for name, condition in service.depends_on.items():
        path = ("services", service.name, "depends_on", name)
        if _exists(root, path, name, services, findings) and condition is Condition.HEALTHY:
            check = services[name].healthcheck
            if (check and check.test[0] != "NONE") or (check is None and _image_has_one(services[name])):
                continue
            place = find(root, *path)
            findings.wrong(
                place,
                mistake(
                    "A service waits for the health of one that has no health check", place,
                    got=f"condition: service_healthy for {name}", expected=f"a `healthcheck` in {name}",
                    hint="write the health check here, even where the image has one, or wait for service_started",
                ),
            )  # fmt: skip


def _image_has_one(service: Service) -> bool:
    """Whether the service's Dockerfile has a HEALTHCHECK. What an image from elsewhere has is not known here."""
    if service.build is None:
        return False
    try:
        lines = reading.text(service.build.context / service.build.dockerfile, "The Dockerfile").splitlines()
    except UsageError:  # whoever builds it says so
        return False
    return any(line.split()[:1] == ["HEALTHCHECK"] and line.split()[1:] != ["NONE"] for line in lines)


def _exists(
    root: SourceMapping,
    path: tuple[str | int, ...],
    name: str,
    services: Mapping[str, Service],
    findings: StackFindings,
) -> bool:
    if name in services:
        return True
    place = find(root, *path)
    expected = one_of(services) + meant(name, services)
    findings.wrong(place, mistake("A service is named that does not exist", place, got=name, expected=expected))
    return False


def _circles(root: SourceMapping, services: Mapping[str, Service], findings: StackFindings) -> None:
    """Dependencies that no order satisfies: reported once, at the first service of the circle."""
    done: set[str] = set()
    for start in services:
        trail: list[tuple[str, Iterator[str]]] = [(start, iter(services[start].depends_on))]
        names = {start: 0}  # those of the trail, in its order
        while trail and start not in done:
            name, rest = trail[-1]
            following = next(rest, None)
            if following is None:
                done.add(name)
                trail.pop()
                del names[name]
                continue
            if following in names:
                circle = [*list(names)[names[following] :], following]
                place = find(root, "services", name, "depends_on", following)
                findings.wrong(
                    place,
                    mistake(
                        "Services wait for each other in a circle", place, got=plainwords.short(" -> ".join(circle)),
                        expected="an order in which they can start", hint="remove one of these dependencies",
                    ),
                )  # fmt: skip
                return
            if following in services and following not in done:
                names[following] = len(trail)
                trail.append((following, iter(services[following].depends_on)))


def _one_way(root: SourceMapping, harness: XHarness, findings: StackFindings) -> None:
    """Releases that cannot be taken back are releases of the stack."""
    for release in harness.deployer.one_way if harness.deployer else ():
        if release not in harness.releases:
            place = find(root, "x-harness", "deployer", "one_way", release)
            expected = one_of(harness.releases) + meant(release, harness.releases)
            error = mistake("A release is named that does not exist", place, got=release, expected=expected)
            findings.wrong(place, error)


def _unread(root: SourceMapping, services: Mapping[str, Service], harness: XHarness, findings: StackFindings) -> None:
    """How a service is updated is for a built-in strategy to do; where the team's own commands deploy, it is theirs."""
    if harness.deployer is None or harness.deployer.deploy is None:
        return
    for service in services.values():
        for key in ("update_config", "rollback_config"):
            if getattr(service, key) is not None:
                findings.ignored.setdefault(find(root, "services", service.name, key))


def _named(harness: XHarness) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every service that the block names, with the path of the place."""
    if harness.entry:
        yield ("x-harness", "entrypoint"), harness.entry[0]
    if harness.deployer and harness.deployer.service:
        yield ("x-harness", "deployer", "in"), harness.deployer.service
    for key, named in (("logs", harness.logs), ("state", harness.state)):
        for name in named:
            yield ("x-harness", key, name), name
    for key in ("release", "health", "main", "configuration"):
        for name in getattr(harness.probes, key):
            yield ("x-harness", "probes", key, name), name
    for name, server in harness.servers.items():
        yield ("x-harness", "servers", name, "in"), server.service
    for key in ("registry", "database_schema", "queue"):
        if probe := getattr(harness.probes, key):
            yield ("x-harness", "probes", key.removeprefix("database_"), "in"), probe.service
    if harness.workload and harness.workload.readback:
        yield ("x-harness", "workload", "readback", "in"), harness.workload.readback.service
    for name, effect in harness.workload.effects.items() if harness.workload else ():
        yield ("x-harness", "workload", "effects", name, "in"), effect.service
