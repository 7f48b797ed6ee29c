"""The verified client of an environment's proxy: over toxiproxy-python, and sure of what it did.

toxiproxy-python keeps host and port in attributes of its classes, which all its users share; its requests have no
timeout; and of a refusal with 500 it says nothing, so that a fault was never injected. Here every client has a copy of
the library's modules to itself, every request has a timeout, every status is looked at, and after every change the
server is asked whether it took.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import requests

from harness.errors import ProxyError, ProxyGone, ProxyMissing
from harness.proxy import client_library

TIMEOUT = 5.0  # s for one request
OURS = "rollback-harness"  # in the version of a server that has what is beyond the original


@dataclass(frozen=True, slots=True)
class Toxic:
    """A toxic as the server has it. `stream` is `upstream` or `downstream`, `toxicity` from 0 to 1."""

    name: str
    type: str
    stream: str = "downstream"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    toxicity: float = 1.0

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From the API's shape."""
        return cls(raw["name"], raw["type"], str(raw["stream"]).lower(), dict(raw["attributes"]), raw["toxicity"])

    def differs(self, other: Toxic) -> bool:
        """Whether the other is not what this asks for; attributes that this leaves out do not matter."""
        asked = {key: other.attributes.get(key) for key in self.attributes}
        return (self.type, self.stream, dict(self.attributes)) != (other.type, other.stream, asked) or abs(
            self.toxicity - other.toxicity
        ) > 1e-6  # the server has it in 32 bits


@dataclass(frozen=True, slots=True)
class ProxyState:
    """A proxy as the server has it."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From the API's shape."""
        toxics = tuple(Toxic.of(toxic) for toxic in raw["toxics"])
        return cls(raw["name"], raw["listen"], raw["upstream"], bool(raw["enabled"]), toxics)


class ProxyClient:
    """A client of one proxy server, for one environment. Safe in several threads; instances share nothing.

    Args:
        host, port: of the server's API.
        environment: the environment's name, for messages.
        timeout: seconds that a request may take.
    """

    def __init__(self, host: str, port: int, *, environment: str = "", timeout: float = TIMEOUT) -> None:
        self.host, self.port, self.environment, self.timeout = host, port, environment, timeout
        self._lock = threading.RLock()
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the web is none for 127.0.0.1
        self._numbers = itertools.count(1)
        self._held: Counter[str] = Counter()
        self._version: str | None = None
        back = weakref.ref(self)

        def ask(method: str, path: str, **more: Any) -> requests.Response:
            client = back()
            assert client is not None  # whoever asks through the library is this client
            return client._ask(method, path, **more)

        copy = client_library.copy(ask)
        weakref.finalize(self, client_library.forget, copy)
        self._api = copy.Toxiproxy()

    def number(self) -> int:
        """A number that was not given out before, for names that do not meet."""
        with self._lock:
            return next(self._numbers)

    # -- the server ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """What the server calls its version; asked once."""
        if self._version is None:
            self._version = str(self._ask("GET", "/version").json()["version"])
        return self._version

    @property
    def extended(self) -> bool:
        """Whether it has what is beyond the original: leases, `stats`, `connections`."""
        return OURS in self.version

    def reset(self) -> None:
        """Enable every proxy and remove every toxic.

        Raises:
            ProxyError: afterwards one is not as it should be.
        """
        with self._lock:
            self._api.reset()
            self._held.clear()
            spoilt = [state.name for state in self.proxies().values() if state.toxics or not state.enabled]
            if spoilt:
                raise self._wrong("The proxy did not reset", got=f"still spoilt: {', '.join(spoilt)}")

    # -- proxies ---------------------------------------------------------------------------------------------------

    def proxies(self) -> dict[str, ProxyState]:
        """Every proxy, by name."""
        return {name: ProxyState.of(raw) for name, raw in self._ask("GET", "/proxies").json().items()}

    def proxy(self, name: str) -> ProxyState:
        """One proxy. ProxyMissing where there is none of this name."""
        return ProxyState.of(self._ask("GET", f"/proxies/{quote(name)}", link=name).json())

    def create(self, name: str, listen: str, upstream: str) -> ProxyState:
        """Make a proxy. ProxyError where it exists, cannot listen, or is not what was asked for."""
        with self._lock:
            self._api.create(upstream, name, listen=listen, enabled=True)
            made = self.proxy(name)
            if not made.enabled or made.upstream != upstream:
                raise self._wrong("A proxy is not what was asked for", link=name, got=str(made), expected=upstream)
            return made

    def delete(self, name: str) -> None:
        """Remove a proxy and its connections."""
        with self._lock:
            self._of_library(name).destroy()
            if name in self.proxies():
                raise self._wrong("A proxy was not removed", link=name, got="it is still there")

    def take_down(self, name: str) -> None:
        """Refuse connections and close those that there are, until as many have called `let_up`."""
        with self._lock:
            self._held[name] += 1
            try:
                self._of_library(name).disable()
                self._expect(name, enabled=False)
            except BaseException:
                self._held[name] -= 1
                raise

    def let_up(self, name: str) -> None:
        """Take back one `take_down`; the last one makes the proxy listen again."""
        with self._lock:
            self._held[name] = max(0, self._held[name] - 1)
            if not self._held[name]:
                self._of_library(name).enable()
                self._expect(name, enabled=True)

    def held_down(self, name: str) -> bool:
        """Whether somebody keeps it down."""
        return self._held[name] > 0

    def _expect(self, name: str, *, enabled: bool) -> None:
        if self.proxy(name).enabled != enabled:
            wanted = "enabled" if enabled else "disabled"
            raise self._wrong(f"A proxy was not {wanted}", link=name, got=f"enabled: {not enabled}", expected=wanted)

    # -- toxics ----------------------------------------------------------------------------------------------------

    def add(self, name: str, toxic: Toxic, ttl: float | None = None) -> Toxic:
        """Add a toxic to a proxy.

        Args:
            ttl: seconds after which it removes itself; for a server that has leases.

        Raises:
            ProxyError: it was refused, or is not what was asked for: it is removed then.
        """
        body: dict[str, Any] = {
            "name": toxic.name, "type": toxic.type, "stream": toxic.stream, "toxicity": toxic.toxicity,
            "attributes": dict(toxic.attributes),
        }  # fmt: skip
        with self._lock:
            if ttl is None or not self.extended:
                self._of_library(name, toxic.name).add_toxic(**body)
            else:  # the library drops what it does not know
                body["ttl"] = round(1000 * ttl)
                self._ask("POST", f"/proxies/{quote(name)}/toxics", link=name, toxic=toxic.name, json=body)
            return self._expect_toxic(name, toxic)

    def update(self, name: str, toxic: Toxic) -> Toxic:
        """Change attributes and toxicity of a toxic. ProxyError where it did not take."""
        body = {"attributes": dict(toxic.attributes), "toxicity": toxic.toxicity}
        with self._lock:
            self._ask("POST", _path(name, toxic.name), link=name, toxic=toxic.name, json=body)
            return self._expect_toxic(name, toxic)

    def renew(self, name: str, toxic: str, ttl: float) -> None:
        """Let a toxic's lease last from now on. ProxyMissing where it has ended."""
        self._ask("POST", _path(name, toxic), link=name, toxic=toxic, json={"ttl": round(1000 * ttl)})

    def remove(self, name: str, toxic: str) -> bool:
        """Remove a toxic; False if it was not there. ProxyError where it stays."""
        with self._lock:
            try:
                self._of_library(name, toxic).destroy_toxic(quote(toxic))
            except ProxyMissing:
                return False
            if any(left.name == toxic for left in self.proxy(name).toxics):
                raise self._wrong("A toxic was not removed", link=name, toxic=toxic, got="it is still there")
            return True

    def _expect_toxic(self, name: str, wanted: Toxic) -> Toxic:
        found = Toxic.of(self._ask("GET", _path(name, wanted.name), link=name, toxic=wanted.name).json())
        if wanted.differs(found):
            self._ask("DELETE", _path(name, wanted.name), link=name, toxic=wanted.name)
            raise self._wrong(
                "A toxic is not what was asked for", link=name, toxic=wanted.name, got=str(found), expected=str(wanted)
            )
        return found

    # -- what is to be seen ----------------------------------------------------------------------------------------

    def stats(self, name: str) -> dict[str, Any]:
        """Counters of a proxy and its toxics, see docs/proxy.md. For a server that is `extended`."""
        return dict(self._ask("GET", f"/proxies/{quote(name)}/stats", link=name).json())

    def connections(self, name: str) -> list[dict[str, Any]]:
        """The open connections of a proxy, see docs/proxy.md. For a server that is `extended`."""
        return list(self._ask("GET", f"/proxies/{quote(name)}/connections", link=name).json())

    def metrics(self) -> str | None:
        """The counters of every proxy in Prometheus' text format; None where the server does not show them."""
        try:
            return self._ask("GET", "/metrics").text
        except ProxyMissing:
            return None

    # -- asking ----------------------------------------------------------------------------------------------------

    def _of_library(self, name: str, toxic: str = "") -> Any:
        """The library's own proxy object."""
        found = self._api.get_proxy(name)
        if found is None:
            raise self._wrong("The proxy server does not know a link", ProxyMissing, link=name, toxic=toxic, got="404")
        found.name = quote(name)
        return found

    def _ask(self, method: str, path: str, *, link: str = "", toxic: str = "", **more: Any) -> requests.Response:
        with self._lock:
            try:
                url = f"http://{self.host}:{self.port}{path}"
                answer = self._session.request(method, url, timeout=self.timeout, allow_redirects=False, **more)
                if answer.status_code < 300 and answer.content and "json" in answer.headers.get("Content-Type", ""):
                    answer.json()
            except requests.JSONDecodeError as error:
                got = f"{method} {path}: {error}"
                raise self._wrong("The proxy server does not speak its API", link=link, toxic=toxic, got=got) from error
            except requests.RequestException as error:
                got, expected = f"{method} {path}: {error}", f"an answer within {self.timeout:g} s"
                what, hint = "The proxy server does not answer", "the door's log says more"
                raise self._wrong(
                    what, ProxyGone, link=link, toxic=toxic, got=got, expected=expected, hint=hint
                ) from error
        if answer.status_code >= 300:
            kind = ProxyMissing if answer.status_code == 404 else ProxyError
            said = f"{answer.status_code} {answer.text.strip()}"
            raise self._wrong(f"The proxy server refused {method} {path}", kind, link=link, toxic=toxic, got=said)
        return answer

    def _wrong(
        self, what: str, kind: type[ProxyError] = ProxyError, *, link: str = "", toxic: str = "", **parts: Any
    ) -> ProxyError:
        places = (("environment", self.environment), ("link", link), ("toxic", toxic))
        named = ", ".join(f"{word} {name}" for word, name in places if name)
        return kind(what, where=f"{named or 'the proxy'}, API at {self.host}:{self.port}", **parts)


def _path(name: str, toxic: str) -> str:
    return f"/proxies/{quote(name)}/toxics/{quote(toxic)}"
