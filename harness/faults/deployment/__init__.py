"""Faults of the deployment itself: what the deployer meets on its way, and what it finds there."""
