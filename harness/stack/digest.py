"""What a stack says, part by part, as digests: so that a later look tells whether it changed, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from harness.stack.stack import Stack

_HIDDEN = "(a secret)"
_LENGTH = 16  # hexadecimal digits
_OF = " of release "


def digests(stack: Stack, releases: Collection[str] | None = None) -> dict[str, str]:
    """By part, `service web` or `x-harness deployer`, its digest; of these releases, or of all, only what they change.

    It is what the files come to: merged, with their variables replaced. Secrets are left out, so that no digest of
    theirs is kept, and where the files lie does not matter. What an image is built of is not looked at.
    """
    found = _parts(stack, stack.secrets)
    for release in stack.harness.releases if releases is None else dict.fromkeys(releases):
        of_release = _parts(stack.at(release), stack.secrets)
        changed = {part: one for part, one in of_release.items() if found.get(part) != one}
        found |= {f"{part}{_OF}{release}": one for part, one in changed.items()}
    return found


def concerning(parts: Mapping[str, str], releases: Collection[str]) -> dict[str, str]:
    """Those of the stack itself, and those of these releases."""
    return {part: said for part, said in parts.items() if _OF not in part or part.partition(_OF)[2] in releases}


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts that differ, or are in one of the two alone, in order."""
    return [part for part in dict.fromkeys([*before, *now]) if before.get(part) != now.get(part)]


def _parts(stack: Stack, secrets: tuple[str, ...]) -> dict[str, str]:
    services = {
        f"service {name}": one.model_dump(mode="json", exclude_defaults=True) for name, one in stack.services.items()
    }
    declared = stack.harness.model_dump(mode="json", exclude_defaults=True)
    harness = {f"x-harness {key}": one for key, one in declared.items()}
    place = str(stack.file.absolute().parent)
    return {part: _digest(said, secrets, place) for part, said in {**services, **harness}.items()}


def _digest(said: Any, secrets: tuple[str, ...], place: str) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    text = text.replace(json.dumps(place, ensure_ascii=False)[1:-1], ".")
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], _HIDDEN) if secret else text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]
