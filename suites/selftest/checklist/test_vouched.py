"""Tests that vouch: what the plugin writes, and what of it ticks an item."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.checklist import vouched
from harness.checklist.document import State
from harness.errors import UsageError
from harness.plan.inputs import digest_of, inputs
from suites.selftest.checklist.made import NOW, VOUCHED, by_key, world

pytestmark = pytest.mark.programs

TESTS = """
import pytest

@pytest.fixture
def breaks_at_the_end():
    yield
    raise RuntimeError("at the end")

@pytest.fixture
def breaks_at_the_beginning():
    raise RuntimeError("at the beginning")

@pytest.mark.vouches("good", title="All is well")
def test_good(): pass

@pytest.mark.vouches("one", "two")
@pytest.mark.vouches("three")
@pytest.mark.parametrize("n", [1, 2])
def test_several(n): pass

@pytest.mark.vouches("failed")
def test_failed(): assert False

@pytest.mark.vouches("skipped")
def test_skipped(): pytest.skip("not today")

@pytest.mark.vouches("skipped-mark")
@pytest.mark.skip(reason="not today")
def test_skipped_mark(): pass

@pytest.mark.vouches("xfailed")
@pytest.mark.xfail(reason="known", strict=False)
def test_xfailed(): assert False

@pytest.mark.vouches("xpassed")
@pytest.mark.xfail(reason="known", strict=False)
def test_xpassed(): pass

@pytest.mark.vouches("setup")
def test_setup(breaks_at_the_beginning): pass

@pytest.mark.vouches("teardown")
def test_teardown(breaks_at_the_end): pass

@pytest.mark.vouches("left-out")
def test_deselected(): pass

def test_of_nothing(): pass
"""
OUTCOMES = {
    "good": "passed", "one": "passed", "two": "passed", "three": "passed", "failed": "failed", "skipped": "skipped",
    "skipped-mark": "skipped", "xfailed": "xfailed", "xpassed": "xpassed", "setup": "failed", "teardown": "failed",
    "left-out": "not run",
}  # fmt: skip


def written(pytester: pytest.Pytester, *options: str, text: str = TESTS) -> vouched.Vouched:
    pytester.makepyfile(test_it=text)
    pytester.runpytest_subprocess("--vouched-for", "v.json", "-p", "no:cacheprovider", *options)
    return vouched.read(pytester.path / "v.json")


def outcomes(found: vouched.Vouched) -> dict[str, str]:
    return {key: test.outcome for test in found.tests for key in test.keys}


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "workers"])
def test_only_what_ran_and_passed_is_written_as_passed(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    found = written(pytester, "-k", "not deselected", *options)
    assert outcomes(found) == OUTCOMES
    assert found.complete
    assert {test.id.split("::")[1] for test in found.tests if "two" in test.keys} == {
        "test_several[1]",
        "test_several[2]",
    }
    assert [test.titles for test in found.tests if "good" in test.keys] == [{"good": "All is well"}]
    assert all(len(test.sha256) == 64 for test in found.tests)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("raise RuntimeError('while it is collected')", ("--continue-on-collection-errors",)),
        ("import pytest\n@pytest.mark.vouches('a')\ndef test_a(): raise KeyboardInterrupt", ()),
        ("import pytest\n@pytest.mark.vouches('a')\ndef test_a(): pytest.exit('enough')", ()),
    ],
    ids=["not collected", "Ctrl-C", "exit"],
)
def test_a_session_that_was_cut_off_is_not_complete(
    pytester: pytest.Pytester, text: str, options: tuple[str, ...]
) -> None:
    pytester.makepyfile(test_more="import pytest\n@pytest.mark.vouches('b')\ndef test_b(): pass")
    assert not written(pytester, *options, text=text).complete


def test_a_worker_that_dies_leaves_the_session_incomplete(pytester: pytest.Pytester) -> None:
    text = "import os, pytest\n@pytest.mark.vouches('a')\ndef test_a(): os._exit(9)"
    found = written(pytester, "-n", "1", "--max-worker-restart", "0", text=text)
    assert not found.complete or outcomes(found) != {"a": "passed"}
    assert outcomes(found).get("a") != "passed"


@pytest.mark.parametrize("mark", ["vouches()", "vouches('Not A Key')"])
def test_a_marker_that_names_no_item_is_refused(pytester: pytest.Pytester, mark: str) -> None:
    pytester.makepyfile(f"import pytest\n@pytest.mark.{mark}\ndef test_a(): pass")
    result = pytester.runpytest_subprocess("--vouched-for", "v.json")
    assert result.ret != 0
    assert not (pytester.path / "v.json").exists() or not vouched.read(pytester.path / "v.json").complete


def test_nothing_is_written_where_nobody_asked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TESTS)
    pytester.runpytest_subprocess("--collect-only", "--vouched-for", "v.json")
    assert not (pytester.path / "v.json").exists()


def test_a_test_that_asks_for_the_stack_says_on_which_files_it_ran(pytester: pytest.Pytester, tmp_path: Path) -> None:
    made = world(tmp_path / "stack")
    text = "import pytest\n@pytest.mark.vouches('runbook')\ndef test_a(stack): pass"
    found = written(pytester, "--stack", str(made.root / "compose.yaml"), text=text)
    [test] = found.tests
    assert (test.stack, test.releases) == ("shop", ("1.0", "1.1"))
    assert test.inputs == digest_of(inputs(made.stack(), ("1.0", "1.1")))


# -- what ticks --------------------------------------------------------------------------------------------------------


def state(tmp_path: Path, key: str = "runbook", now: float = NOW, **changes: Any) -> tuple[State, str]:
    """The state of an item with one test that vouches for it; `changes` are the test's, and `session` the file's."""
    made = world(tmp_path)
    session = changes.pop("session", {})
    test = {**VOUCHED["tests"][0], **changes}  # type: ignore[index]
    results = made.write("v.json", json.dumps({**VOUCHED, **session, "tests": [test]}))
    item = by_key(made.make(made.run(), suites=[results], now=now))[key]
    return item.state, item.why


def test_a_test_that_passed_ticks_the_item_that_waits_for_it(tmp_path: Path) -> None:
    assert state(tmp_path)[0] is State.TICKED


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "skipped"}, {"outcome": "xfailed"}, {"outcome": "xpassed"}, {"outcome": "not run"},
        {"outcome": "passed again"}, {"outcome": "PASSED"}, {"outcome": ""}, {"session": {"complete": False}},
        {"time": NOW + 7200}, {"time": NOW - 90_000}, {"keys": ["another"]},
        {"stack": "another", "releases": ["1.0", "1.1"]}, {"stack": "shop", "releases": ["1.0", "1.2"]},
        {"stack": "shop", "releases": ["1.0", "1.1"], "inputs": "0" * 64},
    ],
    ids=str,
)  # fmt: skip
def test_every_other_test_leaves_it_unknown(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert state(tmp_path, **changes)[0] is State.UNKNOWN


def test_a_test_on_these_files_ticks(tmp_path: Path) -> None:
    made = world(tmp_path / "other")
    now = digest_of(inputs(made.stack(), ("1.0", "1.1")))
    assert state(tmp_path, stack="shop", releases=["1.0", "1.1"], inputs=now)[0] is State.TICKED


def test_a_test_that_failed_takes_any_tick(tmp_path: Path) -> None:
    for key in ("runbook", "gate.deployed", "support-knows", "release.ports"):
        assert state(tmp_path / key, key, keys=[key], outcome="failed")[0] is State.FAILED


def test_a_test_that_was_skipped_takes_the_tick_of_the_gate_too(tmp_path: Path) -> None:
    assert state(tmp_path, "gate.deployed", keys=["gate.deployed"], outcome="skipped")[0] is State.UNKNOWN


def test_a_test_gives_no_tick_to_what_the_gate_or_a_person_has_to_say(tmp_path: Path) -> None:
    made = world(tmp_path)
    test = {**VOUCHED["tests"][0], "keys": ["gate.deployed", "support-knows", "gate.new"]}  # type: ignore[index]
    results = made.write("v.json", json.dumps({**VOUCHED, "tests": [test]}))
    found = by_key(made.make(suites=[results]))
    assert found["gate.deployed"].state is State.UNKNOWN
    assert found["support-knows"].state is State.OPEN
    assert found["gate.new"].state is State.UNKNOWN


def test_one_of_two_tests_that_did_not_pass_is_enough(tmp_path: Path) -> None:
    made = world(tmp_path)
    tests = [VOUCHED["tests"][0], {**VOUCHED["tests"][0], "id": "t.py::test_b", "outcome": "skipped"}]  # type: ignore[index]
    results = made.write("v.json", json.dumps({**VOUCHED, "tests": tests}))
    assert by_key(made.make(suites=[results]))["runbook"].state is State.UNKNOWN


def test_a_key_that_the_stack_does_not_declare_becomes_an_item(tmp_path: Path) -> None:
    assert state(tmp_path, "another", keys=["another"], titles={"another": "Another is so"})[0] is State.TICKED


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '{"format": "x"}', json.dumps({**VOUCHED, "version": 0}), json.dumps({**VOUCHED, "more": 1}),
        json.dumps({**VOUCHED, "tests": [{"id": 7}]}), json.dumps({**VOUCHED, "complete": "yes"}), "[" * 100_000,
    ],
    ids=range(9),
)  # fmt: skip
def test_a_file_that_is_torn_or_foreign_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(UsageError, match="The file of what tests vouched for"):
        vouched.read(tmp_path / "v.json")


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text(json.dumps({**VOUCHED, "version": 2}))
    with pytest.raises(UsageError, match="newer version"):
        vouched.read(tmp_path / "v.json")
