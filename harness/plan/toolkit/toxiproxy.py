"""Actions of chaostoolkit-toxiproxy as faults of links: an environment has a proxy on every link already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import faults
from harness.chaostoolkit.place import Place
from harness.errors import UsageError
from harness.plan.steps import Step
from harness.plan.steps.heal import Heal
from harness.plan.steps.inject import Inject
from harness.plan.toolkit.arguments import fixed, known, number
from harness.stack import Stack

PACKAGE = "chaostoxi"
EVERYBODY = ("entrypoint", "all")  # who uses a proxy in front of a service is whoever connects to it
TOXICS: Mapping[str, tuple[str, Mapping[str, str]]] = {  # by type: the fault, and its parameters by attribute
    "latency": ("latency", {"latency": "ms", "jitter": "jitter"}),
    "bandwidth": ("bandwidth", {"rate": "kb_per_s"}),
    "timeout": ("timeout", {"timeout": "ms"}),
    "slicer": ("slicing", {"average_size": "size", "size_variation": "variation", "delay": "delay_us"}),
    "limit_data": ("data-limit", {"bytes": "bytes"}),
    "reset_peer": ("reset", {"timeout": "after_ms"}),
}
SHORT: Mapping[str, tuple[str, Mapping[str, str]]] = {  # by function: the type, and its attributes by argument
    "create_latency_toxic": ("latency", {"latency": "latency", "jitter": "jitter"}),
    "create_bandwith_degradation_toxic": ("bandwidth", {"rate": "rate"}),
    "create_timeout_toxic": ("timeout", {"timeout": "timeout"}),
    "create_slicer_toxic": (
        "slicer", {"average_size": "average_size", "size_variation": "size_variation", "delay": "delay"},
    ),
    "create_limiter_toxic": ("limit_data", {"bytes_limit": "bytes"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProxiedLink:
    """The links that a proxy of an experiment stands for: selectors of a link fault; a port of None is every port."""

    consumers: str | tuple[str, ...]
    target: str
    port: int | None = None

    def __str__(self) -> str:
        who = self.consumers if isinstance(self.consumers, str) else " and ".join(self.consumers)
        return f"{who} -> {self.target}" + (f":{self.port}" if self.port else "")


@dataclass
class Toxiproxy:
    """Turns actions into steps, in the order of the experiment.

    Args:
        configuration: of the experiment.
        links: by proxy, what the user says that it stands for.
        stack: for which the plan is made; None where that is not known.

    Attributes:
        notes: what became of actions that need no step.
        on: the faults that are on, by proxy and toxic; of a proxy that is disabled, by an empty toxic.
    """

    configuration: Place
    links: Mapping[str, ProxiedLink]
    stack: Stack | None
    notes: list[str] = field(default_factory=list)
    on: dict[tuple[str, str], str] = field(default_factory=dict)
    created: dict[str, ProxiedLink] = field(default_factory=dict)

    def steps(self, action: Place, phase: str, *, rollback: bool) -> Iterator[Step]:
        """What an activity of the extension becomes.

        Raises:
            UsageError: there is nothing that it could become.
        """
        provider = action.at("provider")
        module, name = provider.at("module"), str(provider.at("func").value)
        if str(module.value).endswith(".probes"):
            hint = "leave it out: in an environment every link has a proxy, and a fault is proved by what it touches"
            raise module.refusal("There is no Toxiproxy whose proxies could be asked for", hint=hint)
        functions: Mapping[str, Callable[[Place, str], Iterator[Step]]] = {
            "create_proxy": self._create, "disable_proxy": self._disable, "enable_proxy": self._enable,
            "modify_proxy": self._modify, "delete_proxy": self._delete, "reset": self._reset,
            "delete_toxic": self._heal, "create_toxic": self._any, **dict.fromkeys(SHORT, self._short(name)),
        }  # fmt: skip
        of = {"chaostoxi.proxy.actions": range(6), "chaostoxi.toxic.actions": range(6, len(functions))}
        if module.value not in of:
            raise module.refusal("This is no module of the extension", expected=", ".join(of))
        names = [one for number, one in enumerate(functions) if number in of[str(module.value)]]
        provider.at("func").one_of(*names)
        if name == "delete_proxy" and not rollback:
            hint = "to cut the service off use disable_proxy; to take toxics away delete_toxic or reset"
            raise provider.at("func").refusal("A link's proxy cannot be deleted while the method runs", hint=hint)
        given = provider.at("arguments")
        yield from functions[name](fixed(given, self.configuration), phase)

    # -- proxies -----------------------------------------------------------------------------------------------------

    def _create(self, given: Place, phase: str) -> Iterator[Step]:
        known(given, "proxy_name", "upstream_host", "upstream_port", "listen_host", "listen_port", "enabled")
        name = given.at("proxy_name").word("the proxy's name")
        link = self.links.get(name) or self._upstream(given)
        self.created[name] = link
        self.notes.append(f"{given.pointer}: the proxy {name} is on {link} already, where every link has one")
        if given.at("enabled").value is False:
            yield from self._down(given, phase)

    def _upstream(self, given: Place) -> ProxiedLink:
        host = given.at("upstream_host")
        self._service(host, given.at("proxy_name"))
        port = number(given.at("upstream_port"))
        return ProxiedLink(EVERYBODY, str(host.value), port)

    def _service(self, host: Place, proxy: Place) -> None:
        """Refuse what is no service of the stack."""
        word = host.word("a service of the stack")
        services = () if self.stack is None else tuple(self.stack.services)
        if word not in services if services else not re.fullmatch(r"(?!localhost$)[a-z0-9][a-z0-9_-]*", word):
            expected = ", ".join(services) or "the name of a service"
            hint = f"say which link it is: --link {proxy.value or 'PROXY'}=CONSUMER:SERVICE:PORT"
            raise host.refusal("The proxy stands before no service of the stack", expected=expected, hint=hint)

    def _link(self, proxy: Place) -> ProxiedLink:
        name = proxy.word("the proxy's name")
        if found := self.links.get(name) or self.created.get(name):
            return found
        if self.stack is not None and name in self.stack.services:
            return ProxiedLink(EVERYBODY, name)
        hint = f"say which link it is: --link {name}=CONSUMER:SERVICE:PORT"
        known_names = ", ".join([*self.links, *self.created]) or "one that create_proxy makes before"
        raise proxy.refusal("The proxy is not known", expected=known_names, hint=hint)

    def _disable(self, given: Place, phase: str) -> Iterator[Step]:
        known(given, "proxy_name")
        yield from self._down(given, phase)

    def _down(self, given: Place, phase: str) -> Iterator[Step]:
        proxy = given.at("proxy_name")
        link = self._link(proxy)
        if (str(proxy.value), "") in self.on:
            raise proxy.refusal("The proxy is disabled already")
        yield self._inject(given, phase, (str(proxy.value), ""), {"fault": "down", **_place_of(link)})

    def _enable(self, given: Place, phase: str) -> Iterator[Step]:  # noqa: ARG002
        known(given, "proxy_name")
        yield from self._up(given)

    def _up(self, given: Place) -> Iterator[Step]:
        self._link(given.at("proxy_name"))
        name = self.on.pop((str(given.at("proxy_name").value), ""), "")
        if name:
            yield Heal(name=name)
        else:
            self.notes.append(f"{given.pointer}: the proxy is enabled already")

    def _modify(self, given: Place, phase: str) -> Iterator[Step]:
        known(given, "proxy_name", "listen_address", "upstream_address", "enabled")
        for key in ("listen_address", "upstream_address"):
            if key in given:
                raise given.at(key).refusal("A link cannot be led elsewhere", expected="enabled: true or false alone")
        enabled = given.at("enabled").must_be(bool).value
        yield from self._up(given) if enabled else self._down(given, phase)

    def _delete(self, given: Place, phase: str) -> Iterator[Step]:  # noqa: ARG002
        known(given, "proxy_name")
        self._link(given.at("proxy_name"))
        proxy = str(given.at("proxy_name").value)
        yield from self._all(given, [key for key in self.on if key[0] == proxy])

    def _reset(self, given: Place, phase: str) -> Iterator[Step]:  # noqa: ARG002
        known(given)
        yield from self._all(given, list(self.on))

    def _all(self, given: Place, keys: list[tuple[str, str]]) -> Iterator[Step]:
        if not keys:
            self.notes.append(f"{given.pointer or '/'}: no fault is on that it could take away")
        for key in reversed(keys):
            yield Heal(name=self.on.pop(key))

    # -- toxics ------------------------------------------------------------------------------------------------------

    def _heal(self, given: Place, phase: str) -> Iterator[Step]:  # noqa: ARG002
        known(given, "for_proxy", "toxic_name")
        key = (given.at("for_proxy").word("the proxy"), given.at("toxic_name").word("the toxic"))
        if key not in self.on:
            expected = ", ".join(f"{toxic} of {proxy}" for proxy, toxic in self.on if toxic) or "one that is on"
            raise given.at("toxic_name").refusal("No action before it creates this toxic", expected=expected)
        yield Heal(name=self.on.pop(key))

    def _short(self, function: str) -> Callable[[Place, str], Iterator[Step]]:
        kind, names = SHORT.get(function, ("", {}))

        def steps(given: Place, phase: str) -> Iterator[Step]:
            known(given, "for_proxy", "toxic_name", *names)
            attributes = {attribute: given.at(one) for one, attribute in names.items()}
            yield self._toxic(given, phase, given.at("toxic_name"), kind, attributes, {})

        return steps

    def _any(self, given: Place, phase: str) -> Iterator[Step]:
        known(given, "for_proxy", "toxic_name", "toxic_type", "stream", "toxicity", "attributes")
        kind = given.at("toxic_type").one_of(*TOXICS)
        attributes = given.at("attributes")
        known(attributes, *TOXICS[kind][1])
        more: dict[str, Any] = {}
        if kind != "reset_peer" and "stream" in given:
            more["stream"] = given.at("stream").one_of("upstream", "downstream")
        if "toxicity" in given:
            more["toxicity"] = given.at("toxicity").must_be(int, float).value
        yield self._toxic(
            given, phase, given.at("toxic_name"), kind, {one: attributes.at(one) for one in TOXICS[kind][1]}, more
        )

    def _toxic(
        self, given: Place, phase: str, name: Place, kind: str, attributes: Mapping[str, Place], more: dict[str, Any]
    ) -> Step:
        fault, names = TOXICS[kind]
        link = self._link(given.at("for_proxy"))
        key = (str(given.at("for_proxy").value), name.word("the toxic's name"))
        if key in self.on:
            raise name.refusal("A toxic of this name is on already")
        values = {names[one]: number(place, 0) for one, place in attributes.items()}
        if kind not in ("reset_peer",):
            more = {"stream": "downstream", **more}
        return self._inject(given, phase, key, {"fault": fault, **_place_of(link), **values, **more})

    def _inject(self, given: Place, phase: str, key: tuple[str, str], data: dict[str, Any]) -> Step:
        try:
            made = faults.from_data(data)
        except UsageError as error:
            said = f"{error.where}: {error.expected}"
            raise given.refusal("The toxic is no fault that a link can have", got=error.got, expected=said) from None
        name = re.sub(r"[^a-z0-9_-]+", "-", f"{key[0]}-{key[1] or 'down'}".lower()).strip("-_") or "toxic"
        while name in self.on.values():
            name += "-2"
        self.on[key] = name
        return Inject(phase=phase, name=name, fault=made.to_data())


def _place_of(link: ProxiedLink) -> dict[str, Any]:
    consumers = link.consumers if isinstance(link.consumers, str) else list(link.consumers)
    return {"from": consumers, "to": link.target, **({"port": link.port} if link.port else {})}
