"""Tests of `harness.checklist`."""
