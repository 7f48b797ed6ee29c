"""Proxies and toxics as a server has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Toxic:
    """A toxic as the server has it. `stream` is `upstream` or `downstream`, `toxicity` from 0 to 1."""

    name: str
    type: str
    stream: str = "downstream"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    toxicity: float = 1.0

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From the API's shape."""
        return cls(raw["name"], raw["type"], str(raw["stream"]).lower(), dict(raw["attributes"]), raw["toxicity"])

    def differs(self, other: Toxic) -> bool:
        """Whether the other is not what this asks for; attributes that this leaves out do not matter."""
        asked = {key: other.attributes.get(key) for key in self.attributes}
        return (self.type, self.stream, dict(self.attributes)) != (other.type, other.stream, asked) or abs(
            self.toxicity - other.toxicity
        ) > 1e-6  # the server has it in 32 bits


@dataclass(frozen=True, slots=True)
class ProxyState:
    """A proxy as the server has it."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From the API's shape."""
        toxics = tuple(Toxic.of(toxic) for toxic in raw["toxics"])
        return cls(raw["name"], raw["listen"], raw["upstream"], bool(raw["enabled"]), toxics)
