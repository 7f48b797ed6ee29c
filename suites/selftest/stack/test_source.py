"""Reading YAML with lines, and what is said of a file that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import StackError
from harness.stack.nodes import Scalar, SourceMapping, SourceSequence
from harness.stack.source import parse, read


def complaint(text: str) -> StackError:
    with pytest.raises(StackError) as caught:
        parse(text, "c.yaml")
    return caught.value


def value(text: str, *path: str) -> object:
    node: object = parse(text, "c.yaml")
    for part in path:
        assert isinstance(node, SourceMapping)
        node = node.fields[part]
    assert isinstance(node, Scalar)
    return node.value


def test_a_quoted_number_is_text_and_a_key_is_always_text() -> None:
    assert value('a: "5"', "a") == "5"
    assert value("4.10: x", "4.10") == "x"


def test_a_character_of_two_escapes_is_whole_and_half_of_one_is_refused() -> None:
    assert value(r'a: "\ud83d\ude00"', "a") == "\U0001f600"
    assert complaint(r'a: "\ud83d"').got == "\\ud83d"


def test_an_explicit_tag_decides_the_type() -> None:
    assert value("a: !!str 5", "a") == "5"
    assert value('a: !!int "5"', "a") == 5


def test_an_unknown_tag_is_refused() -> None:
    error = complaint("a: 1\nb: !!binary aGk=\n")
    assert (error.where, error.got) == ("c.yaml, line 2: b", "!!binary")


def test_anchors_and_merge_keys_work_and_own_keys_win() -> None:
    text = "x-a: &a {k: 1, l: 1}\nx-b: &b {k: 2, m: 2}\ns:\n  <<: [*a, *b]\n  l: 3\n"
    assert [value(text, "s", key) for key in "klm"] == [1, 3, 2]


def test_a_merge_key_of_something_else_is_refused() -> None:
    error = complaint("a: &a 5\nb:\n  <<: *a\n")
    assert (error.where, error.got) == ('c.yaml, line 3: b."<<"', "5")


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    error = complaint("a: 1\nb: 2\na: 3\n")
    assert error.where == "c.yaml, line 3: a"
    assert "line 1" in str(error.got)


def test_a_duplicate_beside_a_merge_key_is_no_duplicate() -> None:
    assert value("x: &x {k: 1}\ns: {<<: *x, k: 2}\n", "s", "k") == 2


def test_an_anchor_that_contains_itself_is_refused() -> None:
    assert "contains itself" in str(complaint("a: &a\n  b: *a\n"))


def test_aliases_that_multiply_are_refused_quickly() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert complaint("\n".join(lines)).what == "The file is too large, or nested too deeply"


@pytest.mark.parametrize("text", ["[" * 20_000, "a: " + "{a: " * 5000, "[" * 100 + "]" * 100])
def test_nesting_without_end_is_refused(text: str) -> None:
    assert "nested too deeply" in complaint(text).what


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\tb: 1\n", 2, "a tab"),
        ("a: b: c\n", 1, "a colon where none is allowed"),
        ("a:\n  b: 1\n c: 2\n", 3, "does not fit the lines around it"),
        ("a: 'x\nb: 1\n", 1, "a quote that is opened and never closed"),
        ("a: 1\nb: [1, 2\n", 2, "a list in brackets"),
        ("a: {b: 1\n", 1, "a mapping in braces"),
        ("a: *nope\n", 1, "an alias"),
        ("a: @x\n", 1, "a sign of YAML's own"),
        ("a: 1\njust words\n", 2, "neither `key: value`"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ('a: "\\q"\n', 1, "an unknown escape"),
        ("a: \x07\n", 1, "a character that YAML does not allow"),
    ],
)
def test_malformed_yaml_is_named_in_plain_words_with_its_line(text: str, line: int, words: str) -> None:
    error = complaint(text)
    assert error.what == "The file is not valid YAML"
    assert str(error.where).startswith(f"c.yaml, line {line}"), error
    assert words in str(error.got)


@pytest.mark.parametrize(("text", "got"), [("- a\n", "a list"), ("5\n", "the single value 5")])
def test_a_file_that_is_no_mapping_is_refused(text: str, got: str) -> None:
    assert complaint(text).got == got


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    assert "services" in str(complaint(text).expected)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="does not exist") as caught:
        read(tmp_path / "nope.yaml", "nope.yaml")
    assert caught.value.where == "nope.yaml"


def test_a_directory_is_refused_and_the_file_in_it_named(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("a: 1")
    with pytest.raises(StackError, match="is a directory") as caught:
        read(tmp_path, "here")
    assert caught.value.hint == "name the file: here/compose.yaml"


def test_a_binary_file_is_refused_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"a: 1\nb: \xff\xfe\n")
    with pytest.raises(StackError, match="not text") as caught:
        read(tmp_path / "c.yaml", "c.yaml")
    assert (caught.value.where, caught.value.got) == ("c.yaml, line 2, byte 4", "the byte 0xff")


def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StackError, match="not a regular file"):
        read(tmp_path / "pipe")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert list(read(tmp_path / "c.yaml").fields) == ["a"]


def test_compose_tags_are_kept_for_the_merge() -> None:
    root = parse("a: !reset null\nb: !override [x]\nc: !reset {d: 1}\n", "c.yaml")
    assert [root.fields[key].tag for key in "abc"] == ["reset", "override", "reset"]
    assert isinstance(root.fields["b"], SourceSequence)
