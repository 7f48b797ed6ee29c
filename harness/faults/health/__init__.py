"""Faults of health checks."""
