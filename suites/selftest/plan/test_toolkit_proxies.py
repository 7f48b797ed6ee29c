"""Proxies of an experiment: which link each stands for, what it is called, and what is said of what changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from harness.plan.toolkit import ProxiedLink
from suites.selftest.plan.test_toolkit import WEB, faults, made, toxi

DOWN, UP = toxi("disable_proxy", proxy_name="web"), toxi("enable_proxy", proxy_name="web")
CREATE = {"proxy_name": "p", "upstream_host": "web", "upstream_port": 8080}


def slow(proxy: str = "web", toxic: str = "x", **more: Any) -> dict[str, Any]:
    return toxi("create_latency_toxic", for_proxy=proxy, toxic_name=toxic, latency=5, **more)


def steps(*method: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """The faults that come and go, by name."""
    found = made(list(method), **more).plan.to_data()["steps"]
    return [(step["step"], step["name"]) for step in found if step["step"] in ("inject", "heal")]


def refused(*method: dict[str, Any], **more: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        made(list(method), **more)
    return caught.value


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (ProxiedLink("web-1", "queue", 6379), "web-1 -> queue:6379"), (ProxiedLink("web-1", "queue"), "web-1 -> queue"),
        (ProxiedLink(("entrypoint", "all"), "web"), "entrypoint and all -> web"),
    ],
)  # fmt: skip
def test_a_link_is_told_by_who_and_whom_and_its_port_where_it_is_one(link: ProxiedLink, told: str) -> None:
    assert str(link) == told


def test_a_proxy_stands_for_the_link_that_is_named_then_for_the_one_that_was_created_then_for_a_service() -> None:
    links = {"p": ProxiedLink(("web-1", "web-2"), "queue")}
    create, down = (
        toxi("create_proxy", **CREATE, listen_host="0.0.0.0", listen_port=1),
        toxi("disable_proxy", proxy_name="p"),
    )
    named = made([create, down], links=links)
    assert faults(named.plan) == [{"fault": "down", "from": ["web-1", "web-2"], "to": "queue"}]
    assert any("the proxy p is on web-1 and web-2 -> queue already" in note for note in named.notes)
    assert faults(made([create, down]).plan) == [{**WEB, "fault": "down", "port": 8080}]
    assert faults(made([DOWN]).plan) == [{**WEB, "fault": "down"}]


def test_a_proxy_before_no_service_is_refused_with_the_services_and_how_to_say_which_link_it_is() -> None:
    error = refused(toxi("create_proxy", **{**CREATE, "upstream_host": "redis"}))
    assert (error.got, error.expected) == ("'redis'", "web, queue, control")
    assert "--link p=CONSUMER:SERVICE:PORT" in str(error.hint)


@pytest.mark.parametrize(
    ("host", "taken"), [("redis", True), ("localhost", False), ("10.0.0.1", False), ("x/y", False)]
)
def test_without_a_stack_a_name_counts_as_a_service_and_an_address_does_not(host: str, taken: bool) -> None:
    action = toxi("create_proxy", **{**CREATE, "upstream_host": host}, enabled=False)
    if taken:
        assert faults(made([action], stack=None).plan)[0]["to"] == host
    else:
        assert refused(action, stack=None).expected == "the name of a service"


def test_a_proxy_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    unknown = toxi("disable_proxy", proxy_name="redis")
    assert refused(unknown).expected == "one that create_proxy makes before"
    known = {"cache": ProxiedLink("web-1", "queue")}
    assert refused(toxi("create_proxy", **CREATE), unknown, links=known).expected == "cache, p"


def test_a_proxy_is_disabled_once_and_enabled_again() -> None:
    assert steps(DOWN, UP, DOWN) == [("inject", "web-down"), ("heal", "web-down"), ("inject", "web-down")]
    assert "disabled already" in refused(DOWN, DOWN).what
    modify = [toxi("modify_proxy", proxy_name="web", enabled=one) for one in (False, True)]
    assert steps(*modify) == [("inject", "web-down"), ("heal", "web-down")]
    refused(toxi("modify_proxy", proxy_name="web", enabled="no"))


def test_what_changes_nothing_is_told() -> None:
    where = "/method/0/provider/arguments"
    assert f"{where}: the proxy is enabled already" in made([UP]).notes
    assert f"{where}: no fault is on that it could take away" in made([toxi("reset")]).notes
    deleted = made([slow()], rollbacks=[toxi("delete_proxy", proxy_name="web")])
    assert not [note for note in deleted.notes if "no fault is on" in note]
    other = made([], rollbacks=[toxi("delete_proxy", proxy_name="web")])
    assert "/rollbacks/0/provider/arguments: no fault is on that it could take away" in other.notes


@pytest.mark.parametrize("key", ["listen_address", "upstream_address"])
def test_a_link_cannot_be_led_elsewhere(key: str) -> None:
    error = refused(toxi("modify_proxy", proxy_name="web", enabled=True, **{key: "x:1"}))
    assert error.what == "A link cannot be led elsewhere"


def test_toxics_of_one_name_on_two_proxies_are_two_faults_and_reset_heals_the_last_first() -> None:
    links = {name: ProxiedLink("web-1", "queue") for name in ("A b", "a-b")}
    found = steps(slow("A b", "_x"), slow("a-b", "_x"), slow("web", "x!"), toxi("reset"), links=links)
    assert found == [
        ("inject", "a-b-_x"), ("inject", "a-b-_x-2"), ("inject", "web-x"),
        ("heal", "web-x"), ("heal", "a-b-_x-2"), ("heal", "a-b-_x"),
    ]  # fmt: skip


def test_a_toxic_that_is_not_on_is_refused_with_those_that_are() -> None:
    gone = toxi("delete_toxic", for_proxy="web", toxic_name="y")
    assert refused(gone).expected == "one that is on"
    assert refused(DOWN, slow(), gone).expected == "x of web"


def test_a_fault_whose_proxy_and_toxic_have_no_letter_in_common_with_a_name_has_one_all_the_same() -> None:
    links = {"\u2603": ProxiedLink("web-1", "queue")}
    assert steps(slow("\u2603", "\u00fc"), links=links) == [("inject", "toxic")]


@pytest.mark.parametrize(("given", "stream"), [({}, "downstream"), ({"stream": "downstream"}, "downstream")])
def test_a_toxic_spoils_answers_unless_it_says_otherwise(given: dict[str, Any], stream: str) -> None:
    action = toxi(
        "create_toxic", for_proxy="web", toxic_name="x", toxic_type="timeout", attributes={"timeout": 9}, **given
    )
    assert faults(made([action]).plan) == [{**WEB, "fault": "timeout", "ms": 9, "stream": stream}]
    error = refused(toxi("create_toxic", for_proxy="web", toxic_name="x", toxic_type="latency", stream="both"))
    assert "downstream" in str(error.expected)


def test_a_whole_number_is_a_toxicity_too() -> None:
    action = toxi(
        "create_toxic", for_proxy="web", toxic_name="x", toxic_type="latency", toxicity=1, attributes={"latency": 4}
    )
    assert len(faults(made([action]).plan)) == 1


def test_a_toxic_that_no_link_can_have_is_refused_with_what_it_has() -> None:
    assert refused(toxi("create_latency_toxic", for_proxy="web", toxic_name="x", latency=0)).got


def test_proxies_and_toxics_are_made_by_their_own_modules() -> None:
    error = refused(toxi("reset", "chaostoxi.toxic.actions"))
    assert "create_toxic" in str(error.expected)
    assert "reset" not in str(error.expected)
    error = refused(toxi("delete_toxic", "chaostoxi.proxy.actions", for_proxy="web", toxic_name="x"))
    assert "delete_toxic" not in str(error.expected)
