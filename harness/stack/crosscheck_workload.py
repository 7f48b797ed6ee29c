"""Mistakes of a workload that show only when its parts are seen together."""

from __future__ import annotations

import json
from pathlib import Path

from harness.stack import paths
from harness.stack.mistakes import StackFindings, mistake
from harness.stack.nodes import SourceMapping, find
from harness.stack.xharness import Request, Workload


def check(root: SourceMapping, workload: Workload, findings: StackFindings) -> None:
    """Everything below; mistakes go to the findings. `root` is the merged tree, for places."""
    at = ("x-harness", "workload")
    if workload.canary and not any(_carries_key(one) for one in workload.mix):
        place = find(root, *at, "canary")
        findings.wrong(
            place,
            mistake(
                "A canary carries nothing by which it could be found", place, got="no {key} in any request",
                expected="{key} in a header, the path or the body", hint='`headers: {X-Request-Id: "{key}"}`',
            ),
        )  # fmt: skip
    for number, one in enumerate(workload.mix):
        if one.read is not None:
            _read(root, (*at, *(("requests", number) if workload.requests else ("request",)), "read"), one, findings)
    named = {
        "An access log": (("replay", "file"), workload.replay.file if workload.replay else None),
        "A file of certificates": (("tls", "ca"), workload.tls.ca if workload.tls else None),
    }
    for what, (keys, file) in named.items():
        place = find(root, *at, *keys)
        if file is not None and not paths.is_file(Path(place.file).parent / file):
            findings.wrong(
                place,
                mistake(
                    f"{what} does not exist", place, got=file, expected="a file",
                    hint="paths are relative to the Compose file; correct it",
                ),
            )  # fmt: skip


def _read(root: SourceMapping, at: tuple[str | int, ...], request: Request, findings: StackFindings) -> None:
    """A read finds what one request wrote, and nothing that others wrote meanwhile."""
    read = request.read
    place = find(root, *at)
    asked = [] if read is None else [read.path, *map(str, read.headers.values())]
    told = [*asked, json.dumps(read.expect)] if read is not None else []
    if not any(name in part for part in asked for name in ("{key}", "{n}", "{acknowledged}")):
        findings.wrong(
            place,
            mistake(
                "A read does not say which request's work it asks for", place, got=", ".join(asked),
                expected="{key}, {n} or {acknowledged} in its path or a header",
                hint="{id} alone is not enough: other requests write under the same number",
            ),
        )  # fmt: skip
    if request.acknowledged is None and any("{acknowledged}" in part for part in told):
        findings.wrong(
            place,
            mistake(
                "A read asks for what no answer acknowledges", place, got="{acknowledged}",
                expected="`acknowledged` at the request", hint="`acknowledged: json:id` takes it from the answer",
            ),
        )  # fmt: skip


def _carries_key(request: Request) -> bool:
    parts = [request.path, request.body or "", *request.headers.values()]
    if request.tcp is not None:
        parts.append(request.tcp.send)
    return request.call is not None or any("{key}" in part for part in parts)
