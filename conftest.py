"""What every suite shares: where the reference stack is, and which tests need a container engine."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator

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

pytest_plugins = ["fixtures.pytest_stacks", "pytester", "suites.overhead", "suites.sampling"]


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
    parser.addoption(
        "--gate-faults",
        default="quick",
        metavar="NAMES",
        help="the cases of suites/gate/test_under_faults.py, as of `harness gate --faults` (default: quick)",
    )
    parser.addoption("--chaos-seed", type=int, default=1, help="of the campaign in suites/chaos (default: 1)")
    parser.addoption("--chaos-plans", type=int, default=2, help="how many plans suites/chaos runs (default: 2)")
    parser.addoption(
        "--checklist-run",
        metavar="RUN",
        help="the run of the gate that suites/checklist is about; left out, the stack is gated for it",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses an environment needs an engine, whether it says so or not; likewise one that uses a program.

    The long ones go first, so that no worker is left with one at the end.
    """
    items.sort(key=lambda item: item.get_closest_marker("sampled") is None)
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
