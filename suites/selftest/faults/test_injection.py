"""Running a fault: it is healed whatever happens, tells what it did, and leaves nothing, not even when killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness import faults
from harness.errors import FaultUnproven, ProxyGone, ProxyMissing
from harness.faults import Fault, _links
from harness.faults.injection import Injection, inject
from suites.raw import select
from suites.selftest.faults.made import CACHE, Made, opened
from suites.selftest.proxy.peers import eventually, round_trip

pytestmark = pytest.mark.programs

LATENCY = {"fault": "latency", "from": "backend-2", "to": "cache", "port": 6379, "ms": 20}


def slow(**more: Any) -> Fault:
    return faults.from_data({**LATENCY, **more})


def unproven(made: Made, act: Callable[[], object]) -> FaultUnproven:
    """The error of a latency under which this was done."""

    def run() -> None:
        with inject(made.environment, slow()):
            act()

    with pytest.raises(FaultUnproven) as caught:
        run()
    return caught.value


def leases(made: Made) -> dict[str, int]:
    """What is left of each lease on the link, in ms."""
    return {name: toxic["ttl"] for name, toxic in made.proxy.stats(CACHE)["toxics"].items()}


# -- overlap ---------------------------------------------------------------------------------------------------------


def test_two_faults_on_one_link_add_up_and_each_takes_only_its_own_away(made: Made) -> None:
    with inject(made.environment, slow(ms=100)):
        with inject(made.environment, slow(ms=150)):
            assert made.talk() >= 0.25
        assert [toxic.attributes["latency"] for toxic in made.proxy.proxy(CACHE).toxics] == [100]
        assert made.talk() >= 0.1
    assert made.toxics() == {}


def test_faults_can_end_in_any_order(made: Made) -> None:
    first, second = inject(made.environment, slow(ms=20)), inject(made.environment, slow(ms=30))
    first.__enter__()
    second.__enter__()
    made.talk()
    first.__exit__(None, None, None)
    assert [toxic.attributes["latency"] for toxic in made.proxy.proxy(CACHE).toxics] == [30]
    made.talk()
    second.__exit__(None, None, None)
    assert (first.proven, second.proven) == (True, True)
    assert made.toxics() == {}


def test_a_fault_on_a_link_that_is_down_meets_nothing_and_goes_without_letting_it_up(made: Made) -> None:
    with opened(made.connect), made.faults.down("backend-2", "cache"):
        with pytest.raises(FaultUnproven, match="did not bite"), inject(made.environment, slow()):
            pass
        assert not made.proxy.proxy(CACHE).enabled
    assert made.toxics() == {}


# -- whatever happens ------------------------------------------------------------------------------------------------


def test_an_error_of_the_block_is_what_ends_it_and_the_fault_is_healed(made: Made) -> None:
    with pytest.raises(ValueError, match="mine") as caught, inject(made.environment, slow()) as on:
        raise ValueError("mine")
    assert made.toxics() == {}
    assert on.proven is False
    assert "did not bite" in caught.value.__notes__[0]


def test_an_error_of_the_block_under_a_fault_that_bit_has_no_note(made: Made) -> None:
    def fail() -> None:
        made.talk()
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught, inject(made.environment, slow()):
        fail()
    assert not hasattr(caught.value, "__notes__")


def test_ctrl_c_in_the_block_heals(made: Made) -> None:
    with pytest.raises(KeyboardInterrupt), inject(made.environment, slow()):
        signal.raise_signal(signal.SIGINT)
    assert made.toxics() == {}


def test_ctrl_c_while_it_is_being_injected_heals(made: Made) -> None:
    add = made.proxy.add

    def interrupted(*words: Any, **more: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return add(*words, **more)

    vars(made.proxy)["add"] = interrupted
    reached = False
    with pytest.raises(KeyboardInterrupt), inject(made.environment, slow()):
        reached = True
    assert not reached
    assert made.toxics() == {}
    assert made.healed().data["gone"] is True


def test_an_injection_that_fails_midway_leaves_nothing(made: Made) -> None:
    made.proxy.delete("backend-3:cache:6379")
    with pytest.raises(ProxyMissing) as caught:
        inject(made.environment, slow(**{"from": "backend"})).__enter__()
    assert "link backend-3:cache:6379" in str(caught.value)
    assert made.toxics() == {}
    assert select(made.history.events, "fault.inject") == ()


def test_an_injection_that_fails_after_the_first_toxics_takes_them_back(made: Made) -> None:
    done: list[str] = []
    add = made.proxy.add

    def second_fails(link: str, *words: Any, **more: Any) -> Any:
        if done:
            raise ProxyGone("The proxy server does not answer")
        done.append(link)
        return add(link, *words, **more)

    vars(made.proxy)["add"] = second_fails
    with pytest.raises(ProxyGone):
        inject(made.environment, slow(**{"from": "backend"})).__enter__()
    assert done == ["backend-1:cache:6379"]
    assert made.toxics() == {}


def test_a_proxy_that_does_not_answer_at_the_end_leaves_it_unproven(made: Made) -> None:
    def gone(*_: Any) -> Any:
        raise ProxyGone("The proxy server does not answer")

    def go() -> None:
        made.talk()
        vars(made.proxy)["remove"] = gone

    remove = made.proxy.remove
    error = unproven(made, go)
    assert error.what == "The fault is not gone: latency of 20 ms on backend-2 -> cache:6379"
    assert isinstance(error.__cause__, ProxyGone)
    assert error.got == "it may still be there: The proxy server does not answer"
    assert (made.healed().data["bit"], made.healed().data["gone"]) == (True, None)
    vars(made.proxy)["remove"] = remove
    assert made.toxics() == {CACHE: [("latency", "downstream")]}


def test_what_cannot_be_asked_for_its_evidence_is_healed_all_the_same(made: Made) -> None:
    with pytest.raises(FaultUnproven, match="cannot be seen to bite") as caught, inject(made.environment, slow()):
        vars(made.proxy)["stats"] = lambda *_: {"bytes": "nonsense"}
    assert "that could not be determined: TypeError" in str(caught.value.got)
    assert made.toxics() == {}


# -- evidence --------------------------------------------------------------------------------------------------------


def test_it_is_waited_for_until_it_bites(made: Made) -> None:
    with inject(made.environment, slow()) as on:
        with pytest.raises(FaultUnproven, match=r"did not bite within 0\.1 s") as caught:
            on.bites(within=0.1)
        made.talk()
        assert on.bites(within=10).bit is True
    assert caught.value.got == "no traffic passed backend-2 -> cache:6379 while it was on"


def test_traffic_in_the_other_direction_is_told(made: Made) -> None:
    with opened(made.connect) as connection, made.faults.bandwidth("backend-2", "cache", kb_per_s=0, stream="upstream"):
        connection.sendall(b"held")  # no answer will come

        def go_on() -> None:
            connection.sendall(b"and more")
            eventually(lambda: made.proxy.stats(CACHE)["bytes"]["upstream"]["received"] == 16)

        error = unproven(made, go_on)
    assert error.what.startswith("The fault did not bite")
    assert error.got == (
        "traffic passed backend-2 -> cache:6379 (8 bytes upstream, 0 downstream), but none of it met the fault "
        "(it needs bytes in its direction)"
    )


def test_traffic_past_the_proxy_is_told(made: Made) -> None:
    made.past = ("cache-1:6379",)
    with pytest.raises(FaultUnproven) as caught, inject(made.environment, slow()):
        pass
    assert "backend-2 is connected to cache-1:6379 directly, past the proxy" in str(caught.value.got)


def test_a_fault_that_somebody_else_removed_is_unproven_though_it_bit(made: Made) -> None:
    def meddle() -> None:
        made.talk()
        made.proxy.reset()

    error = unproven(made, meddle)
    assert error.what.startswith("The fault cannot be seen to bite")
    assert error.got == "something else removed it, or its lease expired: latency.1.1 on backend-2 -> cache:6379"


def test_a_link_whose_listener_is_gone_is_told(made: Made) -> None:
    def remove() -> None:
        made.talk()
        made.proxy.delete(CACHE)

    assert unproven(made, remove).what.startswith("The fault is not gone")


# -- another make of proxy -------------------------------------------------------------------------------------------


def test_without_leases_and_counters_of_toxics_the_bytes_of_the_link_tell(stock: Made) -> None:
    with inject(stock.environment, slow()):
        stock.talk()
    assert stock.healed().data["figures"]["backend-2 -> cache:6379"] == {
        "upstream": 4, "downstream": 4, "connections": None, "bytes": 4, "closed": None,
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["latency", "reset"])
def test_what_nobody_counts_is_unknown(stock: Made, fault: str) -> None:
    step = {**LATENCY, "fault": fault} if fault == "latency" else {"fault": fault, "from": "backend-2", "to": "cache"}
    with pytest.raises(FaultUnproven, match="cannot be seen to bite") as caught:
        inject(stock.environment, faults.from_data(step)).__enter__().__exit__(None, None, None)
    assert str(caught.value.got).startswith("what it touches is not counted")
    assert stock.healed().data["bit"] is None


def test_without_metrics_nothing_is_known(stock: Made) -> None:
    vars(stock.proxy)["metrics"] = lambda: None
    with pytest.raises(FaultUnproven, match="cannot be seen to bite"), inject(stock.environment, slow()):
        stock.talk()


# -- leases ----------------------------------------------------------------------------------------------------------


def test_a_fault_is_under_a_lease_and_longer_blocks_renew_it(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_links, "LEASE", 3.0)
    monkeypatch.setattr(_links, "RENEW", 0.2)
    with inject(made.environment, slow()) as on:
        (name,) = leases(made)
        began = time.monotonic()
        while time.monotonic() - began < 4:  # longer than one lease
            assert 0 <= leases(made)[name] <= 3000
        made.talk()
    assert on.proven


def test_a_renewal_that_fails_for_once_is_made_up_for(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_links, "RENEW", 0.02)
    renew, failed = made.proxy.renew, []

    def now_and_then(*words: Any) -> None:
        failed.append(words)
        if len(failed) % 2:
            raise ProxyGone("The proxy server does not answer")
        renew(*words)

    vars(made.proxy)["renew"] = now_and_then
    with inject(made.environment, slow()):
        made.talk()
        eventually(lambda: len(failed) >= 4)


def test_of_a_holder_that_is_killed_nothing_is_left(made: Made) -> None:
    script = f"""
import sys
from harness import faults
from harness.faults import _links
from harness.faults.injection import inject
from harness.proxy.client import ProxyClient
from suites.selftest.faults.made import Made
_links.LEASE = 2.0
made = Made(ProxyClient("127.0.0.1", {made.proxy.port}))
inject(made.environment, faults.from_data({LATENCY!r})).__enter__()
print("on", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "on\n"
        assert made.toxics() == {CACHE: [("latency", "downstream")]}
        holder.kill()
    with opened(made.connect) as connection:
        eventually(lambda: made.toxics() == {}, 30)
        round_trip(connection)


# -- chance ----------------------------------------------------------------------------------------------------------


def places(made: Made, count: int, seed: int) -> list[str]:
    """Where the first faults of an environment are."""
    made = Made(made.proxy, seed=seed)
    found = []
    for _ in range(count):
        on = inject(made.environment, slow(**{"from": "one"}))
        on.__enter__()
        found += select(made.history.events, "fault.inject")[-1].data["places"]
        with pytest.raises(FaultUnproven):
            on.__exit__(None, None, None)
    return found


def test_the_same_seed_puts_the_same_faults_in_the_same_places(made: Made) -> None:
    first = places(made, 6, seed=3)
    assert places(made, 6, seed=3) == first
    assert len(set(first)) > 1  # the n-th fault draws for itself
    assert places(made, 6, seed=4) != first


def test_a_step_of_a_plan_is_run_as_it_is_called(made: Made) -> None:
    with made.faults.step(LATENCY) as on:
        made.talk()
    assert isinstance(on, Injection)
    assert on.fault == slow()
