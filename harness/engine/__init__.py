"""The container engine: discovery, images, networks, containers, leases, the sweep. Only here is `docker` imported."""

from harness.engine.containers import Container, ContainerState
from harness.engine.context import BuildSpec
from harness.engine.engine import Engine
from harness.engine.events import ContainerEvent, Events
from harness.engine.labels import Owner
from harness.engine.networks import Network
from harness.engine.spec import Attachment, ContainerSpec, MountSpec, Publish
from harness.engine.sweep import Swept

__all__ = [
    "Attachment",
    "BuildSpec",
    "Container",
    "ContainerEvent",
    "ContainerSpec",
    "ContainerState",
    "Engine",
    "Events",
    "MountSpec",
    "Network",
    "Owner",
    "Publish",
    "Swept",
]
