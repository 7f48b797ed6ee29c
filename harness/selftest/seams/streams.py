"""The streams that the gate follows, the generator's reports and the engine's events, and those who follow them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, BinaryIO

from harness.engine.events import Events
from harness.probes.logs.follower import LogFollower
from harness.probes.sampler import Sampler
from harness.selftest.seams.trigger import KILLED, Trigger
from harness.workload import process as generator


def install(trigger: Trigger) -> None:
    """Spoil the target where it is one of these."""
    installed: dict[str, Callable[[Trigger], None]] = {
        "generator-reports": _reports,
        "events": _events,
        "event": _events,
        "sampler": lambda t: _calls(t, Sampler, "_look"),
        "follower": lambda t: _calls(t, LogFollower, "poll"),
    }
    if trigger.spec.target in installed:
        installed[trigger.spec.target](trigger)


def _reports(trigger: Trigger) -> None:
    """Put a relay between the generator and the workload: it spoils whole messages."""

    def popen(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(*args, **more)
        reading, writing = os.pipe2(os.O_CLOEXEC)
        source, process.stdout = process.stdout, os.fdopen(reading, "rb")
        threading.Thread(target=_relay, args=(source, writing, trigger), daemon=True).start()
        return process

    names = {name: getattr(subprocess, name) for name in subprocess.__all__}
    setattr(generator, "subprocess", SimpleNamespace(**{**names, "Popen": popen}))  # noqa: B010 - it is another's


def _relay(source: BinaryIO, writing: int, trigger: Trigger) -> None:
    with source, os.fdopen(writing, "wb") as target, suppress(OSError, ValueError):
        for line in source:
            said = json.loads(line)
            report = line + source.read(said.get("bytes", 0)) + source.readline()
            target.write(trigger.spoil(report, f"report {said.get('due')}") if "due" in said else report)
            target.flush()


def _events(trigger: Trigger) -> None:
    """The engine's events of an environment."""
    original = Events.__init__

    def init(self: Events, api: Any, *args: Any, **more: Any) -> None:
        original(self, _Api(api, trigger), *args, **more)  # type: ignore[arg-type]

    Events.__init__ = init  # type: ignore[method-assign]


class _Api:
    """The SDK's client, with spoilt events."""

    def __init__(self, api: Any, trigger: Trigger) -> None:
        self._api, self._trigger = api, trigger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def events(self, *args: Any, **more: Any) -> _Stream:
        return _Stream(self._api.events(*args, **more), self._trigger)


class _Stream:
    def __init__(self, stream: Any, trigger: Trigger) -> None:
        self._stream, self._trigger = stream, trigger
        if trigger.spec.action == "kill":
            threading.Thread(target=self._cut, daemon=True).start()

    def _cut(self) -> None:
        self._trigger.wait()
        self._trigger.touched("the events end")
        with suppress(OSError, AttributeError):
            self._stream.close()

    def close(self) -> None:
        """As the stream's own."""
        self._stream.close()

    def __iter__(self) -> Iterator[Any]:
        for event in self._stream:
            if self._trigger.spec.action == "kill" or not self._trigger.take(f"event {event.get('Action')}"):
                yield event
                continue
            data = self._trigger.spoilt(json.dumps(event).encode())
            text = data.decode(errors="replace")
            while text:  # as the SDK's own reader does: one JSON document after the other, until one is damaged
                found, end = json.JSONDecoder().raw_decode(text)
                yield found
                text = text[end:].lstrip()


def _calls(trigger: Trigger, kind: Any, name: str) -> None:
    """What is done again and again, in a thread of its own or not: it stands still, is late, is left out, or ends."""
    original = getattr(kind, name)

    def called(self: Any, *args: Any) -> Any:
        if not trigger.take(f"{kind.__name__}.{name}"):
            return original(self, *args)
        action = trigger.spec.action
        if action == "kill":
            raise SystemExit(1) if threading.current_thread() is not threading.main_thread() else RuntimeError(KILLED)
        if action == "drop":
            return 0
        if action == "duplicate":
            original(self, *args)
        else:
            trigger.hold_up()
        return original(self, *args)

    setattr(kind, name, called)
