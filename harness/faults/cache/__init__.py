"""Faults of caches: what they hold, lose or keep, seen by the release that is deployed or taken back."""

from harness.faults.cache._marks import take_marks

__all__ = ["take_marks"]
