"""One file made ready: `extends`, relative paths and the `.env` file."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.selftest.stack.support import loaded, refusal


def environment(tmp_path: Path, text: str, **more: dict[str, str]) -> dict[str, str]:
    return dict(loaded(tmp_path, text, **more).service("a").environment)


def test_a_service_extends_one_of_the_same_file(tmp_path: Path) -> None:
    stack = loaded(
        tmp_path,
        "services:\n  base: {image: i, command: x, environment: {A: 1, B: 1}}\n"
        "  a: {extends: base, command: y, environment: {B: 2}}\n",
    )
    service = stack.service("a")
    assert (service.image, service.command, service.environment) == ("i", ("y",), {"A": "1", "B": "2"})
    assert stack.service("base").command == ("x",)


def test_a_service_extends_one_of_another_file_through_a_third(tmp_path: Path) -> None:
    files = {
        "common/base.yaml": "services: {b: {extends: {file: ../deep.yaml, service: c}, environment: {B: b}}}",
        "deep.yaml": "services: {c: {image: i, environment: {C: c, B: c}}}",
    }
    text = "services: {a: {extends: {file: common/base.yaml, service: b}}}"
    assert environment(tmp_path, text, files=files) == {"C": "c", "B": "b"}


def test_paths_in_another_file_are_relative_to_that_file(tmp_path: Path) -> None:
    files = {
        "common/base.yaml": "services: {b: {build: img, env_file: b.env, volumes: ['./data:/d']}}",
        "common/b.env": "FROM=common",
        "common/img/Dockerfile": "FROM scratch",
        "common/data/x": "",
    }
    service = loaded(tmp_path, "services: {a: {extends: {file: common/base.yaml, service: b}}}", files).service("a")
    assert service.build is not None
    assert service.build.context == tmp_path / "common/img"
    assert service.environment == {"FROM": "common"}
    assert service.volumes[0].source == str(tmp_path / "common/data")


def test_a_circle_of_extends_is_refused_with_its_members(tmp_path: Path) -> None:
    error = refusal(tmp_path, "services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n")
    assert error.got == "a -> b -> c -> a"


def test_a_circle_through_two_files_is_refused(tmp_path: Path) -> None:
    files = {"other.yaml": "services: {b: {extends: {file: compose.yaml, service: a}}}"}
    error = refusal(tmp_path, "services: {a: {extends: {file: other.yaml, service: b}}}", files)
    assert "circle" in error.what


@pytest.mark.parametrize(
    ("extends", "where", "got"),
    [
        ("nope", "services.a.extends.service", "nope"),
        ("{file: nope.yaml, service: b}", "services.a.extends.file", "nope.yaml"),
        ("{file: compose.yaml}", "services.a.extends", "no `service`"),
        ("{service: a, what: 1}", "services.a.extends.what", "what"),
        ("[b]", "services.a.extends", "[b]"),
        ("5", "services.a.extends", "5"),
        ('{file: "a\\0b", service: b}', "services.a.extends.file", ""),
    ],
)
def test_an_extends_that_leads_nowhere_is_refused(tmp_path: Path, extends: str, where: str, got: str) -> None:
    error = refusal(tmp_path, f"services:\n  b: {{image: i}}\n  a:\n    extends: {extends}\n")
    assert str(error.where).startswith(f"{tmp_path}/compose.yaml, line 4: ")
    assert where.startswith(str(error.where).split(": ")[1])
    assert got in str(error.got)


def test_a_mistake_in_another_file_is_named_with_that_file(tmp_path: Path) -> None:
    files = {"other.yaml": "services:\n  b:\n    image: i\n    hostnam: x\n"}
    error = refusal(tmp_path, "services: {a: {extends: {file: other.yaml, service: b}}}", files)
    assert error.where == f"{tmp_path}/other.yaml, line 4: services.b.hostnam"


def test_variables_come_from_the_environment_over_the_env_file(tmp_path: Path) -> None:
    files = {".env": "TAG=file\nOTHER=file\n"}
    text = "services: {a: {image: 'i:${TAG}-${OTHER}-${NONE:-none}'}}"
    assert loaded(tmp_path, text, files, {"TAG": "env"}).service("a").image == "i:env-file-none"


def test_a_mistake_in_the_env_file_is_named_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "services: {a: {image: i}}", {".env": "A=1\nno line\n"})
    assert error.where == f"{tmp_path}/.env, line 2"


def test_an_unset_variable_is_empty_and_warned_of_once(tmp_path: Path) -> None:
    stack = loaded(tmp_path, "services: {a: {image: i, environment: {A: $NOPE, B: $NOPE}}}")
    assert stack.service("a").environment == {"A": "", "B": ""}
    (warning,) = (warning for warning in stack.warnings if "NOPE" in warning)
    assert warning.endswith("compose.yaml, line 1: services.a.environment.A)")


def test_env_files_stand_below_the_environment_and_later_ones_above_earlier(tmp_path: Path) -> None:
    files = {"one.env": "A=1\nB=1\nC=1\n", "two.env": "B=2\nC=2\n"}
    text = "services: {a: {image: i, env_file: [one.env, {path: two.env}], environment: {C: 3}}}"
    assert environment(tmp_path, text, files=files) == {"A": "1", "B": "2", "C": "3"}


def test_an_env_file_that_is_not_required_may_be_missing(tmp_path: Path) -> None:
    text = "services: {a: {image: i, env_file: {path: nope.env, required: false}}}"
    assert "path" in str(refusal(tmp_path, text).expected)
    text = "services: {a: {image: i, env_file: [{path: nope.env, required: false}]}}"
    assert environment(tmp_path, text) == {}


def test_a_missing_env_file_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, "services:\n  a:\n    image: i\n    env_file: nope.env\n")
    assert error.where == f"{tmp_path}/compose.yaml, line 4: services.a.env_file"


def test_a_name_alone_takes_the_callers_value_or_is_left_out(tmp_path: Path) -> None:
    text = "services: {a: {image: i, environment: [HOME, NOPE]}}"
    assert environment(tmp_path, text, environ={"HOME": "/h"}) == {"HOME": "/h"}
