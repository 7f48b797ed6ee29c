"""`harness gate --soak`: how long, and what that finds, before anything is run."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from fixtures import tiny
from harness.commands.gate import gate


def planned(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(gate, [str(tiny.STACK), "--dry-run", *arguments])
    return found.exit_code, " ".join(found.output.split())


def test_the_plan_says_beforehand_which_growth_the_length_finds() -> None:
    _, said = planned("--soak", "10m")
    assert "hold 600 s of load; finds growth from about 0.6 MiB, 1.5 descriptors, 1.2 threads, 1.5 connections" in said
    assert "growth, performance" in said


def test_without_it_nothing_is_soaked() -> None:
    assert "[soak]" not in planned()[1]


@pytest.mark.parametrize(("written", "words"), [("10s", "at least 5m"), ("soon", "not a duration")])
def test_what_is_no_soak_is_refused_with_what_would_be_one(written: str, words: str) -> None:
    code, said = planned("--soak", written)
    assert code != 0
    assert words in said
