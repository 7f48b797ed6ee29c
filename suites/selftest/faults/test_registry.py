from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import faults
from harness.errors import UsageError
from harness.faults.injection import Faults
from suites.selftest.faults.made import Made

WHERE = st.one_of(
    st.sampled_from(["backend-2", "backend", "one", "minority of backend", "entrypoint"]),
    st.lists(st.sampled_from(["backend-1", "cache", "one"]), min_size=1, max_size=3),
)
STREAM = {"stream": st.sampled_from(["downstream", "upstream", "both"])}
MS, SIZE = st.integers(2, 10**6), st.integers(1, 10**6)
NEEDED: dict[str, dict[str, Any]] = {
    "latency": {"ms": MS}, "jitter": {"ms": MS}, "bandwidth": {"kb_per_s": SIZE}, "timeout": {}, "reset": {},
    "down": {}, "slicing": {}, "data-limit": {"bytes": SIZE}, "slow-connect": {"ms": MS},
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "latency": {"jitter": MS, **STREAM}, "jitter": STREAM, "bandwidth": STREAM, "timeout": {"ms": MS, **STREAM},
    "reset": {"after_ms": MS}, "down": {}, "slicing": {"size": SIZE, "variation": SIZE, "delay_us": SIZE, **STREAM},
    "data-limit": STREAM, "slow-connect": {"jitter": MS},
}  # fmt: skip


def steps() -> st.SearchStrategy[dict[str, Any]]:
    """Steps of every kind of fault."""
    places = {"from": WHERE, "to": WHERE}
    common = {"port": st.integers(1, 65535)}
    links = [
        st.fixed_dictionaries({"fault": st.just(name), **places, **NEEDED[name]}, optional={**common, **MORE[name]})
        for name in NEEDED
    ]
    cuts = [
        st.fixed_dictionaries({"fault": st.just("partition"), **places}, optional={"one_way": st.booleans()}),
        st.fixed_dictionaries({"fault": st.just("partition"), "halves": WHERE}),
        st.fixed_dictionaries({"fault": st.just("partition"), "ring": WHERE}),
    ]
    return st.one_of(*links, *cuts)


@given(step=steps())
def test_a_step_is_the_fault_and_the_fault_is_the_step(step: dict[str, Any]) -> None:
    fault = faults.from_data(step)
    again = faults.from_data(json.loads(json.dumps(fault.to_data())))
    assert again == fault
    assert again.to_data() == fault.to_data()
    assert again.title() == fault.title()
    assert set(fault.to_data()) <= set(step)  # nothing that was not said, but what is as it is by default


def test_every_fault_is_found_by_its_name_in_either_spelling() -> None:
    assert {"latency", "slow-connect", "cache.stale", "cache.lost-invalidation"} <= set(faults.names())
    assert {name.partition(".")[0] for name in faults.names() if "." in name} == {
        "cache", "database", "deployment", "disk", "dns", "health", "http", "log", "process",
    }  # fmt: skip
    for name in faults.names():
        found = faults.find(name)
        assert faults.find(name.replace("-", "_")) is found
        assert found.fault_name() == name


def test_a_fault_that_does_not_exist_is_refused_with_those_that_do() -> None:
    for ask in (lambda: faults.find("latancy"), lambda: Faults(Made(None).environment).latancy):
        with pytest.raises(UsageError, match="no such fault") as caught:
            ask()
        assert {"latency,", "cache.stale,"} <= set(str(caught.value.expected).split())


def test_the_faults_of_a_family_are_found_by_attributes() -> None:
    made = Faults(Made(None).environment)
    assert made.cache.lost_invalidation(keys=("a",)).fault == faults.from_data(
        {"fault": "cache.lost-invalidation", "keys": ["a"]}
    )
    assert {"latency", "cache", "slow_connect"} <= set(dir(made))
    assert {"stale", "other_version"} <= set(dir(made.cache))
    with pytest.raises(UsageError, match="no such fault"):
        made.cache.stall  # noqa: B018


@pytest.mark.parametrize("name", faults.names())
def test_every_fault_says_what_it_simulates_how_what_it_needs_and_after_which_outage(name: str) -> None:
    found = faults.find(name)
    told = [found.simulates, found.how, found.needs, found.outage]
    assert all(len(text) > 10 for text in told)
    assert (found.__doc__ or "").strip().startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assert "(" in found.outage or "no outage" in found.outage or "incident" in found.outage or "#" in found.outage


PLACED: dict[str, dict[str, Any]] = {
    "database.locked": {"table": "history"}, "disk.full": {"on": "a", "path": "/x"}, "http.slow": {"ms": 5},
    "disk.read-only": {"on": "a", "path": "/x"}, "disk.slow": {"on": "a", "kb_per_s": 5},
    "process.clock": {"on": "a", "seconds": 5},
    **{f"process.{name}": {"on": "a"} for name in (
        "killed", "paused", "restarted", "memory", "cpu-quota", "cpu-neighbour")},
    **{f"dns.{name}": {"on": "a", "to": "b"} for name in ("failing", "stale")},
    **{f"deployment.{name}": {"on": "a", "path": "/xy"} for name in (
        "missing-artefact", "corrupt-artefact", "leftover-directory")},
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in faults.names() if "." in name])
def test_the_least_that_a_fault_needs_makes_it_and_its_step_makes_it_again(name: str) -> None:
    needed = dict(PLACED.get(name, {}))
    if name.startswith(("http.", "health.")):
        needed |= {"from": "a", "to": "b"}
    made = faults.from_data({"fault": name, **needed})
    assert faults.from_data(json.loads(json.dumps(made.to_data()))) == made
    assert made.title() == made.title().strip()
    assert made.fault_name() == name


@pytest.mark.parametrize("hidden", ["_links", "injection", "_base"])
def test_what_is_no_fault_is_not_found(hidden: str) -> None:
    with pytest.raises(UsageError):
        faults.find(hidden)


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"to": "cache", "ms": 5}, "from"), ({"from": "a", "to": "b"}, "ms"), ({"from": "a", "to": "b", "ms": 0}, "ms"),
        ({"from": "a", "to": "b", "ms": 0.5}, "ms"), ({"from": "a", "to": "b", "ms": "fast"}, "ms"),
        ({"from": "a", "to": "b", "ms": float("inf")}, "ms"), ({"from": "a", "to": "b", "ms": 5, "mss": 5}, "mss"),
        ({"from": "a", "to": "b", "ms": 5, "stream": "sideways"}, "stream"),
        ({"from": "a", "to": "b", "ms": 5, "port": 0}, "port"),
        ({"from": "a", "to": "b", "ms": 5, "toxicity": 0}, "toxicity"),
        ({"from": "a", "to": "b", "ms": 5, "toxicity": 1.1}, "toxicity"), ({"from": [], "to": "b", "ms": 5}, "from"),
    ],
    ids=str,
)  # fmt: skip
def test_parameters_that_are_none_are_refused_and_named(step: dict[str, Any], place: str) -> None:
    with pytest.raises(UsageError, match="The fault latency cannot be made") as caught:
        faults.from_data({"fault": "latency", **step})
    assert str(caught.value.where).startswith(place)


def test_a_step_without_a_name_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match="no name") as caught:
        faults.from_data({"from": "backend-2", "to": "cache"})
    assert "latency" in str(caught.value.expected)


def test_as_a_call_it_takes_the_ends_without_names_and_the_rest_by_name() -> None:
    made = faults.find("latency").make("backend-2", "cache", ms=300)
    assert made.to_data() == {"fault": "latency", "from": "backend-2", "to": "cache", "ms": 300}
    with pytest.raises(UsageError, match="no more than 2 parameters") as caught:
        faults.find("latency").make("backend-2", "cache", 300)
    assert "ms" in str(caught.value.expected)


def test_the_names_are_listed_for_whoever_types_them() -> None:
    assert "slow_connect" in dir(Faults(Made(None).environment))
