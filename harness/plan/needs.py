"""What a stack has to declare for a plan, and what to write where it does not."""

from __future__ import annotations

from collections.abc import Iterable

from harness import checks, probes
from harness.deploy import built_in, chosen
from harness.errors import UsageError
from harness.stack import Stack
from harness.stack.plainwords import meant, one_of

EXAMPLES = {  # by key below `x-harness`: an example, and why it is needed
    "entrypoint": ("entrypoint: lb:80", "the load has to know where to go"),
    "deployer": (
        "deployer: {deploy: [...], rollback: [...]}, or releases that differ by image or build",
        "nothing else can deploy",
    ),
    "workload": (
        'workload: {rate: 50/s, request: {method: GET, path: "/"}}',
        "without load nothing can be said about a deployment",
    ),
    "probes.release": (
        "probes: {release: {backend: {command: [cat, /srv/release]}}}",
        "each replica has to be asked which release it runs",
    ),
}


def refuse_unknown(stack: Stack) -> None:
    """Make sure that the checks and probes that a stack names are there, and that the checks take what it gives.

    Raises:
        UsageError: the first one that is not, or does not.
    """
    for name, declared in stack.harness.checks.items():
        where = f"{stack.file}: x-harness.checks.{name}"
        if name not in checks.names():
            expected = one_of(checks.names()) + meant(name, checks.names())
            raise UsageError("There is no such check", where=where, got=name, expected=expected)
        if problem := checks.refusal(checks.find(name), declared.parameters):
            got = ", ".join(f"{key}: {value}" for key, value in declared.parameters.items())
            raise UsageError(f"The check {name} does not take this", where=where, got=got, expected=problem)
    for name in stack.harness.probes.other:
        if name not in (known := probes.added()):
            raise UsageError(
                "There is no such probe",
                where=f"{stack.file}: x-harness.probes.other.{name}",
                got=name,
                expected=one_of(known) + meant(name, known) if known else "none: no installed package adds a probe",
                hint="install the package that adds it; see docs/extending.md",
            )


def refuse_without(stack: Stack, keys: Iterable[str], purpose: str) -> None:
    """Make sure that a stack declares these keys of `x-harness`.

    Raises:
        UsageError: the first one that it does not.
    """
    declared = stack.harness
    there = {
        "entrypoint": declared.entrypoint,
        "deployer": chosen(stack),
        "workload": declared.workload,
        "probes.release": declared.probes.release or built_in(stack),
    }
    wanted = set(keys)
    for key, (example, why) in EXAMPLES.items():
        if key in wanted and not there[key]:
            raise UsageError(
                f"The stack declares no {key}, and cannot be {purpose} without",
                where=f"{stack.file}: x-harness",
                expected=example,
                hint=f"declare it: {why}; see docs/stack.md",
            )
