"""`x-harness: servers`: the databases, caches, queues and load balancers of a stack, each declared once.

What can be declared of a product is with its adapter, in `harness/servers/`. Those are found by name and only when a
stack declares one: they stand above the stack and import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, ValidationInfo, WithJsonSchema

from harness.stack.base import Truth, wrong
from harness.stack.plainwords import meant, one_of
from harness.stack.xharness.base import Block


class DeclaredServer(Block):
    """What a stack declares of every server, whatever its product."""

    kind: str
    service: str = Field(default="", alias="in", description="The service that it runs in; left out, its own name.")
    watch: Truth = Field(default=True, description="Whether it is sampled once a second.")
    compare: Truth = Field(default=True, description="Whether a fingerprint holds its state.")

    def named(self, name: str) -> Self:
        """The same, with its service: the one of this name where it declares none."""
        return self if self.service else self.model_copy(update={"service": name})


def kinds() -> Mapping[str, type[DeclaredServer]]:
    """Every kind of server that there is an adapter for, by name."""
    found: Mapping[str, type[DeclaredServer]] = import_module("harness.servers").kinds()
    return found


def _server(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, DeclaredServer):
        return value
    known = kinds()
    if not isinstance(value, Mapping):
        raise wrong(f"a mapping with `kind`, {one_of(known)}")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in known:
        close = meant(kind, known) if isinstance(kind, str) else ""
        hint = "ask other servers by commands: `probes` and `state.<service>.command`" if isinstance(kind, str) else ""
        raise wrong(("" if "kind" in value else "`kind`, ") + one_of(known) + close, hint, key="kind")
    return known[kind].model_validate(value, context=info.context)


def _named(servers: Mapping[str, DeclaredServer]) -> Mapping[str, DeclaredServer]:
    return {name: server.named(name) for name, server in servers.items()}


Servers = Annotated[
    Mapping[
        Annotated[str, Field(min_length=1)],
        Annotated[SerializeAsAny[DeclaredServer], BeforeValidator(_server), WithJsonSchema({"type": "object"})],
    ],
    AfterValidator(_named),
]
"""By name. `harness.stack.schema` puts the schemas of the adapters in the place of the object."""
