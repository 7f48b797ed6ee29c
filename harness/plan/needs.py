"""What a stack has to declare for a plan, and what to write where it does not."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import UsageError
from harness.stack import Stack

EXAMPLES = {  # by key below `x-harness`: an example, and why it is needed
    "entrypoint": ("entrypoint: lb:80", "the load has to know where to go"),
    "deployer": ("deployer: {deploy: [...], rollback: [...]}", "nothing else can deploy"),
    "workload": (
        'workload: {rate: 50/s, request: {method: GET, path: "/"}}',
        "without load nothing can be said about a deployment",
    ),
    "probes.release": (
        "probes: {release: {backend: {command: [cat, /srv/release]}}}",
        "each replica has to be asked which release it runs",
    ),
}


def refuse_without(stack: Stack, keys: Iterable[str], purpose: str) -> None:
    """Make sure that a stack declares these keys of `x-harness`.

    Raises:
        UsageError: the first one that it does not.
    """
    declared = stack.harness
    there = {
        "entrypoint": declared.entrypoint,
        "deployer": declared.deployer,
        "workload": declared.workload,
        "probes.release": declared.probes.release,
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
