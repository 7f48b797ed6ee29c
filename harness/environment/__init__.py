"""A running stack: replicas, readiness, hosts. Only here is `testinfra` imported."""

from harness.environment.environment import Environment, Keep
from harness.environment.images import build_specs, ensure_images
from harness.environment.replica import Replica
from harness.environment.shell import Answer

__all__ = ["Answer", "Environment", "Keep", "Replica", "build_specs", "ensure_images"]
