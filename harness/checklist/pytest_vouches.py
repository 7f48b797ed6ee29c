"""What the pytest plugin does for a checklist: records which test vouched for which item, with its outcome."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checklist.vouched import FORMAT, PASSED, VERSION, Vouched, VouchingTest, save
from harness.errors import HarnessError, unwritable
from harness.plan.inputs import digest_of, file_digest, inputs
from harness.stack import Stack
from harness.stack.xharness.checklist import KEY

NOT_RUN = "not run"
RAN_ON = pytest.StashKey[dict[str, Any]]()
WORST = ("failed", "error", "passed again", "xpassed", "xfailed", "skipped", NOT_RUN)


def ran_on(item: pytest.Item, stack: Stack, releases: tuple[str, str]) -> None:
    """Remember what a test that vouches runs on, as it is now."""
    if not item.config.pluginmanager.has_plugin(Vouching.NAME) or not _keys(item)[0]:
        return
    try:
        found = digest_of(inputs(stack, releases))
    except HarnessError as error:  # whoever builds it says so; without a digest nothing is vouched for
        found = f"could not be taken: {error.what}"
    item.stash[RAN_ON] = {"stack": stack.name, "releases": list(releases), "inputs": found}


class Vouching:
    """Registered where `--vouched-for` names a file. In an xdist worker it only tells the controller.

    Args:
        path: where the file goes.
        run: the name of the run.
    """

    NAME = "harness-vouching"

    def __init__(self, config: pytest.Config, path: Path, run: str) -> None:
        self._config, self._path, self._run = config, path, run
        self._worker = hasattr(config, "workerinput")
        self._tests: dict[str, dict[str, Any]] = {}  # by id: what the marker says
        self._seen: dict[str, list[tuple[str, str]]] = {}  # by id: phase and outcome
        self._broken = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What is there to run."""
        for item in session.items:
            self._expect(item)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """What is left out vouches for nothing."""
        for item in items:
            self._expect(item)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected may hold tests that vouch."""
        self._broken = self._broken or report.failed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send what the test ran on with its report: it may come from a worker."""
        report: pytest.TestReport = yield
        if item.nodeid in self._tests:
            ran = item.stash.get(RAN_ON, None) or {}
            report.harness_vouches = {**self._tests[item.nodeid], **ran}  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What came of a phase of a test."""
        said: Mapping[str, Any] | None = getattr(report, "harness_vouches", None)
        if said is None:
            return
        self._tests[report.nodeid] = {**self._tests.get(report.nodeid, {}), **said, "time": time.time()}
        outcome = str(report.outcome)
        if hasattr(report, "wasxfail"):
            outcome = "xpassed" if report.passed else "xfailed"
        if outcome not in (PASSED, "failed", "skipped", "xfailed", "xpassed"):
            outcome = "passed again"  # a plugin that runs a failed test again
        self._seen.setdefault(report.nodeid, []).append((report.when, outcome))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """What a worker collected; one that died may have held anything."""
        told: dict[str, Any] = getattr(node, "workeroutput", {}).get("harness_vouches", {})
        if error is not None or told.get("broken", True):
            self._broken = True
        for name, said in told.get("tests", {}).items():
            self._tests.setdefault(name, said)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the file, or tell the controller."""
        if self._worker:
            told = {"tests": self._tests, "broken": self._broken}
            self._config.workeroutput["harness_vouches"] = told  # type: ignore[attr-defined]
            return
        if self._config.option.collectonly:
            return
        complete = int(exitstatus) in (0, 1) and not self._broken
        tests = tuple(self._test(name, said) for name, said in self._tests.items())
        try:
            save(Vouched(FORMAT, VERSION, self._run, time.time(), complete, tests), self._path)
        except OSError as error:
            raise pytest.UsageError(
                str(unwritable("What tests vouched for cannot be written", self._path, error))
            ) from None

    def _expect(self, item: pytest.Item) -> None:
        keys, titles = _keys(item)
        if keys:
            said = {"keys": keys, "titles": titles, "time": time.time(), "sha256": _digest(item.path)}
            self._tests.setdefault(item.nodeid, said)

    def _test(self, name: str, said: Mapping[str, Any]) -> VouchingTest:
        return msgspec.convert({"id": name, "outcome": _outcome(self._seen.get(name, [])), **said}, VouchingTest)


def _outcome(seen: list[tuple[str, str]]) -> str:
    """`passed` where setup, call and teardown did, each once; else the worst of what happened."""
    outcomes = [outcome for _, outcome in seen]
    for one in WORST:
        if one in outcomes:
            return one
    return PASSED if [phase for phase, _ in seen] == ["setup", "call", "teardown"] else NOT_RUN


def _keys(item: pytest.Item) -> tuple[list[str], dict[str, str]]:
    """The keys that the markers of a test name, and the titles that they give."""
    keys: dict[str, None] = {}
    titles: dict[str, str] = {}
    for mark in item.iter_markers("vouches"):
        if not mark.args or not all(isinstance(one, str) and re.fullmatch(KEY, one) for one in mark.args):
            raise pytest.UsageError(
                f"{item.nodeid}: vouches{mark.args} does not name an item, such as vouches('runbook')"
            )
        keys.update(dict.fromkeys(mark.args))
        if title := mark.kwargs.get("title"):
            titles.update(dict.fromkeys(mark.args, str(title)))
    return list(keys), titles


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except HarnessError:
        return ""
