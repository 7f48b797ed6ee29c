"""What a command of the team's tells about a service: state that no adapter knows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from harness.environment.fingerprint.sections import Section, Sections
from harness.fingerprint import StatePart

MAX_ITEMS = 10_000


def ask(sections: Sections, command: Sequence[str]) -> None:
    """Add the command."""
    sections.add("command", f"{shlex.join(command)} </dev/null")


def read(found: Mapping[str, Section]) -> StatePart:
    """What it printed: a JSON object, or a line for each item, with its value after a tab."""
    section = found.get("command")
    if section is None:
        return StatePart(None, "not answered")
    if section.exit_code:
        return StatePart(None, section.complaint())
    text = section.output.decode("utf-8", "backslashreplace").strip()
    if text.startswith("{"):
        said = json.loads(text)
        items = {
            str(key): one if isinstance(one, str) else json.dumps(one, sort_keys=True) for key, one in said.items()
        }
    else:
        items = dict(_item(line) for line in text.splitlines() if line.strip())
    if len(items) > MAX_ITEMS:
        return StatePart(None, f"it prints {len(items)} items, more than {MAX_ITEMS}")
    return StatePart(items) if items else StatePart(None, "exit code 0 and no answer")


def _item(line: str) -> tuple[str, str]:
    name, _, value = line.partition("\t")
    return name.strip(), value.strip()
