"""Arguments of an experiment's activities: variables take their values, or are refused where they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.chaostoolkit.experiment import load
from harness.chaostoolkit.place import Place
from harness.errors import UsageError
from harness.plan.toolkit.arguments import fixed, known, number

CONFIGURATION = Place(
    {"port": 80, "host": "web", "late": {"type": "env", "key": "X"}, "none": None}, ("configuration",)
)


def place(value: Any, *path: str | int) -> Place:
    return Place(value, path or ("method", 0, "arguments"))


def test_a_variable_alone_has_its_value_and_within_text_it_is_written_out() -> None:
    given = {"port": "${port}", "url": "http://${host}:${port}/", "deep": {"a": ["${host}"], "b": "${host}"}, "n": 7}
    made = {"port": 80, "url": "http://web:80/", "deep": {"a": ["${host}"], "b": "web"}, "n": 7}
    found = fixed(place(given), CONFIGURATION)
    assert (found.value, found.path) == (made, ("method", 0, "arguments"))


@pytest.mark.parametrize("name", ["late", "none", "missing"])
def test_a_variable_without_a_value_is_refused_where_it_stands_with_where_to_give_it_one(name: str) -> None:
    with pytest.raises(UsageError, match="A variable has no value yet") as caught:
        fixed(place({"a": f"x ${{{name}}}"}), CONFIGURATION)
    assert caught.value.where == "/method/0/arguments/a"
    assert f"/configuration/{name}" in str(caught.value.expected)
    assert caught.value.hint


def test_what_comes_from_the_environment_is_refused() -> None:
    with pytest.raises(UsageError, match="comes from the environment") as caught:
        fixed(place("env:HOST"), CONFIGURATION)
    assert (caught.value.where, caught.value.got) == ("/method/0/arguments", "'env:HOST'")
    assert caught.value.expected
    assert caught.value.hint


def test_what_is_refused_after_its_variables_were_filled_in_has_its_file_and_line_still(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text(
        "title: t\ndescription: d\nconfiguration: {host: web}\nmethod:\n- type: action\n  name: a\n  provider:\n"
        "    type: python\n    module: m\n    func: f\n    arguments:\n      one: ${host}\n      two: {three: 3}\n"
    )
    whole = load(file).place
    arguments = whole.at("method").at(0).at("provider").at("arguments")
    found = fixed(arguments, whole.at("configuration"))
    for one, line in ((found.at("one"), 12), (found.at("two").at("three"), 13), (fixed(found.at("one"), whole), 12)):
        assert str(one).startswith(f"{file}, line {line}: ")


def test_an_argument_that_the_function_does_not_take_is_named_with_those_that_it_takes() -> None:
    known(place({"a": 1, "b": 2}), "a", "b")
    known(place(None), "a")
    with pytest.raises(UsageError, match="takes no such argument") as caught:
        known(place({"a": 1, "c": 2}), "a", "b")
    assert (caught.value.where, caught.value.got, caught.value.expected) == ("/method/0/arguments/c", "c", "a, b")
    with pytest.raises(UsageError) as caught:
        known(place({"c": 2}))
    assert caught.value.expected == "no argument"


@pytest.mark.parametrize(("value", "default", "made"), [(7, None, 7), ("12", None, 12), (None, 5, 5), (0, 5, 0)])
def test_text_that_is_a_whole_number_counts_and_the_default_where_nothing_is_given(
    value: object, default: int | None, made: int
) -> None:
    assert number(place(value), default) == made


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "", 2.5, True, [], None])
def test_what_is_no_whole_number_is_refused_where_it_stands(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        number(place(value))
    assert caught.value.where == "/method/0/arguments"
