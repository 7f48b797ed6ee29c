"""Text as HTML: inert, whatever it holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from harness.printable import clean, excerpt

_NAME = re.compile(r"[^a-z0-9]+")


def safe(text: object) -> str:
    """Text as it is, on one line, without control characters."""
    return html.escape(clean(text), quote=True)


def cut(text: object, most: int) -> str:
    """At most so many characters of it, safe."""
    whole = clean(text)
    return html.escape(whole if len(whole) <= most else whole[: most - 1] + "…", quote=True)


def ends(text: object, most: int) -> str:
    """At most so many characters of it, safe; of a longer text both ends."""
    return html.escape(excerpt(clean(text), most), quote=True)


def name(text: object) -> str:
    """Something that can be an id."""
    return _NAME.sub("-", str(text).lower()).strip("-") or "x"


def tag(kind: str, *children: str, **attributes: object) -> str:
    """An element; `class_` is its class, `aria_label` its aria-label; an attribute that is None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{kind}{given}>{''.join(children)}</{kind}>"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], caption: str, **attributes: object) -> str:
    """A table of cells that are HTML already; it scrolls by itself where it is too wide."""
    header = "".join(tag("th", one, scope="col") for one in head)
    body = "".join(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    made = tag(
        "table", tag("caption", safe(caption)), tag("thead", tag("tr", header)), tag("tbody", body), **attributes
    )
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)
