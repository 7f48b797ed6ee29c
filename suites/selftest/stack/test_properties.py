"""Whatever the file holds, the answer is a stack or one error for the user."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.stack import load
from suites.selftest.stack.support import REFERENCE, write

LINES = REFERENCE.splitlines()
WORDS = [
    "&a", "*a", "<<: *a", "!reset", "!override", "!!int x", "[", "]", "{", "}", ": ", "- ", "'", '"', "${A:-", "$", "%",
    "\t", "null", "5", "1e999", "-1", "true", "[]", "{}", "\u2028", "\\0", '"\\0"', '"\\ud800"', "~", "services:",
    "x" * 300, "image: i", "extends: backend", "extends: {file: compose.yaml, service: lb}", "ports: [80]",
    "networks: 5",
    "env_file: [compose.yaml]", "volumes: ['./x:/y']", "build: {context: 5}", "healthcheck: {test: 5}", "profiles: [a]",
    "deploy: {resources: 5}", "depends_on: [lb]", "tmpfs: 5", "releases: {a: compose.yaml}", "environment: {A: [1]}",
]  # fmt: skip


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def is_a_stack_or_refused(directory: Path, text: str) -> None:
    file = write(directory, "")
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(file, environ={"A": "a"})
    except UsageError as error:
        refused = error
    else:
        return
    message = str(refused)
    assert message.encode()  # can be printed
    assert "pydantic" not in message.lower()
    assert refused.where
    assert len(message) < 4000


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The reference stack with a few lines removed, repeated, shifted, or something put into them."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        kind = draw(st.integers(0, 5))
        word = draw(st.sampled_from(WORDS))
        at = draw(st.integers(0, len(line)))
        if kind == 0 and len(lines) > 1:
            lines.pop(index)
        elif kind == 1:
            lines.insert(index, line)
        elif kind == 2:
            lines[index] = " " + line
        elif kind == 3:
            lines[index] = line[:at] + word + line[at:]
        elif kind == 4:
            lines.insert(index, line[: len(line) - len(line.lstrip())] + word)
        else:
            lines[index] = line[:at] + word + draw(st.text(max_size=5))
    return "\n".join(lines)


QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(text=mutated())
def test_a_damaged_stack_is_a_stack_or_refused(directory: Path, text: str) -> None:
    is_a_stack_or_refused(directory, text)


@QUICK
@given(text=st.text())
def test_any_text_is_refused_or_a_stack(directory: Path, text: str) -> None:
    is_a_stack_or_refused(directory, text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=6,
)
KEYS = [
    "image", "build", "command", "environment", "deploy", "scale", "healthcheck", "depends_on", "ports", "expose",
    "volumes", "tmpfs", "labels", "ulimits", "sysctls", "extra_hosts", "env_file", "extends", "profiles", "networks",
    "init", "cpus",
]  # fmt: skip
BLOCK_KEYS = ["name", "entrypoint", "releases", "deployer", "logs", "probes", "state", "workload", "recovery", "proxy"]


@QUICK
@given(
    service=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
    block=st.dictionaries(st.sampled_from(BLOCK_KEYS), VALUES, max_size=3),
)
def test_any_value_of_any_key_is_taken_or_refused(
    directory: Path, service: dict[str, object], block: dict[str, object]
) -> None:
    text = json.dumps({"services": {"a": {"image": "i", **service}}, "x-harness": block})
    is_a_stack_or_refused(directory, text)
