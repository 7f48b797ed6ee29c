"""Tags of images, asked for again: one that was moved since the runs stands for another image.

What is built is known by the files that it is built from, and a reference with a digest cannot move. All others are
names that anybody may give to another image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.checklist.document import Checklist
from harness.checklist.findings import Finding
from harness.errors import HarnessError
from harness.stack import Stack
from harness.verdict import Outcome

ABOUT = "image"
Lookup = Callable[[str], str | None]
"""The digest of an image that the engine has under a name, or a digest; None where it has none."""


def moved(checklist: Checklist, stack: Stack, connect: Callable[[], Lookup | None]) -> Iterator[Finding]:
    """Whether each tag of the stack still stands for an image that the runs had; nothing where the stack has none.

    Args:
        connect: gives what asks the engine; None where no engine answers. Called only where there is something to ask.
    """
    tags = _tags(checklist, stack)
    if not tags:
        return
    lookup = connect()
    if lookup is None:
        names = ", ".join(dict.fromkeys(tag for _, tag in tags))
        text = f"not asked: no engine answers, so whether a tag has moved since the runs is not known: {names}"
        yield Finding(Outcome.UNKNOWN, ABOUT, text)
        return
    found = [_looked_up(checklist, service, tag, lookup) for service, tag in tags]
    yield from (one for one in found if one.outcome is not Outcome.PASS)
    good = sum(one.outcome is Outcome.PASS for one in found)
    if good:
        yield Finding(Outcome.PASS, ABOUT, f"{good} of {len(found)} tags stand for what the runs had")


def _tags(checklist: Checklist, stack: Stack) -> list[tuple[str, str]]:
    """Service and tag, of both releases, each once."""
    releases = (stack.at(name) for name in (checklist.stack.from_, checklist.stack.to))
    services = [one for release in releases for one in release.services.values()]
    tags = [(one.name, one.image) for one in services if one.build is None and one.image and "@" not in one.image]
    return list(dict.fromkeys(tags))


def _looked_up(checklist: Checklist, service: str, tag: str, lookup: Lookup) -> Finding:
    ran = [one.digest for one in checklist.images if one.service == service]
    if not ran:
        return Finding(Outcome.UNKNOWN, ABOUT, f"no run says which image {service} ran, so {tag} cannot be compared")
    try:
        now = lookup(tag)
        if now is None:
            return Finding(Outcome.UNKNOWN, ABOUT, f"{tag} of {service} is not on this engine: it cannot be compared")
        if now in ran:
            return Finding(Outcome.PASS, ABOUT, f"{tag} of {service} is {now}")
        # Another platform or store of images gives another digest to the same tag; where both are here, it was moved.
        both = any(lookup(one) is not None for one in ran)
    except HarnessError as error:
        return Finding(Outcome.UNKNOWN, ABOUT, f"{tag} of {service} could not be asked for: {error.what}")
    said = f"{tag} of {service} is {now} now, and the runs had {' and '.join(ran)}"
    if both:
        return Finding(Outcome.FAIL, ABOUT, f"{said}: the tag has moved")
    hint = "not on this engine: the tag has moved, or this is an engine of another platform"
    return Finding(Outcome.UNKNOWN, ABOUT, f"{said}, {hint}")
