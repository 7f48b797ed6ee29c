"""Faults of requests over HTTP."""
