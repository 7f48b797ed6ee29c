"""What is saved when something fails."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from harness.environment.evidence import FILE_BYTES, save_evidence
from harness.environment.replica import Replica
from harness.environment.shell import Answer
from harness.errors import HostError, ReplicaGone
from harness.history import History
from harness.redaction import Redactor
from suites.raw import select
from suites.selftest.environment.fakes import FakeReplica, bad, state

LOGS = {"web": ["/var/log/web.log"]}


@pytest.fixture
def history() -> History:
    return History()


def save(
    directory: Path, history: History, *replicas: FakeReplica, logs: Mapping[str, Sequence[str]] = LOGS
) -> dict[str, str]:
    save_evidence(directory, cast(Sequence[Replica], replicas), history, logs)
    return {path.name: path.read_text() for path in directory.iterdir() if path.is_file()}


def test_each_replica_leaves_its_output_its_state_and_its_declared_logs(tmp_path: Path, history: History) -> None:
    replica = FakeReplica(answers=[Answer(0, "a request\n", "", 0.0)], states=[state("exited", 137, oom_killed=True)])
    found = save(tmp_path / "h1", history, replica)
    assert found.keys() == {"web-1.log", "web-1.state.json", "web-1_var_log_web.log"}
    assert found["web-1.log"] == "one\ntwo\n"
    assert found["web-1_var_log_web.log"] == "a request\n"
    told = json.loads(found["web-1.state.json"])
    assert (told["status"], told["exit_code"], told["oom_killed"]) == ("exited", 137, True)


def test_a_log_is_taken_from_its_end_and_its_path_is_quoted(tmp_path: Path, history: History) -> None:
    replica = FakeReplica()
    save(tmp_path, history, replica, logs={"web": ["/var/log/it's here.log"]})
    assert replica.asked == ["tail -c 200000 '/var/log/it'\"'\"'s here.log'"]


def test_a_replica_without_declared_logs_is_not_asked_for_any(tmp_path: Path, history: History) -> None:
    replica = FakeReplica("cache-1")
    assert save(tmp_path, history, replica).keys() == {"cache-1.log", "cache-1.state.json"}
    assert replica.asked == []


def test_where_the_evidence_is_goes_into_the_history(tmp_path: Path, history: History) -> None:
    save(tmp_path, history, FakeReplica())
    assert str(tmp_path) in select(history.events, "note")[0].data["text"]


def test_a_log_that_is_not_there_is_said_in_its_place(tmp_path: Path, history: History) -> None:
    found = save(tmp_path, history, FakeReplica(answers=[bad(1, stderr="tail: no such file\n")]))
    assert found["web-1_var_log_web.log"] == "(cannot be read: tail: no such file)\n"


def test_a_replica_that_cannot_be_asked_is_said_in_its_place_and_the_others_are_saved(
    tmp_path: Path, history: History
) -> None:
    gone = FakeReplica(answers=[ReplicaGone("web-1 is gone")], log=HostError("no such container"))
    found = save(tmp_path, history, gone, FakeReplica("web-2", answers=[Answer(0, "fine", "", 0.0)]))
    assert found["web-1.log"] == "(not available: no such container)\n"
    assert found["web-1_var_log_web.log"] == "(not available: web-1 is gone)\n"
    assert found["web-2_var_log_web.log"] == "fine"


def test_text_that_cannot_be_written_as_utf_8_is_kept_escaped(tmp_path: Path, history: History) -> None:
    assert save(tmp_path, history, FakeReplica(log="a\udcffb"))["web-1.log"] == "a\\udcffb"


def test_a_file_that_cannot_be_written_does_not_keep_the_others_from_it(tmp_path: Path, history: History) -> None:
    (tmp_path / "web-1.log").mkdir()
    found = save(tmp_path, history, FakeReplica(), FakeReplica("web-2"))
    assert "web-2.log" in found
    assert select(history.events, "note")[0].data["text"].endswith("could not be saved: web-1.log: Is a directory")


def test_a_directory_that_cannot_be_made_is_a_note_and_no_error(tmp_path: Path, history: History) -> None:
    (tmp_path / "file").write_text("in the way")
    save_evidence(tmp_path / "file" / "h1", cast(Sequence[Replica], [FakeReplica()]), history, LOGS)
    (note,) = select(history.events, "note")
    assert f"could not be saved: {tmp_path}/file/h1: Not a directory" in note.data["text"]


SECRET = "Zx9secretPw"


def test_what_is_saved_holds_no_secret(tmp_path: Path) -> None:
    history = History(redactor=Redactor([SECRET]))
    replica = FakeReplica(
        log=f"connecting with {SECRET}\n", answers=[Answer(0, f"Authorization: Bearer other17\n{SECRET}\n", "", 0.0)]
    )
    gone = FakeReplica(
        "web-2", answers=[bad(1, stderr=f"tail: {SECRET}: no such file\n")], log=HostError(f"no {SECRET}")
    )
    found = save(tmp_path, history, replica, gone)
    assert SECRET not in "".join(found.values())
    assert "other17" not in "".join(found.values())
    assert found["web-1.log"].startswith("connecting with hidden:")
    assert found["web-1_var_log_web.log"].startswith("Authorization: Bearer hidden:")


def test_a_line_that_was_cut_at_its_beginning_is_left_out(tmp_path: Path, history: History) -> None:
    """It may be the rest of a secret."""
    content = "cretPw and more\nwhole line\n"
    long = content + "x" * (FILE_BYTES - len(content))
    found = save(tmp_path, history, FakeReplica(answers=[Answer(0, long, "", 0.0)]))
    assert found["web-1_var_log_web.log"].startswith("whole line\n")
