"""Sequences of steps, and what runs them."""
