"""Faults of file systems."""
