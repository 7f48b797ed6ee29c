"""The table of all kinds of events and their fields; `python -m harness.events.docs docs/history.md` writes it."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from harness.events import Body, kinds

BEGIN, END = "<!-- the kinds: written by python -m harness.events.docs -->\n", "<!-- until here -->\n"
WORDS = {  # for the names of msgspec's types
    "Int": "whole number", "Float": "number", "Str": "text", "Bool": "true or false", "None": "null", "Any": "anything",
    "Dict": "mapping", "Struct": "mapping", "List": "list", "Collection": "list", "Tuple": "list", "VarTuple": "list",
}  # fmt: skip
_COMMENT = re.compile(r"^\s*# ?(.*)$")


def table() -> str:
    """The kinds, by family, each field with its type and what it holds."""
    lines = ["| kind | field | type | what |", "| --- | --- | --- | --- |"]
    for body in kinds().values():
        lines.append(f"| `{body.kind}` | | | **{' '.join((body.__doc__ or '').split())}** |")
        said = {name: words for one in reversed(body.__mro__) if one is not Body for name, words in comments(one)}
        for field in msgspec.structs.fields(body):
            only = "" if field.required else "; left out where there is nothing to say"
            lines.append(f"| | `{field.encode_name}` | {_type(field.type)} | {said[field.name]}{only} |")
    return "\n".join(lines) + "\n"


def comments(body: type) -> Iterator[tuple[str, str]]:
    """What stands beside, or above, each field that a body declares itself."""
    if not issubclass(body, Body):
        return
    source = inspect.getsource(body)
    (tree,), lines = ast.parse(source).body, source.splitlines()
    assert isinstance(tree, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id != "kind":
            _, _, beside = lines[node.lineno - 1].partition("  # ")
            above = takewhile(bool, (_COMMENT.match(line) for line in reversed(lines[: node.lineno - 1])))
            yield node.target.id, beside or " ".join(reversed([found[1] for found in above if found]))


def _type(kind: Any) -> str:
    """In the words of JSON."""
    found = msgspec.inspect.type_info(kind)
    parts = found.types if isinstance(found, msgspec.inspect.UnionType) else (found,)
    return " or ".join(dict.fromkeys(WORDS[type(part).__name__.removesuffix("Type")] for part in parts))


def written(text: str) -> str:
    """A document with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def main(arguments: Sequence[str]) -> None:
    """Write it into the documents that are named."""
    for path in map(Path, arguments):
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
