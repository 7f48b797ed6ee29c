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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from harness.errors import ProxyError, ProxyGone, ProxyMissing
from harness.proxy import client_library
from harness.proxy.client_shapes import ProxyState, Toxic

__all__ = ["ProxyClient", "ProxyState", "Toxic"]

TIMEOUT = 5.0  # s for one request
OURS = "rollback-harness"  # in the version of a server that has what is beyond the original
DONE = (200, 201, 204)  # what Toxiproxy answers when it did what it was asked to
T = TypeVar("T")


class ProxyClient:
    """A client of one proxy server, for one environment. Safe in several threads; instances share nothing.

    Args:
        host, port: of the server's API.
        environment: the environment's name, for messages.
        token: sent with every request, for a server that asks for one.
        timeout: seconds that a request may take.
    """

    def __init__(
        self, host: str, port: int, *, environment: str = "", token: str | None = None, timeout: float = TIMEOUT
    ) -> None:
        self.host, self.port, self.environment, self.timeout = host, port, environment, timeout
        self._lock = threading.RLock()
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy for the web does not serve 127.0.0.1
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._numbers = itertools.count(1)
        self._held: dict[str, set[str]] = {}
        self._version: str | None = None
        self._place = ("", "")  # the link and the toxic that it is about, for messages
        self._said = ""  # the last answer, for messages
        back = weakref.ref(self)

        def ask(method: str, path: str, **more: Any) -> requests.Response:
            client = back()
            assert client is not None  # whoever asks through the library is this client
            return client._ask(method, path, **more)

        copy = client_library.copy(ask)
        weakref.finalize(self, client_library.forget, copy)
        weakref.finalize(self, self._session.close)
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
            with self._about():
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
        with self._about():
            self._api.reset()
            self._held.clear()
            spoilt = [state.name for state in self.proxies().values() if state.toxics or not state.enabled]
            if spoilt:
                raise self._wrong("The proxy did not reset", got=f"still spoilt: {', '.join(spoilt)}")

    # -- proxies ---------------------------------------------------------------------------------------------------

    def proxies(self) -> dict[str, ProxyState]:
        """Every proxy, by name."""
        return self._read(lambda raw: {name: ProxyState.of(one) for name, one in raw.items()})

    def proxy(self, name: str) -> ProxyState:
        """One proxy. ProxyMissing where there is none of this name."""
        with self._about(name):
            return self._read(ProxyState.of, name)

    def create(self, name: str, listen: str, upstream: str) -> ProxyState:
        """Make a proxy. ProxyError where it exists, cannot listen, or is not what was asked for."""
        with self._about(name):
            if name in self.proxies():
                raise self._wrong("The proxy server has this link already", got=name)
            self._api.create(upstream, name, listen=listen, enabled=True)
            made = self.proxy(name)
            if not made.enabled or made.upstream != upstream:
                raise self._wrong("A proxy is not what was asked for", got=str(made), expected=upstream)
            return made

    def delete(self, name: str) -> None:
        """Remove a proxy and its connections."""
        with self._about(name):
            self._of_library(name).destroy()
            if name in self.proxies():
                raise self._wrong("A proxy was not removed", got="it is still there")

    def lead(self, name: str, upstream: str) -> None:
        """Make a link lead to `host:port` from now on; connections that it had elsewhere end."""
        with self._about(name):
            self._ask("POST", _path(name), json={"upstream": upstream})
            if (found := self.proxy(name).upstream) != upstream:
                raise self._wrong("A link does not lead where it was to", got=found, expected=upstream)

    def take_down(self, name: str, holder: str) -> None:
        """Refuse connections and close those that there are, until every holder has called `let_up`."""
        with self._about(name):
            self._held.setdefault(name, set()).add(holder)
            self._of_library(name).disable()
            self._expect(name, enabled=False)

    def let_up(self, name: str, holder: str) -> None:
        """Take back one's `take_down`, also one that failed; the last holder's makes the proxy listen again."""
        with self._about(name):
            held = self._held.get(name, set())
            held.discard(holder)
            if not held:
                self._of_library(name).enable()
                self._expect(name, enabled=True)

    def held_down(self, name: str) -> bool:
        """Whether somebody keeps it down."""
        return bool(self._held.get(name))

    def _expect(self, name: str, *, enabled: bool) -> None:
        if self.proxy(name).enabled != enabled:
            wanted = "enabled" if enabled else "disabled"
            raise self._wrong(f"A proxy was not {wanted}", got=f"enabled: {not enabled}", expected=wanted)

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
        with self._about(name, toxic.name):
            if ttl is None or not self.extended:
                self._of_library(name).add_toxic(**body)
            else:  # the library drops what it does not know
                self._ask("POST", _path(name, "toxics"), json={**body, "ttl": round(1000 * ttl)})
            try:
                self._expect_lease(name, toxic.name, ttl)
                return self._expect_toxic(name, toxic)
            except ProxyError:
                with suppress(ProxyError):  # the first error says more
                    self.remove(name, toxic.name)
                raise

    def update(self, name: str, toxic: Toxic) -> Toxic:
        """Change attributes and toxicity of a toxic. ProxyError where it did not take."""
        body = {"attributes": dict(toxic.attributes), "toxicity": toxic.toxicity}
        with self._about(name, toxic.name):
            self._ask("POST", _path(name, "toxics", toxic.name), json=body)
            return self._expect_toxic(name, toxic)

    def renew(self, name: str, toxic: str, ttl: float) -> None:
        """Let a toxic's lease last so many seconds from now on. ProxyMissing where it has ended."""
        with self._about(name, toxic):
            self._ask("POST", _path(name, "toxics", toxic), json={"ttl": round(1000 * ttl)})
            self._expect_lease(name, toxic, ttl)

    def remove(self, name: str, toxic: str) -> bool:
        """Remove a toxic; False if it was not there. ProxyError where it stays."""
        with self._about(name, toxic):
            try:
                self._of_library(name).destroy_toxic(_quoted(toxic))
            except ProxyMissing:
                return False
            if any(left.name == toxic for left in self.proxy(name).toxics):
                raise self._wrong("A toxic was not removed", got="it is still there")
            return True

    def _expect_toxic(self, name: str, wanted: Toxic) -> Toxic:
        found = self._read(Toxic.of, name, "toxics", wanted.name)
        if found.name != wanted.name or wanted.differs(found):
            raise self._wrong("A toxic is not what was asked for", got=str(found), expected=str(wanted))
        return found

    def _expect_lease(self, name: str, toxic: str, ttl: float | None) -> None:
        """A lease that was asked for runs. A server without leases was asked for none."""
        if ttl is None or not self.extended:
            return
        left = self.stats(name)["toxics"].get(toxic, {}).get("ttl")
        if left is None or left > 1000 * ttl:
            raise self._wrong("A toxic has no lease", got=f"{left} ms are left", expected=f"at most {ttl:g} s")

    # -- what is to be seen ----------------------------------------------------------------------------------------

    def stats(self, name: str) -> dict[str, Any]:
        """Counters of a proxy and its toxics, see docs/proxy.md. For a server that is `extended`."""
        with self._about(name):
            return self._read(lambda raw: dict(raw.items()), name, "stats")

    def connections(self, name: str) -> list[dict[str, Any]]:
        """The open connections of a proxy, see docs/proxy.md. For a server that is `extended`."""
        with self._about(name):
            return self._read(lambda raw: [dict(one.items()) for one in raw], name, "connections")

    def metrics(self) -> str | None:
        """The counters of every proxy in Prometheus' text format; None where the server does not show them."""
        try:
            return self._ask("GET", "/metrics").content.decode(errors="replace")
        except ProxyMissing:
            return None

    # -- asking ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _about(self, link: str = "", toxic: str = "") -> Iterator[None]:
        """Whatever goes wrong within the block names the link and the toxic; what the library or we cannot make sense
        of in an answer is an error of ours. No other thread asks meanwhile.
        """
        with self._lock:
            before, self._place = self._place, (link or self._place[0], toxic or self._place[1])
            try:
                yield
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                what, expected = "The proxy server does not speak its API", "what Toxiproxy answers"
                raise self._wrong(what, got=self._said, expected=expected) from error
            finally:
                self._place = before

    def _of_library(self, name: str) -> Any:
        """The library's own proxy object."""
        found = self._api.get_proxy(name)
        if found is None:
            raise self._wrong("The proxy server does not know a link", ProxyMissing, got=self._said)
        found.name = _quoted(name)
        return found

    def _read(self, read: Callable[[Any], T], *path: str) -> T:
        """What `read` makes of the JSON at a path below `/proxies`."""
        with self._about():
            return read(self._ask("GET", _path(*path)).json())

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        with self._lock:
            try:
                url = f"http://{self.host}:{self.port}{path}"
                answer = self._session.request(method, url, timeout=self.timeout, allow_redirects=False, **more)
            except requests.RequestException as error:
                what, hint = "The proxy server does not answer", "the door's log says more"
                got, expected = f"{method} {path}: {error}", f"an answer within {self.timeout:g} s"
                raise self._wrong(what, ProxyGone, got=got, expected=expected, hint=hint) from error
            self._said = (
                f"{method} {path}: {answer.status_code} {answer.content[:200].decode(errors='replace').strip()}".strip()
            )
            if answer.status_code not in DONE:
                kind = ProxyMissing if answer.status_code == 404 else ProxyError
                raise self._wrong("The proxy server refuses", kind, got=self._said)
            return answer

    def _wrong(self, what: str, kind: type[ProxyError] = ProxyError, **parts: Any) -> ProxyError:
        places = (("environment", self.environment), ("link", self._place[0]), ("toxic", self._place[1]))
        named = ", ".join(f"{word} {name}" for word, name in places if name)
        return kind(what, where=f"{named or 'the proxy'}, API at {self.host}:{self.port}", **parts)


def _path(*parts: str) -> str:
    return "/".join(("/proxies", *map(_quoted, parts)))


def _quoted(name: str) -> str:
    return quote(name, safe="")
