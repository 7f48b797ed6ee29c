"""A small stack with a corpus of its own, that no engine brings up."""

from __future__ import annotations

from pathlib import Path

STACK = """name: small
services:
  app: {image: "debian:bookworm-slim"}
x-harness:
  releases: {"1": {}, "2": {}}
"""
DEFECT = """about: The answer is wrong.
class: 4
suffers: Everybody.
modelled_on: nothing, a test
named_by: ["answer \\\\d+"]
edits:
  - {in: app/answer.py, old: "ANSWER = 42", new: "ANSWER = 41"}
proof:
  looks: [{in: app, run: cat answer.py, shows: "41", stock: "42"}]
"""
VARIANT = """about: Another comment.
harmless: Nobody reads it.
edits:
  - {in: app/answer.py, old: "# why", new: "# because"}
"""


def small(directory: Path, defect: str = DEFECT, variant: str = VARIANT) -> Path:
    """The stack's Compose file, with one defect (`wrong`) and one variant (`comment`) beside it."""
    files = {
        "compose.yaml": STACK,
        "app/answer.py": "ANSWER = 42  # why\n",
        "defects/wrong/defect.yaml": defect,
        "variants/comment/variant.yaml": variant,
    }
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory / "compose.yaml"
