"""Compose's short forms written out, so that files merge and everything after has one form to read.

The result of `service` has: mappings for `environment`, `labels`, `sysctls`, `extra_hosts`, `depends_on`, `build`,
`build.args`, `ulimits.*` and `extends`; lists for `env_file`, `tmpfs`, `expose`, `ports` and `volumes`, whose items are
mappings but for `tmpfs` and `expose`; and lists of words for `command`, `entrypoint` and `healthcheck.test`.
A form that is not known stays as it is: what reads it later refuses it at its place.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sized
from dataclasses import replace

from harness.stack.accepted import PORTS
from harness.stack.mistakes import wrong_value
from harness.stack.nodes import Node, Scalar, SourceMapping, SourceSequence, text

PORT = 'a port such as 8080, "8080:80", "127.0.0.1:8080:80/tcp" or "8000-8009"'
_MOST_PORTS = 10 * PORTS  # written out; the same one may stand in several files
VOLUME = "./file:/path, name:/path or /path, with :ro at the end where it is only read"


def service(node: SourceMapping) -> SourceMapping:
    """The service with its short forms written out. Raises StackError for a form that means nothing."""
    return apply(node, _SERVICE)


def apply(node: SourceMapping, forms: Mapping[str, Callable[[Node], Node]]) -> SourceMapping:
    """The mapping with a form written out for each key that has one; tags stay."""
    fields = dict(node.fields)
    for key, form in forms.items():
        child = fields.get(key)
        if child is not None and not (isinstance(child, Scalar) and child.value is None):
            fields[key] = replace(form(child), tag=child.tag)
    return replace(node, fields=fields)


def pairs(separator: str) -> Callable[[Node], Node]:
    """`[NAME=value, NAME]` as a mapping; a name alone has no value."""

    def form(node: Node) -> Node:
        if not isinstance(node, SourceSequence):
            return node
        fields: dict[str, Node] = {}
        for item in node.items:
            if not isinstance(item, Scalar) or not isinstance(item.value, str):
                raise wrong_value(item, f"NAME{separator[0]}value", "put the whole item in quotes")
            name, *rest = re.split(f"[{separator}]", item.value, maxsplit=1)
            place = replace(item.place, path=f"{node.place.path}.{name}")
            fields[name] = text(rest[0], place) if rest else Scalar(None, "", place)
        return SourceMapping(fields, node.place)

    return form


def words(node: Node) -> Node:
    """A command line as the list of its words, split as a shell would."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return node
    try:
        found = shlex.split(node.value)
    except ValueError:
        raise wrong_value(node, "a command line whose quotes are closed, or a list of words") from None
    return SourceSequence(tuple(text(word, node.place) for word in found), node.place)


def many(node: Node) -> Node:
    """A single value as a list of one."""
    return SourceSequence((node,), node.place) if isinstance(node, Scalar) else node


def _test(node: Node) -> Node:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return SourceSequence((text("CMD-SHELL", node.place), text(node.value, node.place)), node.place)
    return node


def _below(key: str) -> Callable[[Node], Node]:
    """A scalar as a mapping with one key: `build: ./images` as `build: {context: ./images}`."""
    return lambda node: SourceMapping({key: node}, node.place) if isinstance(node, Scalar) else node


def _build(node: Node) -> Node:
    node = _below("context")(node)
    return apply(node, {"args": pairs("=")}) if isinstance(node, SourceMapping) else node


def _healthcheck(node: Node) -> Node:
    return apply(node, {"test": _test}) if isinstance(node, SourceMapping) else node


def _depends_on(node: Node) -> Node:
    if not isinstance(node, SourceSequence):
        return node
    fields: dict[str, Node] = {}
    for item in node.items:
        if not isinstance(item, Scalar) or not isinstance(item.value, str):
            raise wrong_value(item, "the name of a service")
        place = replace(item.place, path=f"{node.place.path}.{item.value}")
        fields[item.value] = SourceMapping({"condition": text("service_started", place)}, place)
    return SourceMapping(fields, node.place)


def _ulimits(node: Node) -> Node:
    if not isinstance(node, SourceMapping):
        return node
    both = {key: _ulimit(child) for key, child in node.fields.items()}
    return replace(node, fields=both)


def _ulimit(node: Node) -> Node:
    return SourceMapping({"soft": node, "hard": node}, node.place) if isinstance(node, Scalar) else node


def _env_file(node: Node) -> Node:
    node = many(node)
    if not isinstance(node, SourceSequence):
        return node
    return replace(node, items=tuple(_below("path")(item) for item in node.items))


def _ports(node: Node) -> Node:
    if not isinstance(node, SourceSequence):
        return node
    found: list[Node] = []
    for item in node.items:
        found += [item] if isinstance(item, SourceMapping) else _port(item)
        _bounded(found, item)
    return replace(node, items=tuple(found))


def _port(node: Node) -> list[Node]:
    """The long forms of a short port: one for each port of a range."""
    match = isinstance(node, Scalar) and re.fullmatch(
        r"(?:(?:(?P<ip>[0-9]+(?:\.[0-9]+){3}|\[[0-9a-fA-F:.]+\]):)?(?P<published>[0-9-]*):)?(?P<target>[0-9-]+)(?:/(?P<protocol>\w+))?",
        str(node.value),
    )
    if not match:
        raise wrong_value(node, PORT)
    targets = port_range(match["target"], node)
    published = port_range(match["published"], node) if match["published"] else range(0)
    if len(targets) > 1 and published and len(published) != len(targets):
        raise wrong_value(node, "ranges of the same length on both sides")
    fixed: dict[str, Node] = {"protocol": text(match["protocol"] or "tcp", node.place)}
    if match["ip"]:
        fixed["host_ip"] = text(match["ip"].strip("[]"), node.place)
    if match["protocol"] not in (None, "tcp"):
        targets = targets[:1]  # the proxy speaks TCP alone: that a service has datagrams is all that matters of them
    _bounded(targets, node)
    found: list[Node] = []
    for index, target in enumerate(targets):
        fields = {"target": Scalar(target, str(target), node.place), **fixed}
        if published:
            given = str(published[index]) if len(targets) > 1 else match["published"]
            fields["published"] = text(given, node.place)
        found.append(SourceMapping(fields, node.place))
    return found


def _bounded(ports: Sized, node: Node) -> None:
    """Refuse a list that stands for more ports than can be meant, before it is written out."""
    if len(ports) > _MOST_PORTS:
        raise wrong_value(node, f"{PORTS} TCP ports or fewer of one service", "name those that others connect to")


def port_range(written: str, node: Node) -> range:
    """`8000-8002` as its ports. Raises StackError."""
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", written)
    if not match:
        raise wrong_value(node, PORT)
    first, last = int(match[1]), int(match[2] or match[1])
    if not 0 < first <= last <= 65535:
        raise wrong_value(node, "ports from 1 to 65535, the lower first")
    return range(first, last + 1)


def _expose(node: Node) -> Node:
    node = many(node)
    if not isinstance(node, SourceSequence):
        return node
    found: list[Node] = []
    for item in node.items:
        match = isinstance(item, Scalar) and re.fullmatch(r"([0-9-]+)(?:/(tcp|udp|sctp))?", str(item.value))
        if not match:
            raise wrong_value(item, 'a TCP port such as 8080, or "8000-8009"')
        exposed = port_range(match[1], item)
        if match[2] in (None, "tcp"):  # the proxy, which wants to know them, speaks TCP alone
            _bounded(exposed, item)
            found += [Scalar(port, str(port), item.place) for port in exposed]
            _bounded(found, item)
    return replace(node, items=tuple(found))


def _volumes(node: Node) -> Node:
    if not isinstance(node, SourceSequence):
        return node
    return replace(node, items=tuple(item if isinstance(item, SourceMapping) else _volume(item) for item in node.items))


def _volume(node: Node) -> SourceMapping:
    given = node.value if isinstance(node, Scalar) else None
    parts = given.split(":") if isinstance(given, str) else []
    if not 1 <= len(parts) <= 3 or not all(parts) or (len(parts) > 1 and not parts[1].startswith("/")):
        raise wrong_value(node, VOLUME)
    source, target, modes = (None, parts[0], "") if len(parts) == 1 else (parts[0], parts[1], "".join(parts[2:]))
    unknown = set(modes.split(",")) - {"", "ro", "rw", "z", "Z", "cached", "delegated", "consistent", "nocopy"}
    if unknown or not target.startswith("/"):
        raise wrong_value(node, VOLUME)
    kind = "bind" if source and source[0] in "./~" else "volume"
    fields: dict[str, Node] = {"type": text(kind, node.place), "target": text(target, node.place)}
    if source:
        fields["source"] = text(source, node.place)
    if "ro" in modes.split(","):
        fields["read_only"] = Scalar(True, "true", node.place)
    return SourceMapping(fields, node.place)


_SERVICE: Mapping[str, Callable[[Node], Node]] = {
    "build": _build,
    "command": words,
    "depends_on": _depends_on,
    "entrypoint": words,
    "env_file": _env_file,
    "environment": pairs("="),
    "expose": _expose,
    "extends": _below("service"),
    "extra_hosts": pairs("=:"),
    "healthcheck": _healthcheck,
    "labels": pairs("="),
    "ports": _ports,
    "sysctls": pairs("="),
    "tmpfs": many,
    "ulimits": _ulimits,
    "volumes": _volumes,
}


def document(root: SourceMapping) -> SourceMapping:
    """The whole file with every service's short forms written out. Raises StackError."""
    services = root.get("services")
    if not isinstance(services, SourceMapping):
        return root
    written = {
        name: service(node) if isinstance(node, SourceMapping) else node for name, node in services.fields.items()
    }
    return root.having(services=replace(services, fields=written))
