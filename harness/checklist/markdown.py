"""The document in Markdown, for a ticket or a pipeline's page."""

from __future__ import annotations

from harness.checklist import words
from harness.checklist.document import Checklist
from harness.report.markdown import code, plain

LARGEST = 900_000  # characters


def render(checklist: Checklist) -> str:
    """The whole document; nothing that somebody else wrote becomes markup."""
    parts = [
        f"# Release checklist: {plain(checklist.title)}",
        "",
        f"**{plain(words.standing(checklist))}**, as of {words.when(checklist.made)}.",
    ]
    for source, title in words.SOURCES:
        found = words.rows(checklist, source)
        if not found:
            continue
        parts += [
            "",
            f"## {title}",
            "",
            "| | item | state, and why | by | holds until |",
            "| :---: | --- | --- | --- | --- |",
        ]
        for row in found:
            name = f"{plain(row.item.title)} {code(row.item.key)}"
            because = f" On the list because {plain(row.item.because)}." if row.item.because else ""
            cells = (row.sign, name + because, f"{row.state}: {plain(row.why)}", plain(row.by), row.until)
            parts.append(f"| {' | '.join(cells)} |")
    parts += [
        "",
        "## What it vouches for",
        "",
        *(f"- {plain(name)}: {plain(said)}" for name, said in words.rests_on(checklist)),
    ]
    parts += ["", "## Signatures", ""]
    parts += [f"- {plain(name)}: {plain(said)}" for name, said in words.signed(checklist)] or [
        "- nobody has signed yet"
    ]
    parts += ["", "Whether it still holds: `harness checklist verify checklist.json`."]
    text = "\n".join(parts) + "\n"
    return text if len(text) <= LARGEST else text[:LARGEST] + "\n\n... cut here; the rest is in checklist.json\n"
