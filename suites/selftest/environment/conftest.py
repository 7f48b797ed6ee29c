"""What the tests of hosts need from an engine: a client, two images, and containers that are gone afterwards."""

from __future__ import annotations

import contextlib
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.engine import BuildSpec, Engine, Owner
from harness.engine.images import Images
from harness.engine.leases import Leases
from harness.engine.networks import Networks
from harness.engine.process import Api
from harness.engine.spec import NOWHERE

BASE = "debian:bookworm-slim"
PACKAGES = "procps iproute2 supervisor python3-minimal python3-pip sudo netcat-openbsd iputils-ping busybox-static"


def supervised(run: str, port: int, programs: str = "", *, foreground: bool = False) -> str:
    """A supervisor's configuration, as one argument of printf."""
    return (
        f"[supervisord]\nnodaemon={str(foreground).lower()}\nuser=root\npidfile={run}/supervisor.pid\n"
        f"[unix_http_server]\nfile={run}/supervisor.sock\n"
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        f"[supervisorctl]\nserverurl=unix://{run}/supervisor.sock\n"
        f"[program:web]\ncommand=python3 -m http.server {port}\n{programs}"
    ).replace("\n", "\\n")


BROKEN = "[program:broken]\ncommand=false\nstartretries=0\n"
FULL = f"""FROM {BASE}
RUN apt-get update && apt-get install -y --no-install-recommends {PACKAGES} && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --comment 'The app' --uid 4000 app && usermod -aG daemon app \
 && mkdir -p /srv/app/releases/4.1.0 && ln -s /srv/app/releases/4.1.0 /srv/app/current && touch "/srv/app/a name" \
 && printf 'caf\\303\\251\\nERROR here\\n' > /srv/app/log && chmod 640 /srv/app/log && chown app:daemon /srv/app/log \
 && printf '\\000\\001\\377' > /srv/app/binary && touch -d @1333525500 /srv/app/log && mkfifo /srv/app/pipe
RUN printf '{supervised("/run", 8080, BROKEN, foreground=True)}' > /etc/supervisor/supervisord.conf \
 && printf '{supervised("/run/other", 8081)}' > /etc/supervisor/web.conf && mkdir /run/other \
 && echo 'app ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/app
ENV LANG=C.UTF-8 APP_SETTING="a=b c"
WORKDIR /srv/app
CMD ["sh", "-c", "supervisord -c /etc/supervisor/web.conf; exec supervisord -c /etc/supervisor/supervisord.conf"]
"""
BARE = """FROM {full} AS full
FROM scratch
COPY --from=full /bin/busybox /bin/busybox
CMD ["/bin/busybox", "sleep", "100000"]
"""
Start = Callable[..., str]


def build(api: Api, name: str, dockerfile: str) -> str:
    """Build an image of nothing but a Dockerfile, unless that is there already; its tag."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "Dockerfile").write_text(dockerfile, encoding="utf-8")
        return Images(api).build([BuildSpec(name, Path(directory))])[name].tag


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    with Engine.connect() as engine:
        yield engine.api


@pytest.fixture(scope="session")
def full_image(api: Api) -> str:
    """Debian with procps, iproute2, supervisor, pip, sudo and netcat."""
    return build(api, "hosts-selftest", FULL)


@pytest.fixture(scope="session")
def bare_image(api: Api, full_image: str) -> str:
    """One static program, and no /bin/sh."""
    return build(api, "hosts-selftest-bare", BARE.format(full=full_image))


def begin(api: Api, image: str, command: list[str] | None, network: str | None = None) -> str:
    """Create and start a container, in a network if one is named; its id. Not every engine has a default one."""
    container: str = api.create_container(
        Images(api).require(image),
        command,
        name=f"hosts-selftest-{uuid.uuid4().hex[:12]}",
        # Names that nobody knows are asked of nobody, as in an environment: else each costs a resolver's patience.
        host_config=api.create_host_config(
            init=True, network_mode=network or "none", dns=[NOWHERE], dns_opt=["timeout:1", "attempts:1"]
        ),
        labels={"rollback-harness.test": "hosts"},
    )["Id"]
    api.start(container)
    return container


def remove(api: Api, container: str) -> None:
    """Remove a container that a test may have removed already."""
    try:
        api.remove_container(container, force=True, v=True)
    except Exception as error:
        if "No such container" not in str(error):
            raise


@contextlib.contextmanager
def network(api: Api) -> Iterator[str]:
    """An internal network for the length of a block; its id."""
    name = f"hosts-selftest-{uuid.uuid4().hex[:8]}"
    networks, leases, owner = Networks(api), Leases(api), Owner(run=name, environment=name, test="hosts")
    leases.acquire(owner)
    made = networks.create(name, owner)
    try:
        yield made.id
    finally:
        networks.remove(made)
        leases.release(name)
        leases.close()


@contextlib.contextmanager
def running(api: Api, image: str, command: list[str] | None = None, network: str | None = None) -> Iterator[str]:
    """A container for the length of a block."""
    container = begin(api, image, command, network)
    try:
        yield container
    finally:
        remove(api, container)


@pytest.fixture
def start(api: Api) -> Iterator[Start]:
    """Start containers by `start(image, command=None)` -> id. They are removed after the test."""
    started: list[str] = []

    def one_more(image: str, command: list[str] | None = None) -> str:
        started.append(begin(api, image, command))
        return started[-1]

    yield one_more
    for container in started:
        remove(api, container)


@pytest.fixture
def sleeper(start: Start) -> str:
    """A container of the base image that does nothing."""
    return start(BASE, ["sleep", "100000"])


def commands(api: Api, container: str) -> list[str]:
    """The command lines of everything that runs in a container, but its first process. What is about to exit has no
    command line any more, and ps writes `[sh]`; what has exited and is not waited for, `[sh] <defunct>`, is told."""
    top = api.top(container, ps_args="-eo pid,args")
    assert top["Processes"] is not None
    lines = (row[1] for row in top["Processes"] if not (row[1].startswith("[") and row[1].endswith("]")))
    return [line for line in lines if not line.startswith(("/sbin/docker-init", "sleep 100000"))]


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
