"""Everything that a run keeps or shows passes through it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.clock import ManualClock
from harness.errors import NotReady
from harness.history import Event, History, read
from harness.redaction import Redactor, StreamRedactor, redacted
from harness.redaction.redactor import MAX_TEXTS
from suites.raw import raw

SECRET = "Zx9secretPw"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "events.jsonl", ManualClock(), Redactor([SECRET]))


def everything(history: History) -> str:
    assert history.path is not None
    return history.path.read_text() + repr(history.events)


def test_a_secret_is_neither_written_nor_kept_nor_handed_to_a_listener(history: History) -> None:
    heard: list[Event] = []
    history.listen(heard.append)
    returned = history.record(raw("deployer.line", start=1, stream="out", text=f"password is {SECRET}"))
    assert SECRET not in everything(history) + repr(heard) + repr(returned)
    assert returned.data["text"] == f"password is {redacted(SECRET)}"


def test_a_secret_is_found_at_every_depth_and_in_the_names_of_what_was_counted(history: History) -> None:
    history.record(
        raw(
            "workload",
            errors={f"no answer from {SECRET}": 3},
            list=[[1, [f"x{SECRET}y"]]],
            pair=(1, SECRET),
            path=Path(f"/a/{SECRET}"),
        )
    )
    assert SECRET not in everything(history)
    assert history.events[0].data["errors"] == {f"no answer from {redacted(SECRET)}": 3}


def test_a_scope_holds_no_secret(history: History) -> None:
    with history.scope(phase=f"with {SECRET}"):
        history.record(raw("note", text="a"))
    assert SECRET not in everything(history)


def test_a_failed_step_tells_no_secret(history: History) -> None:
    with pytest.raises(ValueError, match=SECRET), history.step("deploy", f"deploy with {SECRET}"):
        raise ValueError(f"cannot log in with {SECRET}")
    assert SECRET not in everything(history)


def test_the_command_of_a_deployer_tells_no_password(history: History) -> None:
    history.record(
        raw("deployer.start", verb="deploy", command=["deploy", "--password", "other1", "-pOther2x"], place="here")
    )
    assert "other1" not in everything(history)
    assert "Other2x" not in everything(history)
    assert history.events[0].data["command"][:2] == ["deploy", "--password"]


def test_the_headers_and_the_body_of_a_request_tell_none(history: History) -> None:
    headers = {"Authorization": "Bearer other1", "X-Session": "other2", "Accept": "text/html"}
    spec = {"requests": [{"headers": headers, "body": '{"password": "other3"}', "path": "/?token=other4"}]}
    history.record(raw("workload.start", key="1f2e3d4c", spec=spec))
    for secret in ("other1", "other2", "other3", "other4"):
        assert secret not in everything(history)
    assert history.events[0].data["key"] == "1f2e3d4c"  # what requests are known by is none
    assert history.events[0].data["spec"]["requests"][0]["headers"]["Accept"] == "text/html"


def test_names_of_files_and_columns_in_a_fingerprint_are_no_names_of_secrets(history: History) -> None:
    items = {"/srv/token.py": "file 0644 root 12", "column users.password": "text not null", "a": SECRET}
    history.record(raw("fingerprint", replicas={"web-1": {"files": {"items": items}}}))
    told = history.events[0].data["replicas"]["web-1"]["files"]["items"]
    assert told == {**items, "a": redacted(SECRET)}


def test_an_event_without_a_secret_stays_as_it_is(history: History) -> None:
    data = {"replica": "backend-2", "release": "4.1.1", "list": [[1, "a"]], "p50": None, "ok": True, "pair": (1, "b")}
    assert history.record(raw("probe.release", **data)).data == data


def test_two_values_of_a_secret_are_told_apart_and_equal_ones_are_not(history: History) -> None:
    lines = [history.record(raw("note", text=f"password={value}")).data["text"] for value in ("one1", "two2", "one1")]
    assert lines[0] == lines[2] != lines[1]


def test_what_was_written_is_read_back_the_same(history: History) -> None:
    history.record(raw("note", text=f'{SECRET} "\\ \n', more={"a": [SECRET]}))
    assert history.path is not None
    assert [event.data for event in read(history.path)] == [event.data for event in history.events]


def test_an_error_and_what_caused_it_tell_no_secret_and_stay_errors() -> None:
    found = NotReady("web-1 is not ready", got=f"log in with {SECRET}", detail=f"one\npassword={SECRET}")
    found.__cause__ = ValueError(f"refused {SECRET}")
    Redactor([SECRET]).error(found)
    assert SECRET not in f"{found} {found.args} {found.__cause__}"
    assert found.what == "web-1 is not ready"
    assert found.where is None
    assert str(found.__cause__).startswith("refused hidden:")


def test_an_error_whose_cause_is_itself_is_no_endless_work() -> None:
    error = ValueError(SECRET)
    error.__context__ = error
    Redactor([SECRET]).error(error)
    assert SECRET not in str(error)


def test_an_event_like_one_before_costs_less_than_writing_it() -> None:
    """Every second hundreds of events are recorded, nearly all of them without a secret."""
    processes = [[pid, 1, "python3", 123456.5, "S"] for pid in range(300)]
    data = {"replica": "backend-2", "release": "4.1.1", "error": None, "phase": "deployed", "list": processes}
    event = Event(7, 1333525500.123, 12.345, "probe.replica", data)
    redactor = Redactor([f"{n * 7919:x}-Zx9secretPw{n}" for n in range(20)])
    assert redactor.event(event.kind, data) == data

    def cost(work: Callable[[], object]) -> float:
        def once() -> float:
            began = time.perf_counter()
            for _ in range(50):
                work()
            return time.perf_counter() - began

        return min(once() for _ in range(7))

    assert cost(lambda: redactor.event(event.kind, data)) < 3 * cost(event.to_json)  # it is less than once


def test_what_was_found_clean_is_remembered_within_bounds() -> None:
    redactor = Redactor([SECRET])
    for number in range(MAX_TEXTS + 10):
        redactor.event("note", {"text": f"line {number}"})
    assert len(redactor._clean) <= MAX_TEXTS
    assert redactor.event("note", {"text": SECRET})["text"] == redacted(SECRET)


def test_a_private_key_that_comes_line_by_line_is_hidden_up_to_its_end() -> None:
    lines = StreamRedactor(Redactor())
    key = ["-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXk", "AAAA", "-----END OPENSSH PRIVATE KEY-----"]
    told = [lines.text(line) for line in ["before", *key, "after"]]
    assert [told[0], told[1], told[4], told[5]] == ["before", key[0], key[3], "after"]
    assert told[2:4] == [redacted("b3BlbnNzaC1rZXk"), redacted("AAAA")]


def test_a_private_key_that_never_ends_does_not_hide_all_that_follows() -> None:
    lines = StreamRedactor(Redactor())
    told = [lines.text(line) for line in ["-----BEGIN PRIVATE KEY-----", *(f"line {n}" for n in range(500))]]
    assert told[1].startswith("hidden:")
    assert told[-1] == "line 499"


def test_what_is_learnt_later_is_hidden_from_then_on_also_in_texts_that_were_clean_before(tmp_path: Path) -> None:
    history = History(tmp_path / "events.jsonl", ManualClock(), Redactor([SECRET]))
    history.record(raw("note", text="later-Known7"))
    history.redactor.learn(["later-Known7"])
    history.record(raw("note", text="later-Known7"))
    history.record(raw("note", text=f"both later-Known7 and {SECRET}"))
    first, *rest = [event.data["text"] for event in history.events]
    assert first == "later-Known7"
    assert "later-Known7" not in repr(rest)
    assert SECRET not in repr(rest)
