"""Observations of an environment, recorded in the history."""
