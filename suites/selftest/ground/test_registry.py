"""What is added from outside is found beside the built-in ones, and what cannot be used says whose it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness import checks, faults
from harness.errors import UsageError
from harness.faults import Fault
from harness.plan import steps
from harness.registry import Registry, the_class

CHECK = """\
from harness.verdict import Outcome, Verdict

NAME = "colour"


def check(events, *, phase):
    return Verdict(NAME, Outcome.PASS, "it is green", (1,))
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose modules can be imported, and are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def registered(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> Registry[checks.Check]:
    """A registry of checks where these entry points are installed."""
    found = [EntryPoint(name, value, "rollback_harness.checks") for name, value in points]
    monkeypatch.setattr("harness.registry.entry_points", lambda group: found if group.endswith(".checks") else [])
    return Registry("check", checks, lambda module: module.check)


def refusal(registry: Registry[checks.Check], name: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        registry.find(name)
    return caught.value


def test_a_module_of_an_entry_point_is_found_beside_the_built_in_ones(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outside / "colour.py").write_text(CHECK)
    registry = registered(monkeypatch, ("colour", "colour"))
    assert {"colour", "release", "no-change"} <= set(registry.names())
    assert registry.find("colour")((), phase="p").reason == "it is green"
    assert registry.find("release") is checks.find("release")


def test_nothing_is_imported_before_it_is_asked_for(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (outside / "colour.py").write_text("raise RuntimeError('imported')")
    registry = registered(monkeypatch, ("colour", "colour"))
    assert "colour" in registry.names()
    refused = refusal(registry, "colour")
    assert refused.what == "A check cannot be imported"
    assert refused.got == "RuntimeError: imported"
    assert "entry point colour = colour" in str(refused.where)


@pytest.mark.parametrize(
    ("text", "point", "words"),
    [
        ("X = 1", ("colour", "colour"), "This module has no check"),
        (CHECK, ("colour", "colour:check"), "This is not a module of a check"),
        (CHECK, ("shade", "colour"), "This is not a module of a check"),
        (CHECK, ("colour", "colours"), "A check cannot be imported"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_entry_point(
    text: str, point: tuple[str, str], words: str, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outside / "colour.py").write_text(text)
    refused = refusal(registered(monkeypatch, point), point[0])
    assert refused.what == words
    assert f"entry point {point[0]} = {point[1]}" in str(refused.where)


def test_the_name_of_a_built_in_one_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registered(monkeypatch, ("no_change", "mine"))
    with pytest.raises(UsageError, match="Two checks have the same name") as caught:
        registry.names()
    assert "no-change, as in the harness itself" in str(caught.value.got)


def test_two_others_cannot_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registered(monkeypatch, ("colour", "one.colour"), ("colour", "two.colour"))
    with pytest.raises(UsageError, match="Two checks have the same name"):
        registry.names()
    assert "colour" in registered(monkeypatch, ("colour", "one.colour"), ("colour", "one.colour")).names()


def test_a_class_must_be_the_only_one_of_its_module(outside: Path) -> None:
    (outside / "two.py").write_text("class A(int): pass\nclass B(int): pass\n")
    (outside / "one.py").write_text("class A(int): pass\nB = bool\n")
    import one  # type: ignore[import-not-found]
    import two  # type: ignore[import-not-found]

    assert the_class(int)(one) is one.A
    with pytest.raises(ValueError, match="two defines A, B; it should define one int"):
        the_class(int)(two)


def test_every_built_in_one_is_found_by_its_name_in_either_spelling() -> None:
    for registry in (checks, faults, steps):
        for name in registry.names():
            assert registry.find(name) is registry.find(name.replace("-", "_"))
    assert issubclass(faults.find("slow-connect"), Fault)
