"""The file of variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import reference, tiny
from harness.errors import UsageError
from harness.selftest.variants import read


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "selftest.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "compose.yaml"


@pytest.mark.parametrize("stack", [tiny.STACK, reference.STACK], ids=["tiny", "reference"])
def test_the_stacks_of_this_repository_can_be_read_in_every_variant(stack: Path) -> None:
    found = read(stack)
    found.check()
    assert len(found.clean) == 1
    assert len(found.defective) >= 5


def test_every_mode_of_the_tiny_deployer_and_release_that_is_a_defect_is_a_variant() -> None:
    """What the images can do wrong and no variant does would be a defect that no gate is tried on."""
    tried = {value.partition("-")[0] for one in read(tiny.STACK).all for value in one.environment.values()}
    deploy = (tiny.STACK.parent / "images/app/deploy.py").read_text()
    web = (tiny.STACK.parent / "images/app/web.py").read_text()
    table = [line for line in deploy.splitlines() if line.startswith("| `")]
    modes = {word.strip("`, ").partition("-")[0] for line in table for word in line.split("|")[1].split(",")}
    words = ("silent", "errors", "loses", "doubles", "shouts", "unhealthy", "queues", "dies")
    modes |= {word for word in words if f"`{word}`" in web}
    met = {"repairs"}  # only where two deployers meet: suites/selftest/plan/test_two_deployers_tiny.py
    assert modes - {"slow", "refuses"} - met <= tried


def test_a_variant_has_what_all_have_and_its_own(tmp_path: Path) -> None:
    stack = written(
        tmp_path,
        "overrides: [all.yaml]\narguments: [--hold, '1']\ncontrol: {overrides: [more.yaml], arguments: [--recovery]}\n"
        "variants: {clean: {}, bad: {defect: true, environment: {A: b}, overrides: [own.yaml], arguments: [-f, x]}}\n",
    )
    found = read(stack)
    bad = found["bad"]
    assert bad.defect
    assert bad.environment == {"A": "b"}
    assert bad.overrides == (tmp_path / "all.yaml", tmp_path / "own.yaml")
    assert bad.arguments == ("--hold", "1", "-f", "x")
    assert found.control == ((tmp_path / "more.yaml",), ("--recovery",))
    assert [one.name for one in found.clean] == ["clean"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variants: {}", "variants: "),
        ("variants: {clean: {defects: true}}", "variants.clean.defects"),
        ("variants: {clean: {environment: {A: {}}}}", "variants.clean.environment.A"),
        ("]", "while parsing"),
        ("- 1", "the file: "),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match="The file of variants is wrong") as raised:
        read(written(tmp_path, text))
    assert words in str(raised.value)
    assert "selftest.yaml" in str(raised.value)


def test_a_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The variants of the stack cannot be read") as raised:
        read(tmp_path / "compose.yaml")
    assert "--variants" in str(raised.value)


def test_without_a_clean_variant_or_a_defect_nothing_can_be_tested(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: b}}\n")
    found = read(written(tmp_path, "variants: {clean: {}}"))
    with pytest.raises(UsageError, match="needs a clean variant and a defect"):
        found.check()
