"""The declared workload, as the spec of a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.environment import Environment
from harness.errors import UsageError
from harness.stack import Stack
from harness.stack import Workload as Declared
from harness.stack.xharness import Read as DeclaredRead
from harness.stack.xharness import Request as DeclaredRequest
from harness.workload import Read, Request, Retry, Schedule, Spec, Tls

ANY_GOOD = tuple(range(200, 300))


def workload_spec(environment: Environment) -> Spec:
    """The declared workload, addressed to the environment's entry point.

    Raises:
        UsageError: the stack declares no workload, or no entry point.
    """
    stack = environment.stack
    declared = stack.harness.workload
    if declared is None:
        raise UsageError(
            "The stack declares no workload",
            where=f"{stack.file}: x-harness",
            expected='workload: {rate: 50/s, request: {method: GET, path: "/"}}',
            hint="without load nothing can be said about a deployment; see docs/stack.md",
        )
    host, port = environment.address()
    tls, retry = declared.tls, declared.retry
    return Spec(
        host=host,
        port=port,
        schedule=schedule_of(declared, stack),
        requests=tuple(_request(one, number) for number, one in enumerate(declared.mix, start=1)),
        ids=declared.ids,
        retry=Retry() if retry is None else Retry(retry.attempts, retry.status, retry.backoff, retry.jitter),
        tls=None if tls is None else Tls(str(_beside(stack, tls.ca)) if tls.ca else "", tls.verify, tls.name),
        canary=declared.canary or 0.0,
        timeout=declared.timeout,
        in_flight=declared.in_flight,
        keep_alive=declared.keep_alive,
        served_by=declared.served_by or "",
        reads=declared.reads,
        release=declared.release or "",
        forms=True,
    )


def schedule_of(declared: Declared, stack: Stack) -> Schedule:
    """When requests are due."""
    made: Callable[..., Schedule] = Schedule
    if declared.ramp is not None:
        return made("ramp", declared.rate, to=declared.ramp.to, over=declared.ramp.over)
    if declared.steps:
        return made("step", steps=tuple((step.lasting, step.rate) for step in declared.steps))
    if declared.replay is not None:
        return made("replay", file=str(_beside(stack, declared.replay.file)), speed=declared.replay.speed)
    return made(declared.arrivals, declared.rate)


def _request(declared: DeclaredRequest, number: int) -> Request:
    kind = "tcp" if declared.tcp is not None else "call" if declared.call else "http"
    tcp = declared.tcp
    return Request(
        name=declared.name if declared.name != "request" else f"request-{number}",
        weight=declared.weight,
        kind=kind,
        method=declared.method,
        path=declared.path,
        headers=declared.headers,
        body=declared.body,
        expected=declared.status or ANY_GOOD,
        json=_plain(declared.json_),
        send=tcp.send if tcp else "",
        until=tcp.until if tcp else "\n",
        answer=tcp.answer if tcp else "",
        call=declared.call or "",
        acknowledged=declared.acknowledged or "",
        read=None if declared.read is None else _read(declared.read),
        repeatable=declared.repeatable,
    )


def _read(declared: DeclaredRead) -> Read:
    expected = declared.expect
    return Read(
        method=declared.method,
        path=declared.path,
        headers=declared.headers,
        expected=declared.status or ANY_GOOD,
        json={} if isinstance(expected, str) else _plain(expected),
        text=expected if isinstance(expected, str) else "",
        within=declared.within,
    )


def _plain(value: Any) -> Any:
    """The value without the places in the file that its mappings know, which cannot travel."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _beside(stack: Stack, name: str) -> Path:
    """A file that the stack names: from the Compose file's directory."""
    return Path(stack.file).parent / name
