"""How an environment ends; that it comes up and goes down is tested with containers."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from fixtures import tiny
from harness.engine import Engine
from harness.environment import Environment, Keep
from harness.errors import EngineGone, HostError, NoSpace, UsageError
from harness.history import History
from harness.stack import load
from suites.raw import select


class Ending(Environment):
    """Records what becomes of it, and touches no engine."""

    def __init__(self, keep: Keep = "never") -> None:
        super().__init__(
            cast(Engine, None), load(tiny.STACK, environ={}), "1.0.0", History(), run="r1", test="t", keep=keep
        )
        self.done: list[str] = []
        self.refuse: Exception | None = None

    def up(self) -> Ending:
        self.done.append("up")
        self._standing = True
        return self

    def save_evidence(self) -> None:
        self.done.append("evidence")

    def down(self) -> None:
        self.done.append("down")
        if self.refuse is not None:
            raise self.refuse

    def leave_up(self) -> None:
        self.done.append("left up")


def ended(made: Ending, error: BaseException | None = None, *, failed: bool = False) -> list[str]:
    if error is None:
        with made:
            made.failed = failed
    else:
        with pytest.raises(type(error)), made:
            raise error
    return made.done[1:]


@pytest.mark.parametrize("keep", ["never", "failed"])
def test_after_a_success_it_is_taken_down_and_leaves_no_evidence(keep: Keep) -> None:
    assert ended(Ending(keep)) == ["down"]


def test_after_a_failure_the_evidence_is_saved_first() -> None:
    assert ended(Ending(), failed=True) == ["evidence", "down"]
    assert ended(Ending(), ValueError("x")) == ["evidence", "down"]


def test_a_failed_one_is_left_up_where_that_is_asked_for() -> None:
    assert ended(Ending("failed"), failed=True) == ["evidence", "left up"]
    assert ended(Ending("failed"), ValueError("x")) == ["evidence", "left up"]


def test_ctrl_c_takes_it_down_unless_it_is_always_kept() -> None:
    assert ended(Ending("failed"), KeyboardInterrupt()) == ["evidence", "down"]
    assert ended(Ending("always"), KeyboardInterrupt()) == ["evidence", "left up"]


def test_always_keeps_a_good_one_too() -> None:
    assert ended(Ending("always")) == ["left up"]


def test_evidence_that_cannot_be_saved_does_not_keep_it_from_being_taken_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Ending) -> None:
        raise NoSpace("The disk is full")

    monkeypatch.setattr(Ending, "save_evidence", full)
    made = Ending()
    assert ended(made, failed=True) == ["down"]
    (note,) = select(made.history.events, "note")
    assert "the evidence could not be saved: The disk is full" in note.data["text"]


def test_evidence_that_does_not_come_is_not_waited_for_once_the_end_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never, made = threading.Event(), Ending()
    monkeypatch.setattr("harness.environment.environment.EVIDENCE_WITHIN", 0.2)
    monkeypatch.setattr(Ending, "save_evidence", lambda _: never.wait())
    assert ended(made, KeyboardInterrupt()) == ["down"]
    (note,) = select(made.history.events, "note")
    assert "the evidence is incomplete: the run was interrupted" in note.data["text"]
    never.set()


def test_an_error_of_any_kind_at_the_end_does_not_take_the_place_of_an_interrupt() -> None:
    made = Ending()
    made.refuse = HostError("processes in web-1 do not end")
    with pytest.raises(KeyboardInterrupt), made:
        raise KeyboardInterrupt
    assert "could not be taken down: processes in web-1 do not end" in made.history.events[-1].data["text"]


def test_an_engine_that_is_gone_at_the_end_does_not_hide_what_failed_before() -> None:
    made = Ending()
    made.refuse = EngineGone("the engine went away")
    with pytest.raises(ValueError, match="the first"), made:
        raise ValueError("the first")
    assert "could not be taken down: the engine went away" in made.history.events[-1].data["text"]


def test_an_engine_that_is_gone_after_a_success_is_an_error() -> None:
    made = Ending()
    made.refuse = EngineGone("the engine went away")
    with pytest.raises(EngineGone), made:
        pass


def test_a_failure_to_come_up_ends_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Ending) -> Ending:
        raise EngineGone("the engine went away")

    monkeypatch.setattr(Ending, "up", refuse)
    made = Ending()
    with pytest.raises(EngineGone), made:
        pass
    assert made.done == ["evidence", "down"]


def test_what_it_does_not_have_is_refused_with_what_it_has() -> None:
    made = Ending()
    with pytest.raises(UsageError, match="no such service"):
        made["wbe"]
    with pytest.raises(UsageError, match="No such replica") as caught:
        made.replica("web-9")
    assert caught.value.expected == "none: the environment is not up"
    for ask in (lambda: made.address("web:9"), lambda: made.links, lambda: made.proxy, lambda: made.addresses):
        with pytest.raises(UsageError, match="The environment is not up"):
            ask()


def test_how_to_enter_it_is_said_with_its_name() -> None:
    made = Ending()
    commands = made.how_to_enter()
    assert commands[-1] == f"harness down {made.id}"
    assert any(command.startswith(f"harness logs -e {made.id}") for command in commands)


def test_environments_have_names_of_their_own() -> None:
    assert len({Ending().id for _ in range(20)}) == 20
