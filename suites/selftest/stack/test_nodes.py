"""Places of what was read."""

from __future__ import annotations

from harness.stack.nodes import find, walk
from harness.stack.source import parse


def test_every_value_knows_its_line_and_its_path() -> None:
    root = parse("a:\n  b:\n    - x\n    - c: 1\n", "c.yaml")
    assert str(find(root, "a", "b")) == "c.yaml, line 2: a.b"
    assert str(find(root, "a", "b", 1, "c")) == "c.yaml, line 4: a.b[1].c"


def test_the_place_of_what_is_missing_is_that_of_the_deepest_part_that_is_there() -> None:
    assert str(find(parse("a:\n  b: 1\n", "c.yaml"), "a", "z", "y")) == "c.yaml, line 1: a"


def test_a_key_with_dots_is_quoted_in_a_path() -> None:
    assert str(find(parse("r: {4.1.0: x}", "c.yaml"), "r", "4.1.0")) == 'c.yaml, line 1: r."4.1.0"'


def test_a_walk_visits_everything_once() -> None:
    assert len(list(walk(parse("a: [1, {b: 2}]", "c.yaml")))) == 5
