"""The report of a ledger as one HTML file that holds everything it needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.chaos.coverage import Coverage, coverage
from harness.chaos.records import Finding, Kept
from harness.chaos.summary import counts, described, replay, title, told
from harness.report._files import write
from harness.report.html.document import document
from harness.report.html.text import cut, safe, table, tag
from harness.verdict import Outcome

PLANS = 500  # of a campaign that are listed: what did not pass, then the newest
WORDS = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.UNKNOWN: "unknown"}


def save(campaigns: Sequence[Kept], path: Path) -> Path:
    """Write the page. Unwritable, NoSpace where it cannot be."""
    return write(path, render(campaigns))


def render(campaigns: Sequence[Kept]) -> str:
    """The whole document."""
    found = [(kept, finding) for kept in campaigns for finding in kept.findings]
    outcome = Outcome.FAIL if found else Outcome.PASS if any(kept.judged for kept in campaigns) else Outcome.UNKNOWN
    said = f"{len(found)} finding" + "s" * (len(found) != 1) if found else "no finding"
    heads = "".join(tag("p", safe(f"{title(kept)}: {counts(kept)}")) for kept in campaigns)
    every = coverage(campaigns)
    box = tag("div", tag("h1", tag("b", "CHAOS"), safe(f" {said}")), heads, class_=f"verdict {outcome}")
    body = [
        tag("a", "Skip to what was tried", href="#tried", class_="skip"),
        tag("header", box),
        tag("main", *_findings(found), *_tried(every), *_plans(campaigns)),
    ]
    return document(f"Chaos: {said}", body)


def _findings(found: Sequence[tuple[Kept, Finding]]) -> Iterable[str]:
    if not found:
        return
    yield tag("h2", "Findings")
    for number, (kept, finding) in enumerate(found, 1):
        yield tag("h3", safe(f"{number}. "), tag("span", safe(str(finding.signature)), class_="said fail"))
        yield tag("ul", *(tag("li", cut(line, 800)) for line in described(kept, finding)))
        if command := replay(finding):
            yield tag("p", "Run it again: ", tag("code", safe(command)))
        plan = finding.shrunk.plan if finding.shrunk is not None else finding.plans[0].plan
        if plan is not None:
            text = json.dumps(plan, indent=2, ensure_ascii=False)
            what = "the plan, cut down" if finding.shrunk is not None else "the plan"
            shown = "\n".join(cut(line, 400) for line in text.splitlines()[:600])
            yield tag("details", tag("summary", what), tag("pre", shown, tabindex="0"))


def _tried(every: Coverage) -> Iterable[str]:
    yield tag("h2", "What was tried", id="tried")
    yield from (tag("p", safe(line)) for line in told(every))
    for strategy in every.strategies:
        stages, rows = every.table(strategy)
        cells = [[safe(name), *(_cell(tried.get(stage)) for stage in stages)] for name, tried in rows.items()]
        head = ["fault or act", *map(safe, stages)]
        yield table(head, cells, f"How many judged plans tried what at which stage, with the deployer {strategy}")


def _cell(count: int | None) -> str:
    if count is None:
        return ""
    return str(count) if count else tag("span", "never", class_="said unknown")


def _plans(campaigns: Sequence[Kept]) -> Iterable[str]:
    yield tag("h2", "Plans")
    for kept in campaigns:
        shown = sorted(kept.plans, key=lambda one: (one.outcome is Outcome.PASS, -one.number))[:PLANS]
        rows = [
            [
                str(one.number), str(one.seed),
                tag("span", WORDS[one.outcome] if one.state == "done" else one.state, class_=f"said {one.outcome}"),
                f"{one.seconds:.0f} s", safe("; ".join(f"{fault} at {stage}" for fault, stage, _ in one.elements)),
                cut(one.signature or one.reason, 300),
            ]
            for one in shown
        ]  # fmt: skip
        left = f"; {len(kept.plans) - PLANS} that passed are left out" if len(kept.plans) > PLANS else ""
        yield table(["plan", "seed", "came to", "took", "tried", "why"], rows, f"{title(kept)}{left}")
