"""Verifies that a release can be deployed and taken back."""

__version__ = "0.1.0"
