"""What the documents of this repository hold: fenced blocks, commands, links, names of files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DIRECTORIES = (".ci", "docs", "fixtures", "harness", "suites")
SHELLS = frozenset({"console", "bash", "sh", "shell"})
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[\w+-]*).*$")
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)")


def documents() -> list[Path]:
    """Every document of the repository: those at the top and those in docs/."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language and its lines."""

    file: Path
    line: int
    language: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """One command of a block, as words; without its prompt, its variables and what it is piped into."""

    file: Path
    line: int
    text: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}: {self.text}"


def blocks(file: Path, text: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a document."""
    begun: tuple[int, str, str] | None = None
    found: list[str] = []
    for number, line in enumerate((file.read_text() if text is None else text).splitlines(), start=1):
        fence = _FENCE.match(line)
        if begun is None and fence:
            begun, found = (number, fence["language"], fence["fence"]), []
        elif begun is not None and line.strip() == begun[2]:
            yield Block(file, begun[0], begun[1], tuple(found))
            begun = None
        elif begun is not None:
            found.append(line)


def prose(file: Path, text: str | None = None) -> str:
    """A document without its fenced blocks."""
    whole = (file.read_text() if text is None else text).splitlines()
    for block in blocks(file, "\n".join(whole)):
        for number in range(block.line - 1, block.line + len(block.lines) + 1):
            whole[number] = ""
    return "\n".join(whole)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a shell's block: in one with prompts the lines that have one, else all of them."""
    if block.language not in SHELLS:
        return
    prompted = any(line.lstrip().startswith("$ ") for line in block.lines)
    pending, begun = "", 0
    for number, line in enumerate(block.lines, start=block.line + 1):
        stripped = line.strip()
        if not pending:
            if prompted and not stripped.startswith("$ "):
                continue
            begun, stripped = number, stripped.removeprefix("$ ")
        pending += stripped.removesuffix("\\")
        tokens = _tokens(pending)
        if stripped.endswith("\\") or tokens is None:
            pending += "" if stripped.endswith("\\") else "\n"
            continue
        text, pending = pending, ""
        for words in _split(tokens):
            yield Command(block.file, begun, text, words)


def _tokens(text: str) -> list[str] | None:
    """A shell's line as words and operators; None where a quotation is still open."""
    reader = shlex.shlex(text, posix=True, punctuation_chars="|&;<>()")
    reader.whitespace_split = True
    reader.commenters = "#"
    try:
        return list(reader)
    except ValueError:
        return None


def _split(tokens: list[str]) -> Iterator[tuple[str, ...]]:
    """The commands of a line, each without its variables and its redirections."""
    words: list[str] = []
    redirected = False
    for token in [*tokens, ";"]:
        if set(token) <= set("|&;()"):
            if words:
                yield tuple(words)
            words, redirected = [], False
        elif set(token) <= set("<>&"):
            redirected = True
        elif not redirected and (words or not re.fullmatch(r"\w+=.*", token, re.DOTALL)):
            words.append(token)


def links(file: Path, text: str | None = None) -> list[str]:
    """The targets of a document's links."""
    return [match["target"] for match in _LINK.finditer(prose(file, text))]


def anchors(file: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for line in prose(file).splitlines():
        if heading := re.match(r"#+ +(.*?)#* *$", line):
            words = re.sub(r"[^\w\- ]", "", heading[1].strip().lower().replace("`", ""))
            found.add(words.replace(" ", "-"))
    return found


def named_files(file: Path) -> list[str]:
    """What a document's prose calls a file of this repository: a path in backticks below one of its directories."""
    tops = "|".join(map(re.escape, DIRECTORIES))
    return re.findall(rf"`((?:{tops})/[\w./-]*)`", prose(file))
