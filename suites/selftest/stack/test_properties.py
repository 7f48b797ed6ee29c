"""Whatever the file holds, the answer is a stack or one error for the user."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engine.context import BuildSpec, entries
from harness.errors import ContextError, UsageError
from harness.stack import load, nodetree, source
from harness.stack.nodes import SourceLocation
from suites.selftest.stack.support import REFERENCE, write
from suites.soak import many

LINES = REFERENCE.splitlines()
WORDS = [
    "&a", "*a", "<<: *a", "!reset", "!override", "!!int x", "[", "]", "{", "}", ": ", "- ", "'", '"', "${A:-", "$", "%",
    "\t", "null", "5", "1e999", "-1", "true", "[]", "{}", "\u2028", "\\0", '"\\0"', '"\\ud800"', "~", "services:",
    "x" * 300, "image: i", "extends: backend", "extends: {file: compose.yaml, service: lb}", "ports: [80]",
    "networks: 5",
    "env_file: [compose.yaml]", "env_file: [v.env]", "env_file: /dev/zero", "expose: ['1-65535']", '"\\e[2J"', "\ufeff",
    "\u202e", "[" * 70, "sysctls: {a: b}", "user: ' '", "mem_limit: 1", "command: ['\\0']", "${A}${A}",
    "labels: {a: *a}",
    "volumes: ['./x:/y']", "build: {context: 5}", "healthcheck: {test: 5}", "profiles: [a]",
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
    assert all(char.isprintable() or char in "\n\t" for char in message)  # nothing in it acts on a terminal
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


QUICK = settings(max_examples=many(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.soak
@QUICK
@given(text=mutated())
def test_a_damaged_stack_is_a_stack_or_refused(directory: Path, text: str) -> None:
    is_a_stack_or_refused(directory, text)


@pytest.mark.soak
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
    "user", "working_dir", "hostname", "mem_limit", "shm_size", "cap_add", "stop_signal", "entrypoint",
    "image", "build", "command", "environment", "deploy", "scale", "healthcheck", "depends_on", "ports", "expose",
    "volumes", "tmpfs", "labels", "ulimits", "sysctls", "extra_hosts", "env_file", "extends", "profiles", "networks",
    "init", "cpus",
]  # fmt: skip
BLOCK_KEYS = ["name", "entrypoint", "releases", "deployer", "logs", "probes", "state", "workload", "recovery", "proxy"]


@pytest.mark.soak
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


# -- any bytes, in any file --------------------------------------------------------------------------------------------

BYTES = st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))
LINES_OF_ENV = [
    "A=1", "A=$A$A", "B='x", 'B="${A:-$B}', "export C=d # e", "D", "=", "A B", "\0=1", "A=\0", "A=${A:?\x1b}", "\\",
]  # fmt: skip


@pytest.mark.soak
@QUICK
@given(
    name=st.sampled_from(["v.env", ".env", "compose.4.1.1.yaml", "compose.yaml", "images/lb/Dockerfile"]),
    content=BYTES | st.lists(st.sampled_from(LINES_OF_ENV), max_size=6).map(lambda lines: "\n".join(lines).encode()),
    at=st.integers(0, 2000),
    whole=st.booleans(),
)
def test_any_bytes_in_any_file_of_a_stack_are_read_or_refused(name: str, content: bytes, at: int, whole: bool) -> None:
    with tempfile.TemporaryDirectory() as path:
        directory = Path(path)
        text = REFERENCE.replace("  cache:    {build", "  cache:    {env_file: [v.env], build")
        file = write(directory, text, {"v.env": "A=1\n", ".env": "B=2\n"})
        before = (directory / name).read_bytes()
        (directory / name).write_bytes(content if whole else before[:at] + content + before[at:])
        try:
            load(file, environ={"A": "a"})
        except UsageError as error:
            assert error.where  # noqa: PT017
            assert all(char.isprintable() or char in "\n\t" for char in str(error))  # noqa: PT017


PATTERNS = ["**/", "*", "[", "]", "!", "a", "\\", "^", "-", "\n", "#"]


@pytest.mark.soak
@QUICK
@given(content=BYTES | st.lists(st.sampled_from(PATTERNS)).map("".join).map(str.encode))
def test_any_bytes_of_a_dockerignore_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as path:
        for name, written in (("Dockerfile", b"FROM x\n"), (".dockerignore", content), ("a", b"")):
            (Path(path) / name).write_bytes(written)
        try:
            assert len(entries(BuildSpec("x", Path(path)))) <= 3
        except ContextError as error:
            assert error.where  # noqa: PT017


@pytest.mark.soak
@QUICK
@given(text=mutated() | st.text())
def test_both_parsers_read_the_same_where_both_read_it(text: str) -> None:
    """libyaml's and PyYAML's own: what the fast one takes, the other must not take for something else."""
    trees = []
    for kind in (nodetree._Fast, nodetree._Slow):
        try:
            root = nodetree._composed(text, "c.yaml", kind)
            trees.append(None if root is None else source._Builder("c.yaml").node(root, SourceLocation("c.yaml", 1)))
        except (yaml.YAMLError, UsageError):
            return
    assert trees[0] == trees[1]
