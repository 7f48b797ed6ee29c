"""Whether an activity of an experiment is one, looked at without importing or running anything that it names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

from harness.chaostoolkit import tolerances
from harness.chaostoolkit.place import Place

ENTRYPOINT = "entrypoint"  # the host of a URL that goes to the environment's door
KEYS = ("type", "name", "provider", "tolerance", "pauses", "background", "controls", "description", "comment")
REFUSED = {
    "timeout": "the library ignores it here: put `timeout` into the provider",
    "dry": "leave it out: a plan that runs nothing is printed by `harness plan show`",
    "secrets": "put `secrets` into the provider",
}
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_NAME = re.compile(r"[A-Za-z_]\w*")


def check(place: Place, *, tolerance: bool = False, kinds: tuple[str, ...] = ("probe", "action")) -> None:
    """Make sure that it can be run.

    Args:
        tolerance: it must have one: it is a probe of the hypothesis.
        kinds: the types that are allowed here.

    Raises:
        UsageError: the first thing that is wrong, with its place.
    """
    place.must_be(dict, what="an activity: {type: probe, name: ..., provider: {...}}")
    for key, hint in REFUSED.items():
        if key in place:
            raise place.at(key).refusal("This key has no effect in an activity", got=key, hint=hint)
    place.only(*KEYS)
    place.at("name").word("the activity's `name`")
    place.at("type").one_of(*kinds)
    provider(place.at("provider"))
    pauses(place)
    if "background" in place:
        place.at("background").must_be(bool)
    if "controls" in place:
        for one in place.at("controls").must_be(list).items():
            control(one)
    if tolerance and "tolerance" not in place:
        raise place.at("tolerance").refusal(
            "A probe of the hypothesis has no tolerance", expected="200, true, [1, 5], {type: regex, ...}, ..."
        )
    if "tolerance" in place:
        tolerances.check(place.at("tolerance"), check)


def pauses(place: Place) -> None:
    """Whether the pauses of an activity are seconds, or a variable."""
    found = place.at("pauses")
    if found.value is None:
        return
    found.only("before", "after")
    for one in found.items():
        if isinstance(one.value, str) and re.fullmatch(r"\$\{[^}]+\}", one.value):
            continue
        one.must_be(int, float, what="seconds as a number, or a variable: ${name}")
        if one.value < 0:
            raise one.refusal("A pause is negative", expected="0 or more")


def provider(place: Place) -> None:
    """Whether a provider is one of the three."""
    place.must_be(dict, what="a provider: {type: process, path: ...}, {type: http, url: ...}, {type: python, ...}")
    _PROVIDERS[place.at("type").one_of(*_PROVIDERS)](place)


def _process(place: Place) -> None:
    place.only("type", "path", "arguments", "timeout")
    place.at("path").word("the program: a path, or a name on PATH")
    if "arguments" in place:
        place.at("arguments").must_be(list, dict, str)
    if "timeout" in place:
        place.at("timeout").must_be(int, float)


def _http(place: Place) -> None:
    if "expected_status" in place:
        raise place.at("expected_status").refusal(
            "The library ignores this key", got="expected_status", expected="`tolerance: 200` in the activity"
        )
    place.only("type", "url", "method", "headers", "arguments", "timeout", "verify_tls", "max_retries")
    place.at("url").word("the address to ask")
    if "${" not in place.at("url").value:
        host(place.at("url"))
    if "method" in place:
        place.at("method").word("a method of HTTP")
    for name, value in (place.at("headers").must_be(dict).value if "headers" in place else {}).items():
        place.at("headers").at(name).must_be(str, int, float) if value is not None else None
    if "timeout" in place:
        place.at("timeout").must_be(int, float, list, str)
    if "verify_tls" in place:
        place.at("verify_tls").must_be(bool)
    if "max_retries" in place:
        place.at("max_retries").must_be(int)


def host(place: Place) -> SplitResult:
    """The parts of a URL that may be asked: of this machine itself, or of the environment.

    Raises:
        UsageError: it leads elsewhere, or is none.
    """
    expected = "http:// or https:// and 127.0.0.1, localhost, `entrypoint`, or a service of the stack"
    try:
        parts = urlsplit(str(place.value))
        name, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise place.refusal("This is no address", expected=f"{expected} ({error})") from None
    if parts.scheme not in ("http", "https") or not name:
        raise place.refusal("This is no address that can be asked", expected=expected)
    if "." in name and not loopback(name):
        hint = "a test asks what it tests and nothing else; add a service to the stack that stands for the other system"
        raise place.refusal("The address leads out of the environment", expected=expected, hint=hint)
    return parts


def loopback(name: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _python(place: Place) -> None:
    place.only("type", "module", "func", "arguments", "secrets")
    for key, shape, what in (("module", _MODULE, "a module: package.module"), ("func", _NAME, "a function's name")):
        if not shape.fullmatch(place.at(key).word(what)):
            raise place.at(key).refusal("This is no name in Python", expected=what)
    if "arguments" in place:
        place.at("arguments").must_be(dict)
    if "secrets" in place:
        for one in place.at("secrets").must_be(list).items():
            one.word("the name of an entry of `secrets`")


_PROVIDERS: Mapping[str, Callable[[Place], None]] = {"process": _process, "http": _http, "python": _python}


def control(place: Place) -> None:
    """Whether a control is one."""
    place.must_be(dict, what="a control: {name: ..., provider: {type: python, module: ...}}")
    if "ref" in place:
        place.only("ref")
        place.at("ref").word("the name of a control of the experiment")
        return
    place.only("name", "provider", "scope", "automatic")
    place.at("name").word("the control's `name`")
    if "scope" in place:
        place.at("scope").one_of("before", "after")
    if "automatic" in place:
        place.at("automatic").must_be(bool)
    given = place.at("provider").must_be(dict)
    given.at("type").one_of("python")
    given.only("type", "module", "arguments", "secrets")
    if not _MODULE.fullmatch(given.at("module").word("a module: package.module")):
        raise given.at("module").refusal("This is no name in Python", expected="a module: package.module")
