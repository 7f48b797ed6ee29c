"""Faults of processes and of the machine that they run on."""
