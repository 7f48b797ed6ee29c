"""The secrets of a stack: those that it declares, and those that are known by the names of their variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.redaction import NO_SECRET_NAME, SECRET_NAME, SHORTEST
from harness.stack import paths
from harness.stack.files import Project
from harness.stack.mistakes import mistake
from harness.stack.nodes import SourceLocation, SourceMapping, find
from harness.stack.plainwords import meant
from harness.stack.stack import Variant

LARGEST = 65_536  # bytes of a file of secrets
TELLING = 6  # characters of a value that is taken for a secret because of its variable's name
_PLAIN_NUMBER = 12  # digits; a shorter number stands for too much else
# What the harness itself writes into every history, and reads there again.
_VOCABULARY = frozenset({
    "acknowledged", "availability", "baseline", "container", "control", "convergence", "deployed", "deployer",
    "deployment", "environment", "errors", "exited", "failed", "faults", "fingerprint", "half-way", "harness", "health",
    "history", "incident", "killed", "metastable", "no-change", "null", "one-way", "passed", "performance", "probe",
    "queue", "rate", "recovered", "recovery", "registry", "release", "replicas", "requests", "restart", "rollback",
    "rolled-back", "round-trip", "running", "samples", "scenario", "schedule", "second-deployment", "service",
    "started", "status", "stopped", "subject", "timeout", "trace", "true", "false", "unhealthy", "unknown", "verdict",
    "workload",
})  # fmt: skip
# Values of such variables that say nothing, and stand in much else.
_WORDS = frozenset(
    {"changeme", "default", "disabled", "enabled", "example", "optional", "password", "required", "secret"}
)
_PAIR = re.compile(r"(?:export\s+)?([A-Za-z_][\w.-]*)=([^=].*|)")
_NAMES_SOMETHING = re.compile(r"(user|name|database|db|host|role|schema|login)$", re.IGNORECASE)


def collect(
    root: SourceMapping, project: Project, stack: str, variants: Sequence[Variant]
) -> tuple[tuple[str, ...], list[str]]:
    """Every value that may not be seen, and warnings about declared ones that are nowhere.

    Args:
        root: the merged file, for places.
        project: whose variables and directory count.
        stack: its name.
        variants: the stack, and what each release makes of it.

    Raises:
        StackError: a declared secret cannot be read, is too short, or is also the name of something.
    """
    found: dict[str, None] = {}
    warnings: list[str] = []
    names = _names(stack, variants)
    maybe: list[str] = []
    for place, values in _declared(root, project, variants, warnings, maybe):
        for value in values:
            _refuse(value, place, names)
            found.setdefault(value)
    others = {*names, *_WORDS, *_named(project, variants)}
    for name, value in _variables(project, variants):
        if SECRET_NAME.search(name) and not NO_SECRET_NAME.search(name):
            maybe.append(value.strip())
    found.update(dict.fromkeys(value for value in maybe if _is_worth_hiding(value, others)))
    return tuple(found), warnings


def _variables(project: Project, variants: Iterable[Variant]) -> Iterator[tuple[str, str]]:
    """Every variable that anything in the stack gets."""
    for variant in variants:
        for service in variant.services.values():
            yield from service.environment.items()
            if service.build is not None:
                yield from service.build.args.items()
        if variant.harness.deployer is not None:
            yield from variant.harness.deployer.environment.items()
    yield from project.variables.items()


def _declared(
    root: SourceMapping, project: Project, variants: Sequence[Variant], warnings: list[str], maybe: list[str]
) -> Iterator[tuple[SourceLocation, list[str]]]:
    """Each declared secret: where it is declared, and its values. What stands beside them in a file may be one."""
    known = list(_variables(project, variants))
    variables = dict.fromkeys(one for variant in variants for one in variant.harness.secrets.variables)
    for index, name in enumerate(variables):
        place = find(root, "x-harness", "secrets", "variables", index)
        values = list(dict.fromkeys(value for key, value in known if key == name and value))
        if not values:
            close = meant(name, [key for key, value in known if value])
            warnings.append(f"The secret variable {name} has no value, so that none can be hidden ({place}){close}")
        yield place, values
    files = dict.fromkeys(one for variant in variants for one in variant.harness.secrets.files)
    for index, file in enumerate(files):
        place = find(root, "x-harness", "secrets", "files", index)
        values, others = values_of_file(project.directory / file, file, place)
        maybe += others
        if not values and not others:
            warnings.append(f"The secret file {file} is empty, so that nothing can be hidden ({place})")
        yield place, values


def values_of_file(file: Path, shown: str, place: SourceLocation) -> tuple[list[str], list[str]]:
    """The secrets in a file, and what may be one: its text without the space around it; of NAME=value lines and of JSON
    the values whose names tell that they are secrets, and those of other lines may be some.

    Raises:
        StackError: it is no file, too large or no text.
    """
    what = "A file of secrets cannot be read"
    hint = "correct x-harness.secrets.files; paths are relative to the Compose file"
    if not paths.is_file(file):
        got = f"{shown}: {'not a regular file' if paths.exists(file) else 'no such file'}"
        raise mistake(what, place, got=got, expected="a file", hint=hint)
    try:
        with file.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
        content = raw.decode("utf-8-sig")
    except OSError as error:
        raise mistake(what, place, got=f"{shown}: {error.strerror}", expected="a file", hint=hint) from None
    except UnicodeDecodeError:
        raise mistake(what, place, got=f"{shown}: bytes that are not UTF-8", expected="text", hint=hint) from None
    if len(raw) > LARGEST:
        got = f"{shown}: more than {LARGEST // 1024} KiB"
        raise mistake(what, place, got=got, expected=f"a file of {LARGEST // 1024} KiB or less", hint=hint)
    sure, maybe = _within(content)
    return [value for value in sure if value], [value for value in maybe if value]


def _within(content: str) -> tuple[list[str], list[str]]:
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pairs = [_PAIR.fullmatch(line) for line in lines]
    if lines and all(pairs):
        named = [(pair[1], pair[2].strip("\"'")) for pair in pairs if pair]
        sure = [value for name, value in named if SECRET_NAME.search(name)]
        return sure, [value for name, value in named if not SECRET_NAME.search(name)]
    if content.lstrip().startswith(("{", "[")):
        try:
            return list(_telling(json.loads(content))), []
        except (ValueError, RecursionError):
            pass
    return [content.strip()], []


def _telling(data: Any, name: str = "") -> Iterator[str]:
    """The texts in a JSON document whose key says that they are secrets."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _telling(value, str(key))
    elif isinstance(data, list):
        for value in data:
            yield from _telling(value, name)
    elif isinstance(data, str) and SECRET_NAME.search(name):
        yield data


def _named(project: Project, variants: Iterable[Variant]) -> Iterator[str]:
    """Values of variables that name a user, a database or a host: a password that is the same hides nothing."""
    for name, value in _variables(project, variants):
        if value and _NAMES_SOMETHING.search(name) and not SECRET_NAME.search(name):
            yield value


def _is_worth_hiding(value: str, names: Iterable[str]) -> bool:
    """Whether a value may be replaced wherever it occurs without spoiling what the evidence says otherwise."""
    if len(value) < TELLING or (value.isdigit() and len(value) < _PLAIN_NUMBER) or value.startswith("/"):
        return False
    return not any(value in name for name in names)


def _refuse(value: str, place: SourceLocation, names: Mapping[str, str]) -> None:
    """Raises StackError for a declared secret that cannot be hidden; its value is not told."""
    if len(value) < SHORTEST:
        raise mistake(
            "A secret is too short to be hidden", place, got=f"{len(value)} characters",
            expected=f"{SHORTEST} or more: a shorter one occurs in much that is not secret", hint="use a longer one",
        )  # fmt: skip
    for name, what in names.items():
        if value in name:
            raise mistake(
                "A secret is also a name", place, got=f"a value that occurs in {what}",
                expected="a value of its own: hidden everywhere, it would take the name with it",
                hint="use another value for the secret",
            )  # fmt: skip


def _names(stack: str, variants: Iterable[Variant]) -> dict[str, str]:
    """What must stay as it is, because verdicts are given by it: the name, and what it is."""
    names = {stack: "the stack's name", **dict.fromkeys(_VOCABULARY, "a word of the harness's own")}
    for variant in variants:
        names.update(dict.fromkeys(variant.harness.releases, "the name of a release"))
        for service in variant.services.values():
            names.update(dict.fromkeys((service.name, *service.replica_names()), "the name of a service"))
            if service.image:
                names[service.image] = "the name of an image"
        for logs in variant.harness.logs.values():
            names.update({log.path: "the path of a log" for log in logs})
        for state in variant.harness.state.values():
            names.update({str(path): "a path of the state" for path in state.files})
    return names
