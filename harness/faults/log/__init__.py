"""Faults of logs: what happens to the file that an application writes to."""
