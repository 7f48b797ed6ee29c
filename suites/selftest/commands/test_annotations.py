"""Annotations for GitHub Actions reach its log as commands."""

from __future__ import annotations

from typing import Any

import pytest

from harness.commands import running
from harness.report import Report, github


def test_an_annotation_is_printed_as_the_command_that_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(github, "lines", lambda _report: ["::error title=x::y"])
    monkeypatch.setattr(running, "write_reports", lambda *_, **__: [])
    monkeypatch.setattr(running, "show", lambda *_, **__: None)
    running.publish(Report.of(()), tmp_path)
    assert "::error title=x::y" in capsys.readouterr().out.splitlines()
