"""Mistakes of servers that show only when the parts of a stack are seen together."""

from __future__ import annotations

from harness.stack.mistakes import StackFindings, mistake
from harness.stack.nodes import SourceLocation, SourceMapping, find
from harness.stack.xharness import XHarness

BLOCK = "x-harness"


def check(root: SourceMapping, harness: XHarness, findings: StackFindings) -> None:
    """Everything below; mistakes go to the findings. `root` is the merged tree, for places."""
    queues = _declared(root, harness, "queue")
    if harness.probes.queue is not None:
        queues.append(find(root, BLOCK, "probes", "queue"))
    _only_one(queues, "Two queues are declared", "one queue: its backlog is what the checks judge", findings)
    readbacks = _declared(root, harness, "readback")
    if harness.workload is not None and harness.workload.readback is not None:
        readbacks.append(find(root, BLOCK, "workload", "readback"))
    _only_one(readbacks, "Acknowledged work is read back from two places", "one place", findings)
    effects = harness.workload.effects if harness.workload is not None else {}
    readbacks += [find(root, BLOCK, "workload", "effects", name) for name in effects]
    _promises(root, harness, readbacks, findings)
    watched = [
        find(root, BLOCK, "servers", name)
        for name, one in harness.servers.items()
        if one.kind == "haproxy" and one.watch
    ]
    expected = "one, the load balancer in front of the fleet"
    _only_one(watched, "Two HAProxys are watched", expected, findings, "`watch: false` for the others")


def _declared(root: SourceMapping, harness: XHarness, key: str) -> list[SourceLocation]:
    """Where servers declare this."""
    having = [name for name, one in harness.servers.items() if getattr(one, key, None) is not None]
    return [find(root, BLOCK, "servers", name, key) for name in having]


def _only_one(
    places: list[SourceLocation], what: str, expected: str, findings: StackFindings, hint: str = "remove all but one"
) -> None:
    for place in places[1:]:
        got = f"{place.path}, and {places[0].path} in line {places[0].line}"
        findings.wrong(place, mistake(what, place, got=got, expected=expected, hint=hint))


def _promises(root: SourceMapping, harness: XHarness, readbacks: list[SourceLocation], findings: StackFindings) -> None:
    """Work that is acknowledged is read back, and nothing else."""
    promising = [one for one in harness.workload.mix if one.acknowledged] if harness.workload else []
    if promising and not readbacks:
        place = find(root, BLOCK, "workload")
        findings.wrong(
            place,
            mistake(
                "A request acknowledges work that nothing reads back", place,
                got=f"acknowledged: {promising[0].acknowledged}",
                expected="`workload: readback`, `workload: effects`, or `readback` of a server",
                hint="declare what lists the work that is there",
            ),
        )  # fmt: skip
    for place in readbacks if not promising else ():
        findings.wrong(
            place,
            mistake(
                "Work is read back that no request acknowledges", place, got="readback",
                expected="`acknowledged` at a request",
                hint='`acknowledged: "{key}"`, where the request carries the key',
            ),
        )  # fmt: skip
