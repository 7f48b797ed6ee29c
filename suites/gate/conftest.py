"""The cases of the gate under faults, as parameters: a case is a test."""

from __future__ import annotations

import pytest

from harness.plan.cases import cases
from harness.stack import load


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Those that `harness gate --faults NAMES` has for the stack, in its order."""
    if "case" not in metafunc.fixturenames:
        return
    config = metafunc.config
    stack = load(config.rootpath / str(config.getoption("harness_stack") or config.getini("harness_stack")))
    found = cases(stack, config.getoption("gate_faults").split(","))
    metafunc.parametrize("case", found, ids=[case.name for case in found])
