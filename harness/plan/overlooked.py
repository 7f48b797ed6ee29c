"""What the declared load does not look at: a defect there passes the gate unseen. Pure; told by `harness doctor STACK`,
by the gate before it begins, and beside its verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.stack import Request, Stack, Workload


def overlooked(stack: Stack) -> tuple[str, ...]:
    """A sentence for each, with what to declare; nothing for a stack without a load, which cannot be gated."""
    workload = stack.harness.workload
    return () if workload is None else tuple(_found(stack, workload))


def _found(stack: Stack, workload: Workload) -> Iterator[str]:
    mix = workload.mix
    if blind := [_name(one, number) for number, one in enumerate(mix, 1) if not _compared(one)]:
        yield f"the answers to {_listed(blind)}: a good status with a wrong body passes (`json` at the request)"
    if not any(one.read for one in mix):
        yield (
            "what was written: nothing is read back through the entrypoint, neither by the release that wrote it nor "
            "by the other (`read` at a request)"
        )
    elif workload.reads <= 0:
        yield "what was written, while a phase lasts (`reads: 0%`)"
    if not any(one.acknowledged for one in mix):
        yield "lost work: no answer acknowledges any (`acknowledged` at a request, and `readback`)"
    if len(mix) == 1:
        yield f"other kinds of requests than {_name(mix[0], 1)}: whatever else breaks, passes (`requests`)"
    if workload.canary is None and any(stack.harness.logs.values()):
        yield "whether a request leaves its record in a log (`canary`)"
    replicated = any(service.replicas > 1 for service in stack.services.values())
    if replicated and workload.served_by is None and not any(one.tcp or one.call for one in mix):
        yield "which replica answers (`served_by`)"


def _compared(request: Request) -> bool:
    """Whether anything of a good answer is looked at beside its status."""
    told = request.acknowledged is not None and request.acknowledged.startswith("json:")
    return bool(request.json_ or told or request.call or (request.tcp is not None and request.tcp.answer))


def _name(request: Request, number: int) -> str:
    if request.name != "request":
        return request.name
    if request.tcp is not None or request.call is not None:
        return f"request {number}"
    return f"{request.method} {request.path}"


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
