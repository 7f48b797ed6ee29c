"""The pages about the families of faults; `python -m harness.faults.docs docs/faults` writes them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from harness import faults
from harness.faults._base import Fault

HEAD = "Written by `python -m harness.faults.docs docs/faults`. How faults are used is in [faults.md](../faults.md).\n"
LINKS = "links"  # the family of those without one
PARTS = (("simulates", "Simulates"), ("how", "How"), ("needs", "Needs"), ("outage", "Modelled on"))


def families() -> dict[str, list[type[Fault]]]:
    """The faults of the harness's own, by family."""
    found: dict[str, list[type[Fault]]] = {}
    for name in faults.names():
        one = faults.find(name)
        if one.__module__.startswith("harness.faults."):
            found.setdefault(name.partition(".")[0] if "." in name else LINKS, []).append(one)
    return found


def page(family: str) -> str:
    """One page."""
    about = faults.__doc__ if family == LINKS else import_module(f"harness.faults.{family}").__doc__
    title = "Faults of links: between replicas, and from the entry point." if family == LINKS else about or ""
    lines = [f"# {title.strip().splitlines()[0]}", "", HEAD, *_table(families()[family])]
    for one in families()[family]:
        lines += ["", f"## {one.fault_name()}", "", described(one), ""]
        lines += [f"- {head}: {getattr(one, part)}." for part, head in PARTS]
        lines += ["", *_parameters(one)]
    return "\n".join(lines).rstrip() + "\n"


def _table(found: Sequence[type[Fault]]) -> list[str]:
    lines = ["| fault | what it simulates |", "| --- | --- |"]
    anchors = ((one, re.sub(r"[^a-z0-9-]", "", one.fault_name())) for one in found)
    return lines + [f"| [`{one.fault_name()}`](#{anchor}) | {one.simulates} |" for one, anchor in anchors]


def described(fault: type[Fault]) -> str:
    """What it does, as its class says."""
    return " ".join((fault.__doc__ or "").split("\n\n    Attributes:")[0].split())


def parameters(fault: type[Fault]) -> dict[str, str]:
    """What its class, and those that it is made from, say of its parameters, by the names of the fields."""
    said: dict[str, str] = {}
    for one in reversed(fault.__mro__):
        text = (one.__doc__ or "").partition("Attributes:\n")[2] if issubclass(one, Fault) else ""
        entries = re.split(r"\n +(?=[a-z_]+(?:, [a-z_]+)*: )|; (?=[a-z_]+: )", "\n" + text)
        for entry in entries:
            names, found, words = " ".join(entry.split()).partition(": ")
            said |= dict.fromkeys(names.split(", "), words) if found else {}
    return said


def _parameters(fault: type[Fault]) -> list[str]:
    said, lines = parameters(fault), ["| parameter | default | what |", "| --- | --- | --- |"]
    for name, field in fault.model_fields.items():
        default = field.get_default(call_default_factory=True)
        told = "required" if field.is_required() else "" if default in ((), None) else f"`{default}`"
        lines.append(f"| `{field.alias or name}` | {told} | {said.get(name, '')} |")
    return lines


def main(argv: Sequence[str]) -> None:
    """Write them all."""
    for family in families():
        Path(argv[0], f"{family}.md").write_text(page(family), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
