"""The document as one HTML file, to be read, printed and archived: no script, nothing from elsewhere, one A4 page."""

from __future__ import annotations

from importlib.resources import files

from harness.checklist import words
from harness.checklist.document import Checklist
from harness.report.html.text import ends, name, safe, tag

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
MOST = 400  # characters of a reason


def render(checklist: Checklist) -> str:
    """The whole document."""
    title = f"Release checklist: {checklist.title}"
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{safe(title)}</title>'
        f"<style>{style}</style>"
    )
    open_ones = [one.key for one in checklist.items if one.state in ("open", "failed", "unknown")]
    target = f"#{name(open_ones[0])}" if open_ones else "#rests-on"
    skip = tag("a", "Skip to the first item that is not ticked" if open_ones else "Skip to what it vouches for",
               href=target, class_="skip")  # fmt: skip
    body = skip + tag("header", _head(checklist)) + tag("main", *_main(checklist))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _head(checklist: Checklist) -> str:
    good = words.complete(checklist)
    box = tag("p", tag("b", safe(words.standing(checklist))), f" as of {words.when(checklist.made)}",
              class_=f"standing {'pass' if good else 'fail'}")  # fmt: skip
    return tag("h1", f"Release checklist: {safe(checklist.title)}") + box


def _main(checklist: Checklist) -> list[str]:
    parts = []
    for source, title in words.SOURCES:
        rows = words.rows(checklist, source)
        if rows:
            parts += [tag("h2", title), _table(rows, title)]
    parts += [tag("h2", "What it vouches for", id="rests-on", tabindex="-1"), _list(words.rests_on(checklist), "meta")]
    signed = words.signed(checklist)
    parts.append(tag("h2", "Signatures"))
    parts.append(_list(signed, "meta") if signed else tag("p", "Nobody has signed yet."))
    parts.append(tag("p", "Whether it still holds, and whose signatures these are: ",
                     tag("code", "harness checklist verify checklist.json"), class_="dim"))  # fmt: skip
    return parts


def _table(rows: list[words.Row], title: str) -> str:
    head = "".join(tag("th", one, scope="col") for one in ("", "item", "why", "by", "until, UTC"))
    head = head.replace('<th scope="col"></th>', '<th scope="col"><span class="out">state</span></th>', 1)
    made = tag(
        "table", tag("caption", title, class_="out"), tag("thead", tag("tr", head)), tag("tbody", *map(_row, rows))
    )
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label=title)


def _row(row: words.Row) -> str:
    kind = row.state.replace(" ", "-")
    sign = tag("span", row.sign, aria_hidden="true") + tag("span", row.state, class_="out")
    because = tag("span", f" {safe(row.item.because)}", class_="dim") if row.item.because else ""
    title = tag("td", safe(row.item.title), because, " ", tag("code", safe(row.item.key)))
    spoken = row.state if row.state != "ticked" else ""
    why = tag("td", tag("b", f"{spoken}: ") if spoken else "", ends(row.why, MOST))
    cells = (
        tag("td", sign, class_="sign")
        + title
        + why
        + tag("td", ends(row.by, 120))
        + tag("td", row.until, class_="time")
    )
    return tag("tr", cells, class_=kind, id=name(row.item.key), tabindex="-1")


def _list(pairs: list[tuple[str, str]], kind: str) -> str:
    return tag("dl", *(tag("dt", safe(one)) + tag("dd", safe(said)) for one, said in pairs), class_=kind)
