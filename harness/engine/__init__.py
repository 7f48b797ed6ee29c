"""The container engine: discovery, images, networks, containers, leases, the sweep. Only here is `docker` imported."""
