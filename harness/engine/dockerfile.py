"""The images that a Dockerfile stands on: found, so that they can be provided first, and replaced where they must be.

Read as far as that needs: the escape directive, continued lines, `ARG` before the first `FROM`, stages, `COPY --from`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")


@dataclass(frozen=True, slots=True)
class Base:
    """An image that a Dockerfile needs: its reference, arguments filled in, and the line that names it (from 1)."""

    reference: str
    line: int


@dataclass(frozen=True, slots=True)
class _Instruction:
    first: int  # index of its first line
    count: int  # how many lines it takes
    word: str
    text: str  # joined, without its word


def bases(text: str, args: Mapping[str, str] | None = None) -> tuple[Base, ...]:
    """The images that must be there before the build, in order, each once: no stages, no `scratch`."""
    found: dict[str, Base] = {}
    for base, _ in _references(text, args or {}):
        found.setdefault(base.reference, base)
    return tuple(found.values())


def substitute(text: str, replacements: Mapping[str, str], args: Mapping[str, str] | None = None) -> str:
    """The Dockerfile with these images replaced (reference to reference). Line numbers stay."""
    lines = text.split("\n")
    for base, instruction in _references(text, args or {}):
        if base.reference not in replacements:
            continue
        new = replacements[base.reference]
        first, count = instruction.first, instruction.count
        if instruction.word == "FROM":
            flags, _, rest = _from(instruction.text)
            line = " ".join(["FROM", *flags, new, *rest])
        else:
            before, _, after = instruction.text.partition(_copied_from(instruction.text))
            line = f"{instruction.word} {before}--from={new}{after}"
        lines[first : first + count] = [line, *[""] * (count - 1)]
    return "\n".join(lines)


def labelled(text: str, label: str, value: str) -> str:
    """The Dockerfile with a LABEL after every FROM: all that the build makes carries it, also what it leaves unnamed.

    Line numbers do not stay; see `line_before`.
    """
    lines = text.split("\n")
    for end in reversed(_ends_of_from(text)):
        lines.insert(end, f'LABEL {label}="{value}"')
    return "\n".join(lines)


def line_before(text: str, number: int) -> int:
    """The line of `text` that `labelled(text, ...)` has as its line `number`; both count from 1."""
    for end in _ends_of_from(text):
        if number > end + 1:
            number -= 1
    return number


def stages(text: str) -> int:
    """How many stages it has."""
    return len(_ends_of_from(text))


def _ends_of_from(text: str) -> list[int]:
    return [one.first + one.count for one in _instructions(text) if one.word == "FROM"]


def _references(text: str, args: Mapping[str, str]) -> list[tuple[Base, _Instruction]]:
    values: dict[str, str] = {}
    stages: set[str] = set()
    found: list[tuple[Base, _Instruction]] = []
    began = False
    for instruction in _instructions(text):
        if instruction.word == "ARG" and not began:
            for word in instruction.text.split():
                name, given, default = word.partition("=")
                if name in args or given:
                    values[name] = args.get(name, _expand(_unquoted(default), values))
        elif instruction.word == "FROM":
            began = True
            _, image, rest = _from(instruction.text)
            reference = _expand(image, values)
            if reference.lower() not in {"scratch", "", *stages}:
                found.append((Base(reference, instruction.first + 1), instruction))
            if len(rest) == 2 and rest[0].upper() == "AS":
                stages.add(rest[1].lower())
        elif instruction.word == "COPY" and (flag := _copied_from(instruction.text)):
            reference = flag.partition("=")[2]
            if not reference.isdigit() and reference.lower() not in stages:
                found.append((Base(reference, instruction.first + 1), instruction))
    return found


def _from(text: str) -> tuple[list[str], str, list[str]]:
    """The flags, the image and what follows it (`AS name`)."""
    words = text.split()
    flags = [word for word in words if word.startswith("--")]
    rest = [word for word in words if not word.startswith("--")]
    return flags, (rest[0] if rest else ""), rest[1:]


def _copied_from(text: str) -> str:
    """The `--from=...` flag, if there is one before the paths; else nothing."""
    for word in text.split():
        if word.lower().startswith("--from="):
            return word
        if not word.startswith("--"):
            break
    return ""


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value


def _expand(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        known = values.get(match["braced"] or match["plain"], "")
        if match["how"] == "-":
            return known or match["word"]
        if match["how"] == "+":
            return match["word"] if known else ""
        return known

    return _VARIABLE.sub(value, text)


def _instructions(text: str) -> list[_Instruction]:
    escape, directives = "\\", True
    found: list[_Instruction] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if directives and (match := _ESCAPE.match(line)):
            escape = match[1]
        directives = directives and bool(_DIRECTIVE.match(line))
        if not line or line.startswith("#"):
            at += 1
            continue
        first, joined = at, ""
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or (not line and joined):
                continue  # comments and empty lines do not end a continued instruction
            if not line.endswith(escape):
                joined += line
                break
            joined += line[: -len(escape)] + " "
        word, _, rest = joined.strip().partition(" ")
        found.append(_Instruction(first, at - first, word.upper(), rest.strip()))
    return found
