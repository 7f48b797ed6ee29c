"""What is read back is counted line by line, and kept beside the history; what is no answer is a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ReplicaGone
from harness.history import History
from harness.probes.readback import probe
from harness.samples import read
from harness.stack import Readback

ASK = Readback.model_validate({"in": "database", "command": ["ask"]})
PAGE = Readback.model_validate({"in": "web", "http": "http://127.0.0.1/done?key={key}"})


class Says:
    """A replica that gives one answer."""

    name = "database-1"

    def __init__(self, stdout: str = "", exit_code: int = 0, stderr: str = "", error: Exception | None = None) -> None:
        self.stdout, self.exit_code, self.stderr, self._error = stdout, exit_code, stderr, error
        self.asked: Any = None

    def run(self, command: Any, timeout: float = 0.0) -> Any:  # noqa: ARG002 - the shape of a replica
        self.asked = command
        if self._error is not None:
            raise self._error
        return self


def test_lines_are_counted_with_their_numbers_and_again_where_they_come_again(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    event = probe(history, Says("a\nb\t2\na\n\n"), ASK, "k", None)
    assert (event.data["pieces"], event.data["error"]) == (2, None)
    assert read(tmp_path, history.events).readbacks == {event.id: {"a": 2, "b": 2}}


def test_the_key_of_the_workload_goes_into_the_command(tmp_path: Path) -> None:
    replica = Says("")
    asked = Readback.model_validate({"in": "database", "command": ["psql", "LIKE '{key}-%'"]})
    probe(History(tmp_path / "events.jsonl"), replica, asked, "k7", None)
    assert replica.asked == ["psql", "LIKE 'k7-%'"]


def test_an_empty_answer_is_an_answer(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl")
    event = probe(history, Says(""), ASK, "k", None)
    assert read(tmp_path, history.events).readbacks == {event.id: {}}


@pytest.mark.parametrize(
    ("replica", "words"),
    [
        (Says("", 1, "no such table"), "exit code 1: no such table"),
        (Says("a\tmany"), "not a number after the tab"),
        (Says(error=ReplicaGone("database-1 is stopped")), "database-1 is stopped"),
    ],
)
def test_what_is_no_answer_is_null_with_the_reason(tmp_path: Path, replica: Says, words: str) -> None:
    history = History(tmp_path / "events.jsonl")
    event = probe(history, replica, ASK, "k", None)
    assert event.data["pieces"] is None
    assert words in event.data["error"]
    assert read(tmp_path, history.events).readbacks == {}


@pytest.mark.parametrize(
    ("text", "found"), [('["a", "b", "a"]', {"a": 2, "b": 1}), ('{"a": 3, "7": 1}', {"a": 3, "7": 1})]
)
def test_a_page_answers_with_a_list_or_with_counts(tmp_path: Path, text: str, found: dict[str, int]) -> None:
    history, replica = History(tmp_path / "events.jsonl"), Says(text)
    event = probe(history, replica, PAGE, "k7", None)
    assert "http://127.0.0.1/done?key=k7" in replica.asked[-1]
    assert read(tmp_path, history.events).readbacks == {event.id: found}


@pytest.mark.parametrize("text", ["", "<html>", "7", '[["a"]]', '{"a": "many"}'])
def test_a_page_that_answers_with_something_else_is_null_with_the_reason(tmp_path: Path, text: str) -> None:
    event = probe(History(tmp_path / "events.jsonl"), Says(text), PAGE, "k", None)
    assert event.data["pieces"] is None
    assert "no JSON list or mapping" in event.data["error"]
