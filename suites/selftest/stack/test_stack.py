"""The stack itself and its releases."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from harness.errors import StackError, UsageError
from harness.stack import Service, Stack, load
from suites.selftest.stack.support import REFERENCE, loaded, refusal, write


def test_the_reference_stack_is_read_whole(tmp_path: Path) -> None:
    stack = loaded(tmp_path, REFERENCE)
    assert (stack.name, stack.file, stack.release) == ("reference", tmp_path / "compose.yaml", None)
    assert list(stack.services) == ["lb", "backend", "database", "cache", "control"]
    assert stack.service("backend").replica_names() == ("backend-1", "backend-2", "backend-3")
    (warning,) = stack.warnings  # the reference's own tool deploys it, and not a strategy
    assert "services.backend.deploy.update_config (" in warning
    assert "services.backend.deploy.rollback_config (" in warning


def test_a_release_has_its_overrides_merged_in(tmp_path: Path) -> None:
    stack = loaded(tmp_path, REFERENCE)
    old, new = stack.at("4.1.0"), stack.at("4.1.1")
    assert (old.release, new.release) == ("4.1.0", "4.1.1")
    assert old.services == stack.services
    assert new.service("backend").environment == {"VERSION": "4.1.1"}
    assert new.service("backend").replicas == 3
    assert new.at("4.1.0") == old


def test_several_overrides_merge_in_order(tmp_path: Path) -> None:
    text = "services: {a: {image: i}}\nx-harness: {releases: {r: [one.yaml, two.yaml]}}"
    files = {
        "one.yaml": "services: {a: {image: one, user: u, hostname: h}}",
        "two.yaml": "services: {a: {image: two, user: !reset null}}",
    }
    service = loaded(tmp_path, text, files).at("r").service("a")
    assert (service.image, service.user, service.hostname) == ("two", None, "h")


def test_a_release_may_add_services_and_change_the_block(tmp_path: Path) -> None:
    text = "services: {a: {image: i}}\nx-harness: {entrypoint: 'a:80', releases: {r: o.yaml}}"
    files = {"o.yaml": "services: {b: {image: i}}\nx-harness: {entrypoint: 'b:80'}"}
    stack = loaded(tmp_path, text, files)
    assert stack.harness.entrypoint == "a:80"
    assert stack.at("r").harness.entrypoint == "b:80"
    assert list(stack.at("r").services) == ["a", "b"]


def test_an_unknown_release_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, REFERENCE).at("4.1.2")
    assert (caught.value.got, caught.value.exit_code) == ("4.1.2", 4)
    assert "one of 4.1.0, 4.1.1" in str(caught.value)


def test_a_stack_without_releases_says_how_to_declare_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none is declared"):
        loaded(tmp_path, "services: {a: {image: i}}").at("1")


def test_an_unknown_service_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean backend"):
        loaded(tmp_path, REFERENCE).service("backnd")


def test_a_mistake_in_an_override_is_found_when_the_stack_is_read(tmp_path: Path) -> None:
    error = refusal(tmp_path, REFERENCE, {"compose.4.1.1.yaml": "services:\n  backend:\n    replicas: 4\n"})
    assert error.where == f"{tmp_path}/compose.4.1.1.yaml, line 3: services.backend.replicas"
    assert "(in release 4.1.1)" in str(error)


def test_relative_paths_of_an_override_are_relative_to_the_compose_file(tmp_path: Path) -> None:
    text = "services: {a: {image: i}}\nx-harness: {releases: {r: sub/o.yaml}}"
    files = {"sub/o.yaml": "services: {a: {build: img}}", "img/Dockerfile": "FROM scratch"}
    build = loaded(tmp_path, text, files).at("r").service("a").build
    assert build is not None
    assert build.context == tmp_path / "img"


@pytest.mark.parametrize(
    ("lines", "name"),
    [("name: own\nx-harness: {name: mine}", "mine"), ("name: own", "own"), ("", "my-shop_1")],
)
def test_a_stack_is_named_by_the_block_the_file_or_the_directory(tmp_path: Path, lines: str, name: str) -> None:
    directory = tmp_path / "_My-Shop_1!"
    directory.mkdir()
    assert loaded(directory, f"services: {{a: {{image: i}}}}\n{lines}\n").name == name


@pytest.mark.parametrize(
    ("directory", "name"), [("a_-b", "a-b"), ("-A___b_", "a-b"), ("__", "stack"), ("x" * 150, "x" * 100)]
)
def test_any_directory_has_a_name_that_images_can_be_called_by(tmp_path: Path, directory: str, name: str) -> None:
    (tmp_path / directory).mkdir()
    assert loaded(tmp_path / directory, "services: {a: {image: i}}").name == name


@pytest.mark.parametrize("line", ["name: a_-b", "x-harness: {name: a-}", "name: " + "a" * 101])
def test_a_name_that_no_image_can_be_called_by_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    error = refusal(tmp_path, f"services: {{a: {{image: i}}}}\n{line}\n")
    assert error.what == "The project's name cannot be used"
    assert "compose.yaml, line 2" in str(error.where)


@pytest.mark.parametrize(
    "block",
    ['deployer: {deploy: ["d\\0"], rollback: [r]}', 'deployer: {deploy: [d], rollback: [r], environment: {A: "\\0"}}',
     'releases: {"\\0": {}}', 'state: {a: {files: ["/x\\0"]}}'],
)  # fmt: skip
def test_a_zero_byte_in_what_a_program_is_given_is_refused(tmp_path: Path, block: str) -> None:
    error = refusal(tmp_path, f"services: {{a: {{image: i}}}}\nx-harness:\n  {block}\n")
    assert "zero byte" in str(error.expected)
    assert "compose.yaml, line 3" in str(error.where)


def test_a_project_name_that_compose_refuses_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "services: {a: {image: i}}\nname: My Shop").got == "My Shop"


def test_a_path_may_be_relative_and_messages_name_it_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "services:\n  a:\n    imag: i\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StackError) as caught:
        load("compose.yaml", environ={})
    assert caught.value.where == "compose.yaml, line 3: services.a.imag"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"- a\n", b"just text", b"services: {"])
def test_a_file_that_is_no_stack_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    with pytest.raises(StackError) as caught:
        load(tmp_path / "c.yaml", environ={})
    assert caught.value.exit_code == 4


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml", tmp_path / ("x" * 5000), "a\0b"):
        with pytest.raises(StackError):
            load(path, environ={})


def test_the_message_reads_as_a_person_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, REFERENCE.replace("in: control", "im: control"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StackError) as caught:
        load("compose.yaml", environ={})
    assert str(caught.value) == (
        "A key is not known\n"
        "  where:    compose.yaml, line 22: x-harness.deployer.im\n"
        "  got:      im\n"
        "  expected: one of deploy, environment, in, nothing_to_take_back, one_way, rollback, strategy, timeout\n"
        "  do:       correct the key or remove it"
    )


def test_of_several_mistakes_the_first_in_the_file_is_named(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: i\n    user: 5\n    hostnam: x\n  b:\n    imag: i\nx-harness: {nam: x}\n"
    assert str(refusal(tmp_path, text).where).endswith("line 4: services.a.user")


def test_a_misspelt_key_is_named_and_not_the_one_that_is_missing_for_it(tmp_path: Path) -> None:
    text = "services: {a: {image: i}}\nx-harness:\n  deployer:\n    deploy: [x]\n    rolback: [x]\n"
    assert str(refusal(tmp_path, text).where).endswith("line 5: x-harness.deployer.rolback")


def test_a_stack_can_be_sent_to_another_process_with_its_releases(tmp_path: Path) -> None:
    stack = loaded(tmp_path, REFERENCE)
    copy: Stack = pickle.loads(pickle.dumps(stack))
    assert copy == stack
    assert copy.at("4.1.1") == stack.at("4.1.1")


def test_a_stack_can_be_made_in_python() -> None:
    stack = Stack(name="s", file=Path("/s.yaml"), services={"a": Service(name="a", image="i", stop_grace_period=1)})
    assert stack.service("a").stop_grace_period == 1.0
