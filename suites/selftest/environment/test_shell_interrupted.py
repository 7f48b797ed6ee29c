"""Ctrl-C while a replica is asked, which has no CPU time to answer, or to end anything in."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from harness import signals
from harness.engine.process import Api
from harness.environment.shell import Shell
from suites.selftest.environment.conftest import commands, eventually

pytestmark = pytest.mark.containers

SOON = 5.0  # s; an end from within would be waited for twice as long


@pytest.fixture
def ours() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signals.install()
    yield
    signals._heard.reset()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("ours")
def test_ctrl_c_is_what_leaves_a_shell_in_a_replica_without_cpu_time(api: Api, sleeper: str) -> None:
    interrupted: list[float] = []

    def starve_and_interrupt() -> None:
        eventually(lambda: "sleep 102" in commands(api, sleeper))
        for _ in range(2):  # in a share of a hundredth, nobody else then comes to anything
            busy = api.exec_create(sleeper, ["/bin/sh", "-c", "while :; do :; done"])["Id"]
            api.exec_start(busy, detach=True)
        api.update_container(sleeper, cpu_period=100_000, cpu_quota=1_000)
        interrupted.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    shell = Shell(api, sleeper, "web-1")
    threading.Thread(target=starve_and_interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        shell.run("sleep 102", timeout=100.0)
    assert time.monotonic() - interrupted[0] < SOON

    api.update_container(sleeper, cpu_period=100_000, cpu_quota=200_000)
    shell.close()
    assert "sleep 102" not in commands(api, sleeper), "what it ran is ended when the shell is closed"
