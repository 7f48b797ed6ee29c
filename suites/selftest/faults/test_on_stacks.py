"""Faults on the links of real environments: what they do to the service, and that they prove it.

On the tiny stack also with a stand-in for a Toxiproxy in the proxy's place (`stock/`), which has nothing beyond the
original: the real one's image is not to be had where no registry is reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fixtures import reference, tiny
from harness.engine import Engine
from harness.errors import CommandTimeout, FaultUnproven, UsageError
from harness.faults import from_data
from harness.faults.injection import Faults
from harness.plan.run import Run
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.stack import Stack, load
from harness.verdict import Outcome
from suites.raw import select
from suites.selftest.faults.stock_image import in_the_proxys_place

LONG = 20.0  # s that a busy machine may take to bring the next request


@pytest.fixture(scope="session")
def stock_stack(harness_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The tiny stack with the stand-in for a Toxiproxy."""
    return load(tiny.STACK, [in_the_proxys_place(harness_engine, tmp_path_factory.mktemp("stock"))])


@pytest.fixture
def loaded(request: pytest.FixtureRequest, harness_run: Run) -> Iterator[Trial]:
    """The stack that the test is parametrized with, under load."""
    stack = request.getfixturevalue("stock_stack") if request.param == "stock" else load(tiny.STACK)
    environment = harness_run.environment(stack, "1.0.0", test=request.node.nodeid)
    with harness_run.history.scope(environment=environment.id), environment, Trial(environment) as trial:
        trial.workload.start()
        yield trial


STEPS: list[dict[str, Any]] = [
    {"fault": "latency", "ms": 30}, {"fault": "jitter", "ms": 30}, {"fault": "bandwidth", "kb_per_s": 20},
    {"fault": "timeout"}, {"fault": "reset"}, {"fault": "slicing", "size": 10}, {"fault": "data-limit", "bytes": 20},
    {"fault": "slow-connect", "ms": 30}, {"fault": "partition"},
]  # fmt: skip


@pytest.mark.containers
@pytest.mark.parametrize("loaded", ["own"], indirect=True)
def test_every_fault_of_the_entry_points_link_bites_and_is_gone(loaded: Trial) -> None:
    for step in STEPS:
        with Faults(loaded.environment).step({**step, "from": "entrypoint", "to": "web"}) as running:
            assert running.bites(within=LONG).bit, step
        assert running.proven, step
    healed = select(loaded.history.events, "fault.heal")
    assert [(event.data["bit"], event.data["gone"]) for event in healed] == [(True, True)] * len(STEPS)


@pytest.mark.containers
@pytest.mark.parametrize("loaded", ["stock"], indirect=True)
def test_with_a_toxiproxy_in_the_proxys_place_faults_bite_as_far_as_that_can_tell(loaded: Trial) -> None:
    proxy = loaded.environment.proxy
    assert not proxy.extended
    beyond = {"slow-connect"}
    told_by_bytes = {"latency", "jitter", "bandwidth", "timeout", "slicing", "partition"}
    for step in (step for step in STEPS if step["fault"] not in beyond):
        running = Faults(loaded.environment).step({**step, "from": "entrypoint", "to": "web"})
        if step["fault"] in told_by_bytes:
            with running:
                running.bites(within=LONG)
            assert running.proven, step
        else:
            with pytest.raises(FaultUnproven, match="cannot be seen to bite"), running:
                pass
    healed = select(loaded.history.events, "fault.heal")
    assert all(event.data["gone"] for event in healed)
    assert not any(state.toxics for state in proxy.proxies().values())


@pytest.mark.sampled
@pytest.mark.harness(stack=str(reference.STACK), release_from="4.1.0", release_to="4.1.1")
def test_links_between_replicas_are_spoilt_one_by_one(trial: Trial, faults: Faults) -> None:
    environment = trial.environment
    trial.workload.start()
    steps = [
        faults.latency("backend-2", "cache", ms=40),
        faults.down("backend-1", "cache"),
        faults.reset("one of backend", "database"),
        faults.slow_connect("lb", "backend", port=8080, ms=50),
        faults.partition(["backend-1"], ["database"]),
        faults.partition("backend-3", "rest"),
        faults.partition("all", "database", one_way=True),
        faults.partition(halves="all"),
    ]
    for running in steps:
        with running:
            running.bites(within=LONG)
        assert running.proven, running.fault.title()
    places = {event.data["title"]: event.data["places"] for event in select(environment.history.events, "fault.inject")}
    assert places["latency of 40 ms on backend-2 -> cache"] == ["backend-2 -> cache:6379"]
    assert set(places["partition from all to database"]) >= {f"backend-{n} -> database:5432" for n in (1, 2, 3)}
    with trial.phase("after"):
        trial.watch("after", 2.0)
    assert environment.runs("4.1.0")


@pytest.mark.harness(stack=str(reference.STACK), release_from="4.1.0", release_to="4.1.1")
def test_a_partition_keeps_a_replica_from_its_service_and_loses_nothing_when_it_heals(
    environment: Subject, faults: Faults
) -> None:
    backend = environment.replica("backend-1")
    ask = (
        "import redis; r = redis.Redis('cache', socket_timeout={0}, socket_connect_timeout={0}); "
        "print(r.set('partition', 'crossed'))"
    )
    with faults.partition(["backend-1"], ["cache"]) as cut:
        refused = backend.run(["python3", "-c", ask.format(1)], timeout=30)
        assert "TimeoutError" in refused.stderr, refused
        waiting = backend.start(["python3", "-c", ask.format(60)])
        cut.bites(within=LONG)
        other = environment.replica("backend-2").run(["python3", "-c", ask.format(20)], timeout=30)
        assert other.stdout.strip() == "True", other
        with pytest.raises(CommandTimeout):  # it waits for an answer, and prints none
            next(waiting.lines(1.0))
    with waiting:
        assert [text for _, text in waiting.lines(LONG)] == ["True"]


@pytest.mark.harness(stack=str(tiny.STACK))
def test_a_fault_without_traffic_is_unknown_and_says_which_link_was_silent(trial: Trial, faults: Faults) -> None:
    with pytest.raises(FaultUnproven) as caught, faults.latency("control", "web-2", ms=5):
        pass
    assert caught.value.got == "no traffic passed control-1 -> web-2:8080 while it was on"
    with trial.phase("spoilt"), trial.fault(from_data({"fault": "down", "from": "control", "to": "web"}), "spoilt"):
        pass
    assert trial.verdicts[-1].outcome is Outcome.UNKNOWN
    assert "no connection on control -> web" in trial.verdicts[-1].reason


@pytest.mark.harness(stack=str(tiny.STACK))
def test_who_passes_the_proxy_by_is_named_where_a_fault_does_not_bite(environment: Subject, faults: Faults) -> None:
    control, web = environment.replica("control-1"), environment.addresses["web-1"]
    connect = (
        f"import socket, time; s = socket.create_connection(('{web}', 8080)); print(1, flush=True); time.sleep(60)"
    )
    with control.start(["python3", "-c", connect]) as connected:
        assert connected.read(LONG) is not None
        with pytest.raises(FaultUnproven) as caught, faults.latency("control", "web", ms=5):
            pass
    assert "control-1 is connected to web-1:8080 directly, past the proxy" in str(caught.value.got)


@pytest.mark.harness(stack=str(tiny.STACK))
def test_a_link_that_is_not_there_is_refused_before_anything_is_touched(environment: Subject, faults: Faults) -> None:
    with pytest.raises(UsageError) as caught:
        faults.latency("control", "queue", ms=5).__enter__()
    assert caught.value.expected == "control-1 -> one of web:8080, web-1:8080, web-2:8080"
    assert not any(state.toxics for state in environment.proxy.proxies().values())
    assert not select(environment.history.events, "fault.inject")


@pytest.mark.containers
def test_environments_in_threads_have_faults_and_clients_of_their_own(harness_run: Run) -> None:
    def spoil(ms: int) -> tuple[int, list[str]]:
        with harness_run.environment(load(tiny.STACK), "1.0.0", test=f"{ms}") as environment:
            with Faults(environment).latency("control", "web-1", ms=ms):
                ask = "import urllib.request as r; print(r.urlopen('http://web-1:8080/version', timeout=20).status)"
                answer = environment.replica("control-1").run(["python3", "-c", ask], timeout=30)
                assert answer.stdout.strip() == "200", answer
                seen = environment.proxy.proxy("control-1:web-1:8080").toxics
            return ms, [str(toxic.attributes["latency"]) for toxic in seen]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(spoil, (11, 22))) == [(11, ["11"]), (22, ["22"])]
