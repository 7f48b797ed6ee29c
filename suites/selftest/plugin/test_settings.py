"""The plugin without a container engine: options, collection, messages, names."""

from __future__ import annotations

import time
from pathlib import Path
from textwrap import dedent

import pytest

from fixtures import tiny
from harness.errors import UsageError

pytestmark = pytest.mark.programs

NOWHERE = "unix:///nowhere/docker.sock"
TELL = """
    def test_tell(stack, release_from, release_to):
        print("told:", stack.name, release_from, release_to)
"""
THREE = 'releases: {"1": {}, "2": {}, "3": {}, "4": {}}'


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever touches an engine here finds none."""
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def stack(pytester: pytest.Pytester, name: str) -> Path:
    file = pytester.path / f"{name}.yaml"
    file.write_text(f"name: {name}\nservices: {{a: {{image: x}}}}\nx-harness: {{{THREE}}}\n")
    return file


def ini(pytester: pytest.Pytester, **values: str) -> None:
    pytester.makeini("[pytest]\n" + "\n".join(f"harness_{name} = {value}" for name, value in values.items()))


def told(result: pytest.RunResult) -> str:
    result.assert_outcomes(passed=1)
    return next(line.split("told: ", 1)[1] for line in result.outlines if "told: " in line)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """In this process: the plugin is there already, and importing it takes longer than any of these tests."""
    return pytester.runpytest_inprocess("-s", "-p", "no:cacheprovider", *arguments)


def run_process(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """In a process of its own, for what depends on how the plugin is imported, or what other plugins keep."""
    return pytester.runpytest_subprocess("-s", "-p", "no:cacheprovider", *arguments)


def test_a_stacks_first_and_last_release_are_the_default(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    assert told(run(pytester, f"--stack={stack(pytester, 'one')}")) == "one 1 4"


def test_options_name_the_stack_and_the_releases(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    stack(pytester, "one")
    assert told(run(pytester, "--stack", "one.yaml", "--release-from", "2", "--release-to", "3")) == "one 2 3"


def test_the_ini_file_names_them_relative_to_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    stack(pytester, "one")
    ini(pytester, stack="one.yaml", release_from="2", release_to="3")
    assert told(run(pytester)) == "one 2 3"


def test_an_option_counts_before_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    stack(pytester, "one")
    ini(pytester, stack="one.yaml", release_from="2", release_to="3")
    assert told(run(pytester, "--release-from", "4")) == "one 4 3"


def test_the_marker_counts_before_the_options(pytester: pytest.Pytester) -> None:
    stack(pytester, "one")
    pytester.makepyfile("import pytest\npytestmark = pytest.mark.harness(release_from='3')\n" + dedent(TELL))
    assert told(run(pytester, "--stack", "one.yaml", "--release-from", "2")) == "one 3 4"


def test_the_releases_of_one_stack_are_not_taken_for_anothers(pytester: pytest.Pytester) -> None:
    stack(pytester, "one")
    stack(pytester, "two")
    ini(pytester, stack="one.yaml", release_from="2", release_to="3")
    pytester.makepyfile(TELL)
    assert told(run(pytester, "--stack", "two.yaml")) == "two 1 4"
    pytester.makepyfile("import pytest\npytestmark = pytest.mark.harness(stack='two.yaml')\n" + dedent(TELL))
    assert told(run(pytester, "--release-to", "3")) == "two 1 4"


def test_an_unknown_value_of_keep_is_refused(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--keep", "sometimes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--keep*sometimes*never*failed*always*"])


def test_without_a_stack_the_message_says_how_to_name_one_and_shows_no_traceback(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    result = run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["No stack is named", "*do:*pytest --stack compose.yaml*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_a_seed_that_is_no_number_is_refused() -> None:
    from harness import plugin

    assert (plugin._seed(""), plugin._seed("42")) == (None, 42)
    with pytest.raises(UsageError, match="not a number") as caught:
        plugin._seed("yes")
    assert (caught.value.where, caught.value.got) == ("--harness-seed", "yes")


def test_a_stack_that_is_not_there_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL)
    result = run(pytester, "--stack", "nothing.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nothing.yaml*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_a_release_that_is_not_declared_is_an_error_of_one_message(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TELL + "        stack.at(release_to)\n")
    stack(pytester, "one")
    result = run(pytester, "--stack", "one.yaml", "--release-to", "9")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["The stack has no such release", "*got:*9"])


def test_without_an_engine_the_message_says_what_was_tried_and_shows_no_traceback(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_up(environment): pass")
    result = run(pytester, f"--stack={tiny.STACK}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{NOWHERE}*", "*got:*no such file", "*unset DOCKER_HOST*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_collection_needs_no_engine_and_no_time(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_up(environment, deployer, workload, history, trial, gate, faults): pass")
    began = time.monotonic()
    result = run_process(pytester, "--co", "-q", f"--stack={tiny.STACK}")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*::test_up"])
    assert time.monotonic() - began < 20  # it takes one; a daemon that does not answer would take longer


def test_tests_that_need_no_environment_run_without_an_engine(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_plain(): pass")
    run(pytester, f"--stack={tiny.STACK}").assert_outcomes(passed=1)


def test_a_session_that_uses_none_of_our_fixtures_loads_neither_the_engine_nor_the_stacks(
    pytester: pytest.Pytester,
) -> None:
    """Whoever has the harness installed pays for it in every session, also of suites that do not use it."""
    pytester.makepyfile(
        """
        import sys

        def test_plain():
            costly = ("docker", "numpy", "pydantic", "msgspec", "harness.stack", "harness.engine", "harness.history")
            assert [name for name in costly if name in sys.modules] == []
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_header_says_which_stack_and_where_the_run_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_plain(): pass")
    result = run(pytester, "--stack", "one.yaml", "--runs", "out")
    result.stdout.fnmatch_lines([f"harness: stack one.yaml, run *-*-* in {pytester.path}/out"])


def test_no_fixture_of_ours_has_a_name_that_the_ecosystem_has(pytester: pytest.Pytester) -> None:
    from harness import plugin

    ours = {name for name, found in vars(plugin).items() if type(found).__name__ == "FixtureFunctionDefinition"}
    assert {"stack", "environment", "deployer", "workload", "history", "trial", "gate", "faults"} <= ours
    taken = {"host", "docker_ip", "docker_services", "docker_compose_file", "docker_setup", "docker_cleanup", "docker"}
    assert not ours & taken


def test_testinfras_own_fixture_works_beside_ours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_here(host):\n    assert host.file('/').is_directory")
    run(pytester, "--hosts=local://", f"--stack={tiny.STACK}").assert_outcomes(passed=1)


def test_the_marker_is_registered(pytester: pytest.Pytester) -> None:
    run(pytester, "--markers").stdout.fnmatch_lines(["@pytest.mark.harness(stack=..., release_from=...*"])


def test_the_workers_of_a_run_share_its_name(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        """
        import os, pathlib, pytest
        from harness.plugin import RUN_ID

        @pytest.mark.parametrize("n", range(8))
        def test_tell(request, n):
            worker = os.environ["PYTEST_XDIST_WORKER"]
            pathlib.Path(request.config.rootpath, f"{worker}.id").write_text(request.config.stash[RUN_ID])
        """
    )
    run(pytester, "-n", "2").assert_outcomes(passed=8)
    names = [path.read_text() for path in pytester.path.glob("*.id")]
    assert len(names) == 2
    assert len(set(names)) == 1


def test_what_a_test_fails_with_tells_no_secret_of_its_stack(pytester: pytest.Pytester) -> None:
    """Neither on the terminal, nor in JUnit's file, nor in Allure's."""
    (pytester.path / "one.yaml").write_text(
        f"name: one\nservices: {{a: {{image: x, environment: {{DB_PASSWORD: Zx9secretPw}}}}}}\nx-harness: {{{THREE}}}\n"
    )
    pytester.makepyfile(
        """
        from harness.errors import NotReady

        def test_of_ours(stack):
            detail = "\\n".join(stack.services["a"].environment.values()) + "\\n##vso[task.complete]\\x1b[2J"
            raise NotReady("a-1 is not ready", detail=detail)

        def test_of_an_assertion(stack):
            told = list(stack.services["a"].environment.values())
            assert told == ["something else"], f"told {told[0]}"
        """
    )
    result = run_process(
        pytester, "--stack=one.yaml", "-vv", "--showlocals", "--junitxml=junit.xml", "--alluredir=allure"
    )
    result.assert_outcomes(failed=2)
    written = [path.read_text() for path in [pytester.path / "junit.xml", *(pytester.path / "allure").iterdir()]]
    for said in (result.stdout.str(), *written):
        assert "Zx9secretPw" not in said
    assert written[0].count("hidden:") >= 2
    assert result.stdout.str().count("hidden:") >= 2
    assert "##vso[" not in result.stdout.str()
    assert "\x1b[2J" not in result.stdout.str()
