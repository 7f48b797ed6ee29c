"""The commands by which a verdict can be reproduced: the same once more, and the very plan again with its seed."""

from __future__ import annotations

import shlex

from harness.events import EnvironmentUp
from harness.history import of
from harness.report.model import Report


def commands(report: Report) -> tuple[tuple[str, str], ...]:
    """What each does, and its line; those that there are."""
    found = (("again", command(report)), ("the very plan again", report.replay))
    return tuple((what, line) for what, line in found if line)


def command(report: Report) -> str:
    """The command line of the run, with the releases that it chose by itself; empty where it is not known."""
    info = report.info
    if info.test:
        seeds = [event.body.seed for event in of(report.events, EnvironmentUp) if event.body.seed is not None]
        return shlex.join(["pytest", info.test, *(["--harness-seed", str(seeds[0])] if seeds else [])])
    words = list(info.command)
    if words[:1] == ["harness"]:
        words = words[1:]
    if not words:
        return ""
    if words[0] == "gate":
        given = {word.partition("=")[0] for word in words}
        for option, release in (("--from", info.from_), ("--to", info.to)):
            if release and option not in given:
                words += [option, release]
    return shlex.join(["harness", *words])
