"""The image: small, with uvloop, and the server in it answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from harness.engine import Attachment, ContainerSpec, Engine, Owner, Publish
from harness.engine.container import Container
from harness.engine.sweep import sweep
from harness.environment.images import DOOR
from harness.proxy import VERSION
from suites.selftest.proxy.peers import Api, Reply, eventually

pytestmark = pytest.mark.containers
API, SELF = 8474, 9000
CONFIG = [{"name": "self", "listen": f"0.0.0.0:{SELF}", "upstream": f"127.0.0.1:{API}"}]


@pytest.fixture
def container(harness_engine: Engine, request: pytest.FixtureRequest) -> Iterator[Container]:
    """The server with a config file, from the image. Nothing of it is left afterwards."""
    engine, name = harness_engine, f"proxy-{uuid.uuid4().hex[:8]}"
    owner = Owner(run=name, environment=name, test=request.node.name)
    engine.leases.acquire(owner)
    try:
        network = engine.networks.create(name, owner, internal=False)
        made = engine.containers.create(
            ContainerSpec(
                name=name,
                image=engine.images.build([DOOR])[DOOR.name].tag,
                owner=owner,
                command=("-host", "0.0.0.0", "-config", "/c.json", "-proxy-metrics", "-runtime-metrics"),
                networks=(Attachment(network),),
                publish=(Publish(API), Publish(SELF)),
            )
        )
        made.put("/c.json", json.dumps(CONFIG).encode())
        made.start()
        yield made
    finally:
        swept = sweep(engine, environment=name, everything=True, kept=True)
        engine.leases.release(name)
    assert not swept.problems


def answer(api: Api) -> Reply | None:
    """None while nobody answers: the port is published before the server listens."""
    try:
        return api("GET", "/version")
    except OSError:
        return None


def test_the_server_in_the_image_answers_and_passes_bytes_on(container: Container) -> None:
    direct, through = (Api("127.0.0.1", container.port(port)) for port in (API, SELF))
    assert eventually(lambda: answer(direct), 30).json == {"version": VERSION}
    assert through("GET", "/version").json == {"version": VERSION}
    assert direct("GET", "/proxies/self/stats").json["connections"]["accepted"] == 1
    assert 'event_loop="uvloop"' in direct("GET", "/metrics").text
    container.stop(20)
    assert container.state().exit_code == 0


def test_the_image_is_hardly_larger_than_debian_with_python(harness_engine: Engine) -> None:
    image = harness_engine.images.build([DOOR])[DOOR.name].tag
    found = harness_engine.images.find(image)
    base = harness_engine.images.find(harness_engine.images.require("debian:bookworm-slim"))
    assert found is not None
    assert base is not None
    assert found.size - base.size < 60 << 20
