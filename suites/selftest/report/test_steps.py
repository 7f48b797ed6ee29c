"""Every report marks the step of the plan that failed, with the release on each replica before and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.events import RunEnd
from harness.history import History
from harness.report import Report, allure, github, html, junit, markdown, postmortem
from harness.report.summary import summary
from harness.samples import Samples
from suites.raw import raw

STEP = "step 2 of the plan: hold 3 s of load [rolled-back]"
RELEASES = "releases before and after step 1 (roll back): web-1 1.1.0 -> 1.0.0, web-2 1.1.0 -> 1.1.0"


def history() -> History:
    made = History()

    def runs(**releases: str) -> None:
        for name, release in releases.items():
            made.record(raw("probe.release", replica=name.replace("_", "-"), release=release, error=None))

    made.record(raw("run.start", run="r", stack="tiny"))
    with made.scope(environment="h1"):
        runs(web_1="1.1.0", web_2="1.1.0")
        step = {"name": "rollback", "title": "roll back", "planned": "rollback", "changes": True}
        made.record(raw("plan.step.start", number=1, plan_step=1, **step))
        runs(web_1="1.0.0", web_2="1.1.0")
        hold = {"name": "hold", "title": "hold 3 s of load", "planned": "rolled-back", "changes": False}
        made.record(raw("plan.step.start", number=2, plan_step=2, **hold))
        failed = {"check": "release", "outcome": "fail", "reason": "web-2 runs 1.1.0, not 1.0.0", "evidence": []}
        made.record(raw("verdict", phase="rolled-back", plan_step=2, **failed))
        passed = {"check": "errors", "outcome": "pass", "reason": "no request failed", "evidence": []}
        made.record(raw("verdict", phase="rolled-back", plan_step=2, **passed))
    made.end(RunEnd(outcome="fail", reason="web-2 runs 1.1.0, not 1.0.0", exit_code=1))
    return made


def of_allure(report: Report, directory: Path) -> str:
    allure.save(report, directory)
    return "".join(path.read_text() for path in directory.glob("*-result.json"))


def of_terminal(report: Report, _: Path) -> str:
    from rich.console import Console

    console = Console(width=300)
    with console.capture() as capture:
        console.print(summary(report))
    return capture.get()


REPORTS: dict[str, Callable[[Report, Path], str]] = {
    "terminal": of_terminal,
    "html": lambda report, _: html.render(report, Samples()).partition('id="timeline"')[0].replace("&gt;", ">"),
    "post-mortem": lambda report, _: postmortem.render(report).replace("&#45;&#62;", "->").replace("&#91;", "["),
    "markdown": lambda report, _: markdown.render(report).replace("&#91;", "[").replace("&#93;", "]"),
    "junit": lambda report, _: junit.render(report).replace("&gt;", ">"),
    "github": lambda report, _: "\n".join(github.lines(report, {"GITHUB_ACTIONS": "true"})),
    "allure": of_allure,
}


@pytest.mark.parametrize("name", list(REPORTS))
def test_the_step_that_failed_is_marked_with_the_releases_around_it(name: str, tmp_path: Path) -> None:
    shown = REPORTS[name](Report.of(history().events), tmp_path)
    for words in (
        "step 2 of the plan: hold 3 s of load",
        "releases before and after step 1 (roll back)",
        "web-2 1.1.0",
    ):
        assert words in shown, shown


def test_a_verdict_has_its_step_and_what_each_replica_ran() -> None:
    report = Report.of(history().events)
    assert report.bad()[0].where == (STEP, RELEASES)


def test_a_verdict_outside_of_a_plan_has_no_step() -> None:
    made = History()
    made.record(raw("verdict", check="release", outcome="fail", reason="no", evidence=[], phase="p"))
    assert Report.of(made.events).bad()[0].where == ()


def test_two_environments_are_told_apart() -> None:
    made = History()
    for environment, title in (("h1", "roll back"), ("h2", "deploy 2")):
        with made.scope(environment=environment):
            made.record(raw("plan.step.start", number=1, name="x", title=title, planned="", changes=False, plan_step=1))
    with made.scope(environment="h1"):
        made.record(raw("verdict", check="release", outcome="fail", reason="no", evidence=[], phase="p", plan_step=1))
    assert Report.of(made.events).bad()[0].where == ("step 1 of the plan: roll back",)
