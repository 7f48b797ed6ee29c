"""Keys of an earlier version that still work: servers that were declared below `state` and `probes`.

They are moved to `x-harness: servers` before anything reads the block, so that nothing after this knows of them. Every
value keeps its place, so that a mistake is named where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.stack.mistakes import StackFindings, mistake, wrong_value
from harness.stack.nodes import Node, Scalar, SourceMapping, text

KINDS = ("postgres", "redis", "haproxy")
# By the title of a model in the schema: what it still takes.
PROPERTIES = {"State": KINDS, "Probes": KINDS, "QueueProbe": ("redis", "postgres")}
_ADDRESS = ("socket", "url", "stats")  # of a HAProxy
_OF_QUEUE = ("depth", "oldest", "field")


@dataclass
class _Servers:
    """The servers, as they are to be written.

    Attributes:
        written: those that the file itself declares that way.
    """

    findings: StackFindings
    written: Mapping[str, Node]
    moved: dict[str, SourceMapping] = field(default_factory=dict)

    def old(self, key: Node, service: str, kind: str) -> None:
        """Keep the warning for a key."""
        instead = f"declare the server once, `servers: {{{service}: {{kind: {kind}, ...}}}}`"
        self.findings.deprecated[key.place] = f"{instead}; it still works"

    def add(self, name: str, service: str, kind: str, declared: SourceMapping, **settings: bool) -> None:
        """One more server; `settings` are its `watch` and `compare`."""
        place = declared.place
        if name in self.written or name in self.moved:
            error = mistake("A server is declared twice", place, got=name, expected=f"only `servers: {name}`")
            self.findings.wrong(place, error)
            return
        fields = {("address" if key in _ADDRESS else key): node for key, node in declared.fields.items()}
        extra: dict[str, Node] = {"in": text(service, place), "kind": text(kind, place)}
        extra |= {key: Scalar(value, str(value).lower(), place) for key, value in settings.items()}
        self.moved[name] = replace(declared, fields={**fields, **extra})

    def of(self, service: str, kind: str) -> Iterator[str]:
        """The names of the servers of a service and kind that were moved."""
        for name, one in self.moved.items():
            if _plain(one, "in") == service and _plain(one, "kind") == kind:
                yield name


def rewrite(root: SourceMapping, findings: StackFindings) -> SourceMapping:
    """The tree of a file with every server below `x-harness: servers`. Warnings and mistakes go to the findings."""
    block = root.get("x-harness")
    if not isinstance(block, SourceMapping):
        return root
    written = block.get("servers")
    servers = _Servers(findings, written.fields if isinstance(written, SourceMapping) else {})
    state, probes = _state(block.get("state"), servers), _probes(block.get("probes"), servers)
    made = written
    if servers.moved and (
        written is None or isinstance(written, SourceMapping)
    ):  # what reads it later refuses anything else
        place = written.place if written else block.place.key("servers")
        made = SourceMapping({**servers.written, **servers.moved}, place)
    return root.having(**{"x-harness": block.having(servers=made, state=state, probes=probes)})


def _state(state: Node | None, servers: _Servers) -> Node | None:
    """`state.<service>.<kind>`: compared, and watched but for a HAProxy."""
    if not isinstance(state, SourceMapping):
        return state
    services: dict[str, Node] = {}
    for service, declared in state.fields.items():
        services[service] = declared
        for kind in KINDS if isinstance(declared, SourceMapping) else ():
            one = declared.get(kind) if isinstance(declared, SourceMapping) else None
            if isinstance(one, SourceMapping):
                servers.old(one, service, kind)
                servers.add(service if service not in servers.moved else f"{service} ({kind})", service, kind, one,
                            watch=kind != "haproxy")  # fmt: skip
            elif one is not None:
                servers.findings.wrong(one.place, wrong_value(one, f"a mapping, as of `kind: {kind}`"))
        if isinstance(declared, SourceMapping):
            services[service] = declared.having(**dict.fromkeys(KINDS, None))
    return replace(state, fields=services)


def _probes(probes: Node | None, servers: _Servers) -> Node | None:
    """`probes.<kind>`: the only one of its kind that is watched; and the queue of a server."""
    if not isinstance(probes, SourceMapping):
        return probes
    for kind in KINDS:
        one = probes.get(kind)
        if one is None:
            continue
        service = _plain(one, "in") if isinstance(one, SourceMapping) else None
        if not isinstance(one, SourceMapping) or service is None:
            servers.findings.wrong(one.place, wrong_value(one, "a mapping with `in`"))
            continue
        if kind == "haproxy" and ("socket" in one.fields) == ("url" in one.fields):
            servers.findings.wrong(one.place, wrong_value(one, "one of socket and url"))
            continue
        servers.old(one, service, kind)
        _watch(one, service, kind, servers)
    queue = probes.get("queue")
    kept = {} if not isinstance(queue, SourceMapping) else {"queue": _queue(queue, servers)}
    return probes.having(**dict.fromkeys(KINDS, None), **kept)


def _watch(declared: SourceMapping, service: str, kind: str, servers: _Servers) -> None:
    for name in [name for name, one in servers.moved.items() if _plain(one, "kind") == kind]:
        servers.moved[name] = servers.moved[name].having(watch=Scalar(False, "false", declared.place))
    for name in servers.of(service, kind):
        if _same(declared, servers.moved[name]):
            servers.moved[name] = servers.moved[name].having(watch=Scalar(True, "true", declared.place))
            return
    name = service if service not in servers.moved else f"{service} (probe)"
    servers.add(name, service, kind, declared.having(**{"in": None}), compare=False)


def _queue(queue: SourceMapping, servers: _Servers) -> Node | None:
    """What is left of `probes.queue`: nothing where a server holds it."""
    kind = next((kind for kind in PROPERTIES["QueueProbe"] if kind in queue.fields), None)
    service, declared = _plain(queue, "in"), queue.get(kind) if kind else None
    if kind is None or service is None or not isinstance(declared, SourceMapping):
        return queue
    if len(queue.fields.keys() & {"command", "redis", "postgres", "http"}) > 1:
        servers.findings.wrong(queue.place, wrong_value(queue, "one of command, redis, postgres and http"))
        return None
    servers.old(declared, service, kind)
    asked = {key: node for key, node in declared.fields.items() if key in _OF_QUEUE}
    asked |= {key: node for key, node in queue.fields.items() if key == "holds"}
    rest = declared.having(**dict.fromkeys(_OF_QUEUE, None))
    own: dict[str, Node | None] = {"queue": SourceMapping(asked, declared.place)}
    for name in servers.of(service, kind):
        if _same(rest, servers.moved[name]):
            servers.moved[name] = servers.moved[name].having(**own)
            return None
    name = service if service not in servers.moved else f"{service} (queue)"
    servers.add(name, service, kind, rest.having(**own), watch=False, compare=False)
    return None


def _same(one: SourceMapping, other: SourceMapping) -> bool:
    """Whether two declarations lead to the same database of a server."""
    return all(_connects(one, key) == _connects(other, key) for key in ("user", "database", "address"))


def _connects(node: SourceMapping, key: str) -> Any:
    keys = ("address", *_ADDRESS) if key == "address" else (key,)
    return next((value for one in keys if (value := _plain(node, one)) is not None), 0 if key == "database" else None)


def _plain(node: SourceMapping, key: str) -> Any:
    child = node.get(key)
    return child.value if isinstance(child, Scalar) else None


def into(definitions: Mapping[str, Any]) -> None:
    """Put the old keys into the definitions of a JSON Schema."""
    words = "Deprecated: the same below `servers`, with `kind`."
    for model, keys in PROPERTIES.items():
        for key in keys:
            definitions[model]["properties"][key] = {"type": "object", "deprecated": True, "description": words}
