"""The routes: what a request means, and what it is answered."""

from __future__ import annotations

import hmac
import inspect
import os
from collections.abc import Awaitable, Callable
from typing import Any

from . import VERSION, gojson, metrics, schema, views
from .errors import ApiError, proxy_not_found
from .httpd import Answer, Request, refusal
from .registry import Registry

PLAIN = "text/plain; charset=utf-8"
NOSNIFF = ("X-Content-Type-Options", "nosniff")
UNAUTHORIZED = (
    "unauthorized: this server asks for a token, and the request has none or another one; "
    "send the text of its -token-file in the header `Authorization: Bearer TOKEN`"
)
CHALLENGE = ("WWW-Authenticate", "Bearer")
Route = Callable[..., "Answer | Awaitable[Answer]"]


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, gojson.encode(value))


class Api:
    """Answers every request; raises nothing that a request could cause. Without a token none is asked for."""

    def __init__(self, registry: Registry, proxy_metrics: bool, runtime_metrics: bool, token: bytes = b"") -> None:
        self.registry, self._token = registry, token
        self.proxy_metrics, self.runtime_metrics = proxy_metrics, runtime_metrics
        self._routes: dict[tuple[str, ...], dict[str, Route]] = {
            ("reset",): {"POST": self._reset},
            ("version",): {"GET": self._version},
            ("populate",): {"POST": self._populate},
            ("proxies",): {"GET": self._proxies, "POST": self._create},
            ("proxies", "*"): {
                "GET": self._show, "POST": self._update, "PATCH": self._update, "DELETE": self._delete,
            },
            ("proxies", "*", "toxics"): {"GET": self._toxics, "POST": self._add_toxic},
            ("proxies", "*", "toxics", "*"): {
                "GET": self._show_toxic, "POST": self._change_toxic, "PATCH": self._change_toxic,
                "DELETE": self._delete_toxic,
            },
            ("proxies", "*", "connections"): {"GET": self._connections},
            ("proxies", "*", "stats"): {"GET": self._stats},
        }  # fmt: skip
        if proxy_metrics or runtime_metrics:
            self._routes["metrics",] = {"*": self._metrics}

    async def handle(self, request: Request) -> Answer:
        if not self._admits(request):
            refused = refusal(401, UNAUTHORIZED)
            return Answer(401, refused.body, refused.type, (*refused.headers, CHALLENGE))
        methods, names = self._find(request.path)
        if methods is None:
            return Answer(404, b"404 page not found\n", PLAIN, (NOSNIFF,))
        route = methods.get(request.method) or methods.get("*")
        if route is None:
            return Answer(405)
        made = await self._run(route, request, names)
        identity = ("X-Toxiproxy-Request-Id", os.urandom(10).hex())
        return Answer(made.status, made.body, made.type, (*made.headers, identity))

    def _admits(self, request: Request) -> bool:
        if not self._token:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(token.strip().encode("latin-1", "replace"), self._token)
        return scheme.lower() == "bearer" and same

    async def _run(self, route: Route, request: Request, names: list[str]) -> Answer:
        if request.headers.get("user-agent", "").startswith("Mozilla/"):
            return Answer(403, b"User agent not allowed\n", PLAIN, (NOSNIFF,))
        try:
            if request.method == "GET" or route == self._add_toxic:
                # What only looks need not wait for what listens; and no request needs to wait for a mark to be taken.
                return await self._call(route, request, names)
            async with self.registry.lock:
                return await self._call(route, request, names)
        except ApiError as error:
            return refusal(error.status, error.message)

    async def _call(self, route: Route, request: Request, names: list[str]) -> Answer:
        made = route(request, *names)
        return await made if inspect.isawaitable(made) else made

    def _find(self, path: str) -> tuple[dict[str, Route] | None, list[str]]:
        parts = path.split("/")[1:]
        if not path.startswith("/") or "" in parts:
            return None, []
        for pattern, methods in self._routes.items():
            matched = zip(pattern, parts, strict=False)
            if len(pattern) == len(parts) and all(want in ("*", part) for want, part in matched):
                return methods, [part for want, part in zip(pattern, parts, strict=True) if want == "*"]
        return None, []

    # The whole server

    async def _reset(self, _request: Request) -> Answer:
        await self.registry.reset()
        return Answer(204)

    def _version(self, _request: Request) -> Answer:
        body = f'{{"version": "{VERSION}"}}\n'.encode()
        return Answer(200, body, "application/json;charset=utf-8")

    async def _populate(self, request: Request) -> Answer:
        done, error = await self.registry.populate(request.body, _wants_toxics(request))
        shown: dict[str, Any] = {"error": error.message, "status": error.status} if error else {}
        shown["proxies"] = [proxy.shape() for proxy in done] or None
        return answer(shown, error.status if error else 201)

    def _metrics(self, _request: Request) -> Answer:
        text = metrics.text(self.registry, self.proxy_metrics, self.runtime_metrics)
        return Answer(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8")

    # Proxies

    def _proxies(self, _request: Request) -> Answer:
        return answer(self.registry.shape())

    async def _create(self, request: Request) -> Answer:
        settings = schema.proxy(gojson.parse(request.body), with_toxics=_wants_toxics(request))
        proxy = await self.registry.add(settings)
        return answer(proxy.shape(), 201)

    def _show(self, _request: Request, name: str) -> Answer:
        return answer(self.registry.get(name).shape())

    async def _update(self, request: Request, name: str) -> Answer:
        proxy = self.registry.get(name)
        found = gojson.decode(request.body, schema.PROXY, "Proxy")
        await proxy.update(
            found.get("listen", proxy.listen),
            found.get("upstream", proxy.upstream),
            found.get("enabled", proxy.enabled),
        )
        return answer(proxy.shape())

    def _delete(self, _request: Request, name: str) -> Answer:
        self.registry.remove(name)
        return Answer(204)

    def _connections(self, _request: Request, name: str) -> Answer:
        return answer(views.connections(self.registry.get(name)))

    def _stats(self, _request: Request, name: str) -> Answer:
        return answer(views.stats(self.registry.get(name)))

    # Toxics

    def _toxics(self, _request: Request, name: str) -> Answer:
        return answer([toxic.shape() for toxic in self.registry.get(name).ordered()])

    async def _add_toxic(self, request: Request, name: str) -> Answer:
        proxy = self.registry.get(name)
        leased = schema.toxic(gojson.parse(request.body), [toxic.name for toxic in proxy.toxics])
        await proxy.prepare(leased.toxic)
        async with self.registry.lock:
            if self.registry.get(name) is not proxy:
                raise proxy_not_found()
            proxy.add_toxic(leased.toxic)
            proxy.lease(leased.toxic, leased.ttl)
        return answer(leased.toxic.shape())

    def _show_toxic(self, _request: Request, name: str, toxic_name: str) -> Answer:
        return answer(self.registry.get(name).toxic(toxic_name).shape())

    def _change_toxic(self, request: Request, name: str, toxic_name: str) -> Answer:
        proxy = self.registry.get(name)
        toxic = proxy.toxic(toxic_name)
        found = gojson.decode(request.body, schema.CHANGE, "Toxic")
        merged = {**toxic.attributes, **schema.attributes(toxic.kind.type, found.get("attributes"))}
        schema.validate(toxic, merged)
        toxicity = found.get("toxicity", toxic.toxicity)
        if (merged, toxicity) != (toxic.attributes, toxic.toxicity):
            toxic.attributes, toxic.toxicity = merged, toxicity
            proxy.change_toxic(toxic)
        if "ttl" in found:
            proxy.lease(toxic, schema.seconds(found["ttl"]))
        return answer(toxic.shape())

    def _delete_toxic(self, _request: Request, name: str, toxic_name: str) -> Answer:
        self.registry.get(name).remove_toxic(toxic_name)
        return Answer(204)


def _wants_toxics(request: Request) -> bool:
    """The original ignores the toxics in a proxy's body, and clients send back what they read; so it must be asked."""
    return request.query.get("toxics") == ["apply"]
