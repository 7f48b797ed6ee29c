"""A running stack: replicas, readiness, hosts. Only here is `testinfra` imported."""
