"""The control: an untouched environment on the old release, under a load equal to the subject's and of its own.

What slows the machine down slows both, so that a comparison of the two has much less noise than one of before and
after. There is one for a run, shared by every test of it that needs one and by all pytest-xdist workers: it lives in a
process of its own (`process.py`), which ends with the run's. Who uses it copies its samples into the own history
(`shared.py`).
"""

from __future__ import annotations

from harness.plan.control.order import ControlSpec
from harness.plan.control.shared import SharedControl, end_all, join

__all__ = ["ControlSpec", "SharedControl", "end_all", "join"]
