"""The environment of `stacks/servers.yaml`, and who talks to its servers: what faults do is seen by a client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.faults.injection import Faults, Injection
from harness.plan.subject import Subject

STACK = Path(__file__).parent / "stacks" / "servers.yaml"
PYTHON = """
import json, sys
import psycopg, redis
def cache(host="cache"):
    return redis.Redis(host=host, socket_timeout=5)
def database(host="database"):
    return psycopg.connect(f"host={host} user=app dbname=app connect_timeout=5", autocommit=True)
def caught(do):
    try:
        return do()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
def say(value):
    print(json.dumps(value, default=lambda one: one.decode() if isinstance(one, bytes) else str(one)))
"""


class Servers:
    """An environment that is up."""

    def __init__(self, environment: Subject) -> None:
        self.environment = environment
        self.faults = Faults(environment)

    def peer(self, program: str, timeout: float = 30.0) -> Any:
        """What a program of the peer says; it has a cache, a database and `say`."""
        answer = self.environment.replica("peer-1").run(["python3", "-c", PYTHON + program], timeout=timeout)
        assert answer.exit_code == 0, answer.stderr
        return json.loads(answer.stdout)

    def app(self, command: str) -> str:
        """What a command in the application's replica prints."""
        return self.environment.replica("app-1").run(command).stdout.strip()

    def fault(self, name: str, **parameters: Any) -> Injection:
        """A fault by its name, as a plan's step has it."""
        return self.faults.step({"fault": name, **parameters})

    def get(self) -> None:
        """A request from the peer to the application."""
        self.environment.replica("peer-1").run("curl -s -o /dev/null --max-time 5 http://app:8080/")
