"""The pytest plugin: fixtures, options and markers. Collection touches no daemon.

What the fixtures need is imported when they run: a session that uses none of them loads nearly nothing.

Every test that asks for `environment` gets one of its own, brought up on `--release-from`, and a directory of its own
with the history, the workload's samples and, when it fails, the logs and state of every replica.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import pytest

from harness import proc
from harness.errors import INTERNAL, HarnessError, HistoryError, UsageError
from harness.plan.run_id import new_run_id
from harness.printable import clean_lines

if TYPE_CHECKING:
    from harness.deploy import Deployer
    from harness.engine import Engine
    from harness.environment import Keep
    from harness.faults.injection import Faults
    from harness.history import History
    from harness.plan.asserting import Checks
    from harness.plan.gate import Gate
    from harness.plan.load import ComparedWorkload
    from harness.plan.run import Run
    from harness.plan.subject import Subject
    from harness.plan.trial import Trial
    from harness.redaction import Redactor
    from harness.stack import Stack

RUN_ID = pytest.StashKey[str]()
OWNER = pytest.StashKey[str]()  # the process that all workers of the run answer to
FAILED = pytest.StashKey[bool]()
LOST = pytest.StashKey[bool]()  # a history of the run was lost: no test of it proves anything
REDACTOR: pytest.StashKey[Redactor] = pytest.StashKey()  # of the stack that a test runs on
MARKER = (
    "harness(stack=..., release_from=..., release_to=..., keep=...): what this test runs on, instead of the options"
)
VOUCHES = "vouches(key, ..., title=...): the items of the pre-release checklist that this test vouches for"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; each has an ini value of the same name, for pyproject.toml."""
    group = parser.getgroup("harness", "deploy and rollback verification")
    for option, text in (
        ("--stack", "the Compose file of the stack, with an x-harness block"),
        ("--release-from", "the release that an environment is brought up on (default: the stack's first)"),
        ("--release-to", "the release to deploy and take back (default: the stack's last)"),
        ("--keep", "which environments to leave up: never, failed, always (default: never)"),
        ("--runs", "the directory in which each run gets its own (default: runs)"),
        ("--harness-seed", "a number: the same one lets faults pick and draw the same (default: a new one)"),
    ):
        name = option.removeprefix("--").removeprefix("harness-").replace("-", "_")
        choices = ["never", "failed", "always"] if option == "--keep" else None
        group.addoption(option, dest=f"harness_{name}", default=None, help=text, choices=choices)
        parser.addini(f"harness_{name}", text, default="")
    text = "write what tests vouched for (marker vouches) to this file, for harness checklist make --suite"
    group.addoption("--vouched-for", dest="harness_vouched_for", default=None, metavar="FILE", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, name the run, and let SIGTERM unwind as Ctrl-C does."""
    config.addinivalue_line("markers", MARKER)
    config.addinivalue_line("markers", VOUCHES)
    shared = getattr(config, "workerinput", {}).get("harness_run")
    config.stash[RUN_ID] = shared or new_run_id()
    config.stash[OWNER] = getattr(config, "workerinput", {}).get("harness_owner") or proc.identity()
    if path := config.getoption("harness_vouched_for", None):
        from harness.checklist import pytest_vouches

        vouching = pytest_vouches.Vouching(config, config.invocation_params.dir / path, config.stash[RUN_ID])
        config.pluginmanager.register(vouching, vouching.NAME)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every xdist worker the run's name, so that they share its directory."""
    node.workerinput["harness_run"] = node.config.stash[RUN_ID]
    node.workerinput["harness_owner"] = node.config.stash[OWNER]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - xdist's signature
    """What an xdist worker lost is lost to the run."""
    if getattr(node, "workeroutput", {}).get("harness_lost"):
        node.config.stash[LOST] = True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A history that was lost is the harness's own fault, and no failure of a test: exit code 3, as `harness gate`."""
    if not session.config.stash.get(LOST, False):
        return
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["harness_lost"] = True
    session.exitstatus = INTERNAL


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the controls of the run, once no worker needs them any more."""
    if RUN_ID not in config.stash or hasattr(config, "workerinput"):
        return
    if (directory := _out(config) / config.stash[RUN_ID]).exists():
        from harness.plan.control import end_all

        end_all(directory)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, for the fixtures that are torn down after it. What it failed with tells no secrets
    of its stack, before anybody makes a report of it: pytest for the terminal and JUnit, allure-pytest for its own.
    """
    redactor = item.stash.get(REDACTOR, None)
    if call.excinfo is not None and redactor is not None:
        redactor.error(call.excinfo.value)
    report: pytest.TestReport = yield
    if redactor is not None:
        report.sections = [(name, redactor.text(content)) for name, content in report.sections]
        if report.failed and redactor.text(said := report.longreprtext) != said:  # e.g. the values of arguments
            report.longrepr = redactor.text(said)
    if report.failed:
        item.stash[FAILED] = True
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """A failed `after == before` of fingerprints says what differs, in words."""
    if op != "==" or not type(left).__module__.startswith("harness.fingerprint"):
        return None
    from harness.fingerprint import Fingerprint

    if isinstance(left, Fingerprint) and isinstance(right, Fingerprint):
        return ["the fingerprints are not the same", *left.explain(right)]
    return None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say where the evidence goes, where a stack was named."""
    named = _setting(config, "stack", None)
    return f"harness: stack {named}, run {config.stash[RUN_ID]} in {_out(config)}" if named else None


# -- fixtures ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Stack:
    """The stack under test: of the `harness` marker, `--stack`, or `harness_stack` in the ini file."""
    from harness.redaction import Redactor
    from harness.stack import load

    named = _setting(request.config, "stack", request)
    if not named:
        raise UsageError(
            "No stack is named",
            expected="a Compose file with an x-harness block",
            hint="pytest --stack compose.yaml, harness_stack in the ini file, or @pytest.mark.harness(stack=...)",
        )
    path = Path(named)
    found = load(path if path.is_absolute() else request.config.rootpath / path)
    request.node.stash[REDACTOR] = Redactor(found.secrets)
    if len(found.harness.releases) > 1:
        old, new = (_setting(request.config, f"release_{name}", request) for name in ("from", "to"))
        from harness.checklist import pytest_vouches

        pytest_vouches.ran_on(request.node, found, (old or _release(found, 0), new or _release(found, -1)))
    return found


@pytest.fixture
def release_from(request: pytest.FixtureRequest, stack: Stack) -> str:
    """The release that the environment is brought up on."""
    return _setting(request.config, "release_from", request) or _release(stack, 0)


@pytest.fixture
def release_to(request: pytest.FixtureRequest, stack: Stack) -> str:
    """The release to deploy and take back."""
    return _setting(request.config, "release_to", request) or _release(stack, -1)


@pytest.fixture(scope="session")
def harness_engine() -> Iterator[Engine]:
    """The container engine, connected when a test first needs it."""
    from harness.engine import Engine

    with Engine.connect() as engine:
        yield engine


@pytest.fixture
def harness_run(request: pytest.FixtureRequest, harness_engine: Engine, stack: Stack) -> Iterator[Run]:
    """This test's part of the run: its directory and history."""
    from harness.events import RunStart
    from harness.plan.run import Options, Run, of_stack
    from harness.redaction import Redactor
    from harness.report.pytest_allure import follow

    config = request.config
    options = Options(
        out=_out(config),
        keep=cast("Keep", _setting(config, "keep", request) or "never"),
        worker=getattr(config, "workerinput", {}).get("workerid", "main"),
        id=config.stash[RUN_ID],
        name=re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name)[:100],
        owner=config.stash[OWNER],
        redactor=request.node.stash.get(REDACTOR, None) or Redactor(stack.secrets),
        seed=_seed(_setting(config, "seed", request)),
    )
    facts = RunStart(**of_stack(stack), test=request.node.nodeid)
    with Run(harness_engine, options, facts) as run, follow(run.history, run.directory):
        run.start()
        yield run


@pytest.fixture
def history(harness_run: Run) -> History:
    """The append-only record of this test."""
    return harness_run.history


@pytest.fixture
def environment(request: pytest.FixtureRequest, harness_run: Run, stack: Stack, release_from: str) -> Iterator[Subject]:
    """An environment of this test's own, up on `release_from`."""
    from harness.deploy import built_in, releases_needed

    releases: tuple[str, ...] = ()
    if built_in(stack):
        releases = releases_needed(stack, release_from, request.getfixturevalue("release_to"))
    found = harness_run.environment(stack, release_from, test=request.node.nodeid, releases=releases)
    with harness_run.history.scope(environment=found.id), found:
        yield found
        found.failed = request.node.stash.get(FAILED, False)
    if found.kept:
        print(f"{request.node.name}: {found.what_is_left()}", *found.how_to_enter(), sep="\n  ")


@pytest.fixture
def trial(environment: Subject, harness_run: Run, stack: Stack, release_from: str) -> Iterator[Trial]:
    """The environment with its deployer, workload and probes, as the gate uses it."""
    from harness.plan.trial import Trial

    beside = partial(harness_run.control, stack, release_from)
    with Trial(environment, harness_run.samples(environment), beside) as found:
        yield found


@pytest.fixture
def deployer(trial: Trial) -> Deployer:
    """What deploys and rolls back."""
    return trial.deployer


@pytest.fixture
def checks(trial: Trial) -> Checks:
    """Every check as an assertion: `assert checks.logs(phase="deployed", release="4.1.1")`; see docs/verdicts.md."""
    return trial.checks


@pytest.fixture
def faults(environment: Subject) -> Faults:
    """The faults that can be injected into the environment, by name; see docs/faults.md."""
    from harness.faults.injection import Faults

    return Faults(environment)


@pytest.fixture
def workload(trial: Trial) -> ComparedWorkload:
    """The declared load, not started; stopped at the test's end."""
    return trial.workload


@pytest.fixture
def gate(stack: Stack, release_from: str, release_to: str) -> Gate:
    """What `harness gate` would gate."""
    from harness.plan.gate import Gate, Settings

    return Gate(stack, release_from, release_to, Settings())


# -- where settings come from ------------------------------------------------------------------------------------------


def _setting(config: pytest.Config, name: str, request: pytest.FixtureRequest | None) -> str:
    """The marker's value, else the option's, else the ini file's, else empty.

    A release belongs to a stack: where a marker or an option names another stack, the releases of what it overrides
    are not that stack's, and do not count.
    """
    marker = request.node.get_closest_marker("harness") if request is not None else None
    marked = marker.kwargs if marker is not None else {}
    for find in (
        marked.get,
        lambda key: config.getoption(f"harness_{key}", None),
        lambda key: config.getini(f"harness_{key}"),
    ):
        if found := find(name):
            return str(found)
        if name.startswith("release_") and find("stack"):
            break
    return ""


def _seed(text: str) -> int | None:
    if text and not text.isdecimal():
        raise UsageError("The seed is not a number", where="--harness-seed", got=text, expected="digits, e.g. 42")
    return int(text) if text else None


def _out(config: pytest.Config) -> Path:
    found = Path(_setting(config, "runs", None) or "runs")
    return found if found.is_absolute() else config.rootpath / found


def _release(stack: Stack, index: int) -> str:
    known = list(stack.harness.releases)
    if not known:
        raise UsageError("The stack declares no release", where=f"{stack.file}: x-harness.releases")
    return known[index]


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    signal.signal(number, _ending)
    raise KeyboardInterrupt


def _ending(number: int, frame: FrameType | None) -> None:
    """Further ones interrupt nothing; not ignored, so that an environment that is taken down hears them."""


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any) -> None:
    """Our own errors explain themselves: their message, without the frames that raised them."""
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, HistoryError):
        node.config.stash[LOST] = True
    if isinstance(error, HarnessError) and getattr(report, "longrepr", None) is not None:
        report.longrepr = clean_lines(error)
