from pathlib import Path

from harness.report import Report, markdown
from suites.selftest.report.made import events


def test_the_verdict_comes_first() -> None:
    text = markdown.render(Report.of(events(broken=True)), evidence=["runs/1/"])
    assert text.startswith("## ❌ FAIL: ")
    assert "- **release** (rolled-back) failed: backend-2 runs 4.1.1" in text
    assert text.endswith("- runs/1/\n")


def test_messages_cannot_break_the_table_or_bring_markup() -> None:
    text = markdown.render(Report.of(events(broken=True)))
    assert "<4.1.1>" not in text
    assert "&#60;4.1.1>" in text
    assert markdown.plain("a | b\n<script> `x` **y** [z](w) @team #1").count("|") == 0
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    checks = rows[: rows.index(next(row for row in rows if row.startswith("| at")))]
    assert {row.count("|") for row in checks} == {3}


def test_unknown_says_so() -> None:
    text = markdown.render(Report.of(events(unknown=True)))
    assert text.startswith("## ❔ UNKNOWN")
    assert "❔ logs" in text


def test_the_timeline_lists_every_step() -> None:
    text = markdown.render(Report.of(events()))
    assert "| 13.2 s | deploy 4.1.1 | 6.0 s |" in text
    assert "| 19.2 s | &nbsp;&nbsp;watch 3 logs | 4.0 s |" in text


def test_an_empty_history_is_unknown() -> None:
    assert markdown.render(Report.of(())).startswith("## ❔ UNKNOWN")


def test_the_pipelines_summary_is_appended_to_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    assert markdown.append_step_summary(Report.of(events()), {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text(encoding="utf-8").startswith("before\n## ✅ PASS")
    assert not markdown.append_step_summary(Report.of(events()), {})


def test_it_is_saved_whole(tmp_path: Path) -> None:
    report = Report.of(events())
    assert markdown.save(report, tmp_path / "summary.md").read_text(encoding="utf-8") == markdown.render(report)
