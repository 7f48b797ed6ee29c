"""What every suite shares: where the reference stack is, and which tests need a container engine."""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import os
import re
import signal
from collections import defaultdict
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from harness.engine import Engine
from suites.soak import many

# Who starts the tests in the background of a script, or under nohup, has these ignored, and a program that is started
# with them ignored leaves it at that: the tests of Ctrl-C need programs that do not.
for _number, _default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _default)

with contextlib.suppress(ImportError):  # the suites that a team runs need no hypothesis
    from hypothesis import settings

    # A busy machine must not make a test of a property fail: none is about time.
    settings.register_profile("untimed", deadline=None, max_examples=many(40))
    settings.load_profile("untimed")

# The fixtures that start a program of somebody else: a browser, a package manager, a server. The second ones are
# those in suites/selftest/servers.
PROGRAMS = {"browser", "allure", "acme", "wheel", "redis_port", "postgres_port", "haproxy", "broker"}
SERVERS = {"database", "redis", "nginx", "ways", "port"}

NUMBERS: dict[str, Iterator[int]] = defaultdict(itertools.count)  # of the directories of tests, by their names

pytest_plugins = ["fixtures.pytest_stacks", "pytester"]


def address(text: str) -> tuple[str, int]:
    """`host:port`. Raises ArgumentTypeError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"host:port is expected, as in 127.0.0.1:8474, not {text!r}")
    return host.strip("[]"), int(port)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of single suites stand here, since pytest reads no other conftest.py in time."""
    parser.addoption(
        "--toxiproxy",
        type=address,
        metavar="HOST:PORT",
        help="test this Toxiproxy server, which runs already, in suites/selftest/proxy; its proxies are removed",
    )
    parser.addoption("--chaos-seed", type=int, default=1, help="of the campaign in suites/chaos (default: 1)")
    parser.addoption("--chaos-plans", type=int, default=2, help="how many plans suites/chaos runs (default: 2)")
    parser.addoption(
        "--checklist-run",
        metavar="RUN",
        help="the run of the gate that suites/checklist is about; left out, the stack is gated for it",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """What is imported stays until the end, so the collector of garbage never looks at it: that is a tenth of the time
    of the tests that start nothing.
    """
    gc.disable()
    try:
        import_from_the_end(session.config)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def import_from_the_end(config: pytest.Config) -> None:
    """Every other xdist worker imports the tests from the last one on, where all are collected: in a fresh clone each
    then compiles half of them, and finds the rest done by its neighbour.
    """
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0")
    if int(worker.removeprefix("gw")) % 2 == 0 or config.args != config.getini("testpaths"):
        return
    for file in sorted((config.rootpath / "suites" / "selftest").rglob("test_*.py"), reverse=True):
        with contextlib.suppress(Exception, pytest.skip.Exception):  # the collection says what is wrong with it
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


def pytest_make_parametrize_id(val: object) -> str | None:
    """A text of a million characters is no name: workers tell it in every report; programs inherit it."""
    return f"{val[:40]!r}, {len(val)} long" if isinstance(val, str | bytes) and len(val) > 200 else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses an environment needs an engine, whether it says so or not; likewise one that uses a program."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if {"environment", "harness_engine"} & used:
            item.add_marker(pytest.mark.containers)
        if PROGRAMS & used or (item.path.parent.name == "servers" and SERVERS & used):
            item.add_marker(pytest.mark.programs)
        if shares(item) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def shares(item: pytest.Item) -> bool:
    """It uses what its module brings up once: its tests go to one worker, so that it is brought up once."""
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return any(found and found[-1].scope == "module" for found in definitions.values())


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytest's own, whose next number takes a look at every directory that there is already: thousands."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    for number in NUMBERS[name]:
        with contextlib.suppress(FileExistsError):  # pytester numbers its own
            return tmp_path_factory.mktemp(f"{name}{number}", numbered=False)
    raise AssertionError("there is always another number")


@pytest.fixture(scope="session", autouse=True)
def engine_for_all(request: pytest.FixtureRequest) -> Iterator[None]:
    """One engine for all tests that need one, also for the programs that they start: docker's command line, ours.

    Where none was named, the one that is found is; a session without such tests asks none.
    """
    if "DOCKER_HOST" in os.environ or not any(item.get_closest_marker("containers") for item in request.session.items):
        yield
        return
    with Engine.connect() as engine:
        if engine.endpoint.tls is None:
            os.environ["DOCKER_HOST"] = engine.endpoint.url
    yield
    os.environ.pop("DOCKER_HOST", None)
