"""Values that are known to be secrets, in every form in which a program may print them."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from harness.redaction.placeholder import redacted
from harness.redaction.tree import tree

HEAD = 6  # characters by which a value is looked for before it is compared whole
CORE = 6  # characters of base64 that are not by chance there
CUT = 80  # characters: a shorter text was not cut off for its length
CUT_OFF = 8  # characters of a secret, at the end of a text that was cut off, that are no chance


class Known:
    """Finds known values in texts.

    Args:
        values: the secrets. Of one with several lines (a key) each line counts that is long enough.
        shortest: characters; shorter lines of a value with several are left alone.
    """

    def __init__(self, values: Iterable[str], shortest: int = 4) -> None:
        forms: dict[str, str] = {}
        for value in values:
            for one in parts(value, shortest):
                for form in encodings(one):
                    forms.setdefault(form, one)
        self._head = min((HEAD, *(len(form) for form in forms)))
        self._by_head: dict[str, list[tuple[str, str]]] = {}
        for form in sorted(forms, key=lambda form: (-len(form), form)):
            self._by_head.setdefault(form[: self._head], []).append((form, forms[form]))
        self._find = _any_of(self._by_head)

    def hide(self, text: str) -> str:
        """The text with each of them replaced: the longest of those that begin at the same place."""
        if self._find is None or (found := self._find.search(text)) is None:
            return text
        made: list[str] = []
        done = 0
        while found is not None:
            at = found.start()
            hit = self._hit(text, at, found[0])
            if hit is None:
                found = self._find.search(text, at + 1)
                continue
            length, value = hit
            made += [text[done:at], redacted(value)]
            done = at + length
            found = self._find.search(text, done)
        return "".join(made) + text[done:] if made else text

    def _hit(self, text: str, at: int, head: str) -> tuple[int, str] | None:
        """(length, secret) of what begins here."""
        left = len(text) - at
        for form, value in self._by_head[head]:
            if text.startswith(form, at):
                return len(form), value
            if left >= CUT_OFF and len(text) >= CUT and left < len(form) and form.startswith(text[at:]):
                return left, value
        return None


def parts(value: str, shortest: int) -> list[str]:
    """The value, without space around it; of several lines each, but for those that every key has."""
    lines = [line.strip() for line in value.strip().splitlines()]
    if len(lines) < 2:
        return [line for line in lines if line]
    return [line for line in lines if len(line) >= max(shortest, 8) and not line.startswith("-----")]


def encodings(value: str) -> set[str]:
    """The value as it is, and as it stands within JSON, addresses, shells, markup and base64."""
    raw = value.encode("utf-8", "surrogatepass")
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace("/", "\\/"),  # PHP's JSON
        html.escape(value),
        html.escape(value, quote=False),
        html.escape(value).replace("&#x27;", "&#39;"),
        html.escape(value, quote=False).replace('"', "&quot;"),
        shlex.quote(value).strip("'") if "'" in value else value,
        value.replace("'", "'\\''"),  # as a shell's `set -x` prints it
        value.replace("'", "''"),  # SQL
    }
    for made in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        forms |= {made, re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), made)}
    for code in (value, quote(raw, safe="")):  # within an address that is encoded as a whole
        forms |= set(_base64(code.encode("utf-8", "surrogatepass")))
    return {form for form in forms if form}


def _base64(raw: bytes) -> Iterator[str]:
    """What stays the same of it in base64, whatever stands before and after it: `user:secret` is encoded as a whole."""
    for before in range(3):
        made = base64.b64encode(b"\0" * before + raw).rstrip(b"=").decode()
        first = (0, 2, 3)[before]
        last = len(made) if (before + len(raw)) % 3 == 0 else len(made) - 1  # the last one holds bits of what follows
        core = made[first:last]
        if len(core) >= CORE:
            safe = core.translate(str.maketrans("+/", "-_"))
            yield from (core, safe, quote(core, safe=""))
    whole = base64.b64encode(raw).decode()
    if len(whole) >= CORE:
        yield from (whole, base64.urlsafe_b64encode(raw).decode(), quote(whole, safe=""))


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    every = sorted(set(words))
    return re.compile(tree(every)) if every else None
