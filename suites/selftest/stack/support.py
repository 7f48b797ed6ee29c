"""Files for a stack, written where a test may have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import StackError
from harness.stack import Stack, load

BLOCK = """\
x-harness:
  name: reference
  entrypoint: lb:80
  releases: {"4.1.0": {}, "4.1.1": compose.4.1.1.yaml}
  deployer:
    deploy: [deployctl, deploy, "{release}"]
    rollback: [deployctl, rollback]
    in: control
    timeout: 120s
    environment: {KEY: value}
  logs:
    backend:
      - {path: /var/log/b.log, max_silence: 2s, format: json, release: release, time: ts, errors: "ERROR|Traceback"}
  probes:
    release:  {backend: {command: [curl, -fsS, "http://127.0.0.1:8080/version"], field: release}}
    health:   {backend: {command: [curl, -fsS, "http://127.0.0.1:8080/healthz"]}}
    registry: {in: database, command: [psql, -U, app, -d, app, -tAc, "SELECT release FROM registry"]}
    queue:    {in: cache, command: [redis-cli, LLEN, jobs]}
  servers:
    database: {kind: postgres, user: app, database: app}
    cache:    {kind: redis}
  state:
    backend:  {files: [/srv/backend, /etc/backend], ignore: ["*.pyc"]}
  availability: {latency: 500ms, longest_outage: 2s, budget: 2%}
  faults: {run: [cache.stale, latency], longest_outage: 5s, budget: 20%, more: {latency: {ms: 50}}}
  checklist:
    items:
      support: {title: Support knows, who: ada, why: they are called, valid_for: 24h}
      runbook: {title: t, why: w}
    leave_out: {gate.acknowledged: nothing is acknowledged}
    migrations: ["db/{release}/*.sql"]
    valid_for: 48h
  workload:
    rate: 50/s
    request: {method: POST, path: "/environments/{id}/resume", headers: {}, body: null, status: [202]}
    ids: 1-500
    timeout: 5s
  recovery: {within: 30s, tolerance: 10%, confidence: 95%}
  checks: {queue: {slack: 10}}
  secrets: {}
  proxy: {image: toxiproxy:2}
"""

REFERENCE = (
    """\
services:
  lb:       {build: images/lb, depends_on: [backend]}
  backend:
    build: images/backend
    deploy:
      replicas: 3
      update_config:   {parallelism: 1, order: stop-first, monitor: 3s, max_failure_ratio: 0, failure_action: rollback}
      rollback_config: {parallelism: 1}
    healthcheck: {test: [CMD, curl, -fsS, "http://127.0.0.1:8080/healthz"], interval: 1s, retries: 20}
    depends_on: [database, cache]
  database: {build: images/database}
  cache:    {build: images/cache}
  control:  {build: images/control}

"""
    + BLOCK
)

OVERRIDE = "services: {backend: {environment: {VERSION: 4.1.1}}}\n"


def write(directory: Path, text: str, files: Mapping[str, str] | None = None) -> Path:
    """A Compose file, with the override and the build contexts that the reference stack names."""
    for service in ("lb", "backend", "database", "cache", "control"):
        context = directory / "images" / service
        context.mkdir(parents=True, exist_ok=True)
        (context / "Dockerfile").write_text("FROM scratch\n")
    for name, content in {"compose.4.1.1.yaml": OVERRIDE, **(files or {})}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    file = directory / "compose.yaml"
    file.write_text(text)
    return file


def loaded(
    directory: Path, text: str, files: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> Stack:
    """The stack of a text."""
    return load(write(directory, text, files), environ=environ or {})


def refusal(
    directory: Path, text: str, files: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> StackError:
    """The one error that a text is refused with."""
    with pytest.raises(StackError) as caught:
        loaded(directory, text, files, environ)
    return caught.value
