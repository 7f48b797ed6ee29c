"""The container engine: discovery, images, networks, containers, leases and the sweep. Only here is `docker` imported."""
