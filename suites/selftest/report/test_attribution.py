"""Failed requests are told with kind, status and server, from when to when, between which steps, with examples."""

from __future__ import annotations

from html import unescape

from harness.report import Report, attribution, html, junit, markdown, postmortem
from harness.samples import Samples
from suites.raw import raw
from suites.selftest.diagnoses.made import GateRun

GROUP = {
    "request": "resume", "outcome": "status 500", "server": "backend-2", "count": 40,
    "examples": ["request 812 with id 37, due at 22:01:03.214 UTC, ended after 0.012 s"],
}  # fmt: skip


def report(groups: int = 1) -> Report:
    run = GateRun().rolled_back()
    now = run.clock.now()
    run.add("deployer.line", "rolled-back", start=0, stream="out", text="backend-2: draining")
    run.clock.advance(5.0)
    made = [
        {**GROUP, "server": f"backend-{number + 2}", "first": now + 1.5, "last": now + 3.0} for number in range(groups)
    ]
    load = {"failed": 40 * groups, "ok": 200, "sent": 240, "seconds": 5.0, "failures": made}
    run.load("rolled-back", **load)
    at = run.events[-1].id
    run.history.record(
        raw("verdict", phase="rolled-back", check="errors", outcome="fail", reason="40 failed", evidence=[at], look="")
    )
    with run.history.step("next", "what comes next"):
        run.clock.advance(1.0)
    return Report.of(run.events)


def test_a_failure_is_attributed_in_every_report() -> None:
    made = report()
    line = next(line for line in made.judged[-1].where if "failures" in line)
    assert line.startswith("40 of 40 failures: resume with status 500 by backend-2; first ")
    assert "after the deployer says “backend-2: draining”, before “what comes next” begins" in line
    assert line.endswith("e.g. request 812 with id 37, due at 22:01:03.214 UTC, ended after 0.012 s")
    for text in (
        unescape(html.render(made, Samples())),
        postmortem.render(made),
        junit.render(made),
        markdown.render(made),
    ):
        assert "resume with status 500 by backend-2" in text


def test_so_many_groups_are_spelt_out_and_the_rest_is_counted() -> None:
    made = report(5)
    lines = [line for line in made.judged[-1].where if "failures" in line]
    assert len(lines) == attribution.MAX_GROUPS + 1
    assert lines[-1] == "80 more failures in 2 more groups"


def test_an_older_history_has_no_such_lines() -> None:
    run = GateRun().rolled_back().load("rolled-back", failed=3, ok=497, errors={"timeout": 3})
    assert attribution.lines(run.events, [run.events[-1].id]) == ()
