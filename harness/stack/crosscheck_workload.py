"""Mistakes of a workload that show only when its parts are seen together."""

from __future__ import annotations

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


def _carries_key(request: Request) -> bool:
    parts = [request.path, request.body or "", *request.headers.values()]
    if request.tcp is not None:
        parts.append(request.tcp.send)
    return request.call is not None or any("{key}" in part for part in parts)
