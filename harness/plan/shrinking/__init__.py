"""Cutting a failing plan down to the few steps that matter."""
