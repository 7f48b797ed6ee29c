"""The Chaos Toolkit's extension for Toxiproxy drives the server unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from suites.selftest.proxy.peers import Api, Through, best_trip, echo, round_trip, service

proxies = pytest.importorskip("chaostoxi.proxy.actions")
probes = pytest.importorskip("chaostoxi.proxy.probes")
toxics = pytest.importorskip("chaostoxi.toxic.actions")
CREATE = {
    "create_bandwith_degradation_toxic": {"rate": 1}, "create_slow_connection_close_toxic": {"delay": 1},
    "create_timeout_toxic": {"timeout": 1}, "create_limiter_toxic": {"bytes_limit": 1},
    "create_slicer_toxic": {"average_size": 1, "size_variation": 1, "delay": 1},
}  # fmt: skip


@pytest.fixture
def configuration(api: Api, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("chaos_PORT", "")  # which the extension sets
    return {"toxiproxy_url": f"http://{api.host}:{api.port}"}


def test_it_makes_disables_enables_and_deletes_proxies(api: Api, configuration: dict[str, Any]) -> None:
    with service(echo) as port:
        assert proxies.create_proxy("chaos", "127.0.0.1", port, "127.0.0.1", 0, True, configuration)
        assert probes.proxy_exist("chaos", configuration)
        made = Through(api, "chaos", int(configuration["chaos_PORT"]))
        with made.connect() as client:
            round_trip(client)
        assert proxies.disable_proxy("chaos", configuration)
        with pytest.raises(ConnectionRefusedError):
            made.connect()
        assert proxies.enable_proxy("chaos", configuration)
        with made.connect() as client:
            round_trip(client)
        assert probes.get_proxy_attribute("chaos", "enabled", configuration) is True
        assert proxies.reset(configuration)
        proxies.delete_proxy("chaos", configuration)
        assert not probes.proxy_exist("chaos", configuration)


def test_it_adds_and_deletes_toxics(api: Api, configuration: dict[str, Any]) -> None:
    with service(echo) as port:
        assert proxies.create_proxy("chaos", "127.0.0.1", port, "127.0.0.1", 0, True, configuration)
        assert toxics.create_latency_toxic("chaos", "slow", 200, 0, configuration)
        with Through(api, "chaos", int(configuration["chaos_PORT"])).connect() as client:
            assert round_trip(client) >= 0.2
            assert toxics.delete_toxic("chaos", "slow", configuration)
            assert best_trip(client) < 0.2
        for create, attributes in CREATE.items():
            assert getattr(toxics, create)(for_proxy="chaos", toxic_name="t", configuration=configuration, **attributes)
            assert len(api("GET", "/proxies/chaos/toxics").json) == 1
            assert toxics.delete_toxic("chaos", "t", configuration)
