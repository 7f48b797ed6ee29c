"""What was measured of a corpus, kept beside it, and the table of docs/detection.md that is made of it.

`python -m harness.selftest.record fixtures/reference/compose.yaml docs/detection.md` writes the table. A row says
what the last gate of an overlay came to; an overlay that was not gated has none of these words, and says so.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.checks._intervals import share_interval
from harness.selftest.corpus import Corpus, Overlay, read
from harness.selftest.detection_summary import word
from harness.selftest.table import Result

FILE = "detection.json"  # beside the Compose file
BEGIN, END = "<!-- the corpus: written by python -m harness.selftest.record -->\n", "<!-- until here -->\n"
NOT_RUN = "not run"
Record = Mapping[str, Mapping[str, Any]]  # name of an overlay to what is known of it


def load(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """What was measured so far, by name; nothing where nothing was."""
    path = corpus.stack.parent / FILE
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def save(corpus: Corpus, record: Record) -> Path:
    """Write it, a line an overlay, without those that are no more."""
    path = corpus.stack.parent / FILE
    names = {one.name for one in corpus.all}
    lines = [f"  {json.dumps(name)}: {json.dumps(record[name])}" for name in sorted(record.keys() & names)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


def gated(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """What gates came to, by name; the last one of each."""
    return {
        one.variant: {
            "came": word(one),
            "by": one.details.get("by") or "",
            "after": one.details.get("after"),
            "seconds": round(one.seconds),
            "on": one.details.get("on") or "",
            **({"gate": gate} if (gate := one.details.get("gate")) else {}),
        }
        for one in results
    }


def merged(record: Record, found: Record) -> dict[str, dict[str, Any]]:
    """What was known, with what is known now; how an earlier gate was called goes with that gate."""
    known = {name: dict(one) for name, one in record.items()}
    for name, one in found.items():
        earlier = known.setdefault(name, {})
        if "came" in one:
            earlier.pop("gate", None)
        earlier.update(one)
    return known


def page(corpus: Corpus, record: Record, command: str) -> str:
    """The corpus and what was measured of it, as Markdown."""
    defects = [one for one in corpus.all if one.defect is not None]
    lines = [
        *_figures(corpus, record),
        "",
        "| defect | class | what goes wrong | modelled on | came to | by | after, s | proof |",
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in sorted(defects, key=lambda one: (one.defect.class_ if one.defect else 0, one.name)):
        assert one.defect is not None
        known = record.get(one.name, {})
        data = f", {one.defect.data}" if one.defect.data else ""
        models = "; ".join(one.defect.modelled_on)
        lines.append(
            f"| `{one.name}` | {one.defect.class_}{data} | {_cell(one.declared.about)} | {_cell(models)} |"
            f" {_came(known)} | {known.get('proof', NOT_RUN)} |"
        )
    lines += ["", "| harmless variant | what differs | came to | by | after, s |", "| --- | --- | --- | --- | --- |"]
    for one in corpus.variants:
        lines.append(f"| `{one.name}` | {_cell(one.declared.about)} | {_came(record.get(one.name, {}))} |")
    return "\n".join([*lines, "", f"Each row again: `{command} --only NAME`."]) + "\n"


def _figures(corpus: Corpus, record: Record) -> list[str]:
    def told(overlays: tuple[Overlay, ...], kinds: Mapping[str, tuple[str, ...]], what: str) -> Iterable[str]:
        ran = [record[one.name]["came"] for one in overlays if "came" in record.get(one.name, {})]
        words = Counter(ran)
        yield f"| {what} | {len(overlays)} | {len(ran)} |" + "".join(
            f" {_share(sum(words[kind] for kind in kinds[name]), len(ran)) if name in kinds else ''} |"
            for name in heads
        )

    heads = ("caught", "named", "missed", "alarms", "unknown")
    both = {"unknown": ("unknown", "error")}
    return [
        "| | in the corpus | gated | caught | of these named | missed | alarms | unknown |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *told(
            corpus.defects,
            {"caught": ("named", "noticed"), "named": ("named",), "missed": ("missed",), **both},
            "defects",
        ),
        *told(corpus.variants, {"alarms": ("alarm",), **both}, "harmless variants"),
    ]


def _share(n: int, of: int) -> str:
    if not of:
        return ""
    low, high = share_interval(n, of, 0.95)
    return f"{n} ({low:.0%} to {high:.0%})"


def _came(known: Mapping[str, Any]) -> str:
    if "came" not in known:
        return f"{NOT_RUN} | | "
    after = known["after"]
    told = f" with `{known['gate']}`" if known.get("gate") else ""
    return f"{known['came']}{told} | {_cell(known['by'])} | {'' if after is None else f'{after:.0f}'}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main(stack: Path, document: Path) -> None:
    """Write the table into a document, between its marks."""
    corpus = read(stack)
    text = document.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    command = f"harness selftest detection {stack}"
    document.write_text(
        f"{head}{BEGIN}\n{page(corpus, load(corpus), command)}\n{END}{rest.partition(END)[2]}", encoding="utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
