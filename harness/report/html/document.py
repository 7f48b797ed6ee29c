"""A page that holds everything it needs: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from harness.report.html.text import safe

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(title: str, body: Iterable[str], style: str = "") -> str:
    """The whole document.

    Args:
        body: its elements, as HTML.
        style: what is added to the style that all pages share.
    """
    shared = (files(__package__) / "style.css").read_text(encoding="utf-8")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{safe(title)}</title>'
        f"<style>{shared}{style}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'
