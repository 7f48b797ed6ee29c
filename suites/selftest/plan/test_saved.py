"""The plans of a saved run, and whether they can be run again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import tiny
from harness.clock import ManualClock
from harness.errors import UsageError
from harness.events import EnvironmentUp, PlanShown, RunStart, VerdictGiven
from harness.history import EVENTS, History
from harness.plan.plan import Plan
from harness.plan.run import of_stack
from harness.plan.saved import saved_plan
from harness.plan.steps.deploy import Deploy
from harness.plan.steps.hold import Hold
from harness.plan.steps.load import Load
from harness.redaction import Redactor
from harness.stack import Stack, load
from harness.stack.digest import digests
from suites.raw import raw
from suites.selftest.plan.made import NEW, OLD, plan_of

FIRST = plan_of(Load(), Hold(phase="deployed", seconds=1.0, checks=("errors",)))
SECOND = replace(FIRST, name="second")


def copied(directory: Path) -> Stack:
    """The tiny stack, where a test may change it."""
    shutil.copytree(tiny.STACK.parent, directory / "tiny", ignore=shutil.ignore_patterns("__pycache__"))
    return load(directory / "tiny" / tiny.STACK.name, environ={})


def whole(error: UsageError) -> tuple[str | None, str | None]:
    """Where, and what there is instead, of a refusal that also says what is expected and what to do."""
    assert error.expected
    assert error.hint
    return error.where, error.got


def history(stack: Stack | None, *plans: Plan, failed: str = "", path: Path | None = None) -> History:
    """Of a run of these plans, of which one failed."""
    made = History(path, clock=ManualClock(), redactor=Redactor(stack.secrets if stack else ()))
    made.record(RunStart(from_=OLD, to=NEW) if stack is None else RunStart(**of_stack(stack), from_=OLD, to=NEW))
    for number, plan in enumerate(plans):
        with made.scope(environment=f"h{number}", scenario=plan.name):
            made.record(EnvironmentUp(f"h{number}", OLD, 1.0, 40 + number))
            made.record(PlanShown(plan.to_data(), list(plan.lines())))
            with made.scope(plan_step=2):
                outcome = "fail" if plan.name == failed else "pass"
                made.record(VerdictGiven("errors", outcome, "because", (), "", None), phase="deployed")
    return made


def test_a_plan_comes_back_as_it_was_with_its_stack_seed_and_failure(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    made = history(stack, FIRST, SECOND, failed="second").events
    first, second = saved_plan(made, FIRST.name), saved_plan(made, "second")
    assert (first.plan, second.plan) == (FIRST, SECOND)
    assert (first.file, first.seed, first.signature, first.step) == (stack.file, 40, None, None)
    assert (second.seed, second.step) == (41, 2)
    assert second.signature is not None
    assert second.signature.check == "errors"
    assert second.stack() == stack


def test_a_history_in_a_file_says_the_same(tmp_path: Path) -> None:
    from harness.history import read

    stack = copied(tmp_path)
    made = history(stack, FIRST, failed=FIRST.name, path=tmp_path / EVENTS)
    made.close()
    assert saved_plan(read(tmp_path / EVENTS)) == saved_plan(made.events)


def test_by_default_it_is_the_one_that_failed() -> None:
    made = history(None, FIRST, SECOND, failed="second").events
    assert saved_plan(made).plan.name == "second"
    assert saved_plan(made, FIRST.name).plan == FIRST


def test_the_only_one_needs_no_name() -> None:
    assert saved_plan(history(None, FIRST).events).plan == FIRST


def test_what_cannot_be_told_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="holds no plan") as caught:
        saved_plan(history(None).events, where="runs/1")
    assert whole(caught.value) == ("runs/1", None)
    with pytest.raises(UsageError, match="none of them failed") as caught:
        saved_plan(history(None, FIRST, SECOND).events, where="runs/1")
    assert whole(caught.value) == ("runs/1", "p, second")
    assert caught.value.hint == "--scenario 'p'"
    with pytest.raises(UsageError, match="no such plan") as caught:
        saved_plan(history(None, FIRST, SECOND).events, "x", "runs/1")
    assert (caught.value.where, caught.value.got, caught.value.expected) == ("runs/1", "x", "one of p, second")


def test_a_stack_whose_file_is_gone_is_refused(tmp_path: Path) -> None:
    saved = saved_plan(history(copied(tmp_path), FIRST).events)
    (tmp_path / "tiny" / "compose.yaml").unlink()
    with pytest.raises(UsageError, match="a file of its stack is gone") as caught:
        saved.stack()
    assert whole(caught.value) == (str(tmp_path / "tiny" / "compose.yaml"), "nothing there")


def test_a_file_that_was_merged_into_it_is_merged_again_and_refused_where_it_is_gone(tmp_path: Path) -> None:
    merged = copied(tmp_path).file.with_name("more.yaml")
    merged.write_text("x-harness: {workload: {rate: 33/s}}\n")
    stack = load(merged.with_name("compose.yaml"), [merged], environ={})
    saved = saved_plan(history(stack, FIRST).events)
    assert saved.overrides == (merged,)
    assert saved.stack() == stack
    merged.unlink()
    with pytest.raises(UsageError, match="a file of its stack is gone") as caught:
        saved.stack()
    assert caught.value.where == str(merged)


@pytest.mark.parametrize(("parts", "more"), [(5, ""), (6, "; and 1 more"), (8, "; and 3 more")])
def test_of_many_changes_of_a_stack_five_are_named_and_the_others_counted(
    parts: int, more: str, tmp_path: Path
) -> None:
    saved = saved_plan(history(copied(tmp_path), FIRST).events)
    others = {f"service s{number}": "ab" for number in range(parts)}
    with pytest.raises(UsageError, match="has changed since") as caught:
        replace(saved, digests={**saved.digests, **others}).stack()
    assert str(caught.value.got).count("service s") == 5
    assert str(caught.value.got).endswith(f"service s4{more}")


def test_a_stack_that_changed_is_refused_and_says_where(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    saved = saved_plan(history(stack, FIRST).events)
    stack.file.write_text(stack.file.read_text().replace("rate: 30/s", "rate: 31/s"))
    with pytest.raises(UsageError, match="has changed since") as caught:
        saved.stack()
    assert whole(caught.value) == (str(stack.file), "changed: x-harness workload")
    assert saved.stack(although_changed=True).harness.workload != stack.harness.workload


def test_a_change_that_says_the_same_is_none(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    saved = saved_plan(history(stack, FIRST).events)
    stack.file.write_text("# a comment\n" + stack.file.read_text())
    assert saved.stack().services == stack.services


def test_a_run_of_before_the_files_were_recorded_says_what_its_stack_was(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    made = History(clock=ManualClock())
    parts = [{"part": part, "said": said} for part, said in digests(stack).items()]
    made.record(RunStart(stack="tiny", file=str(stack.file), stack_digests=parts, files=["ab  compose.yaml"]))
    made.record(PlanShown(FIRST.to_data(), []))
    saved = saved_plan(made.events)
    assert saved.stack() == stack
    stack.file.write_text(stack.file.read_text().replace("rate: 30/s", "rate: 31/s"))
    with pytest.raises(UsageError, match="has changed since") as caught:
        saved.stack()
    assert caught.value.got == "changed: x-harness workload"


def test_a_release_that_the_plan_does_not_go_to_may_change(tmp_path: Path) -> None:
    stack = copied(tmp_path)
    goes = replace(FIRST, steps=(Deploy(phase="d", release=NEW),))
    found = [saved_plan(history(stack, plan).events) for plan in (FIRST, goes)]
    release = stack.file.parent / "compose.1.1.0.yaml"
    release.write_text(release.read_text().replace("1.1.0", "1.1.1"))
    assert found[0].stack().name == "tiny"
    with pytest.raises(UsageError, match="has changed since") as caught:
        found[1].stack()
    assert f"service web of release {NEW}" in str(caught.value.got)


def test_a_variable_that_has_another_value_is_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = saved_plan(history(copied(tmp_path), FIRST).events)
    monkeypatch.setenv("TINY_DEPLOYER", "lies")
    with pytest.raises(UsageError, match="has changed since"):
        saved.stack()


def test_an_older_run_that_does_not_say_what_its_stack_was_is_refused(tmp_path: Path) -> None:
    made = History(clock=ManualClock())
    made.record(RunStart(file=str(copied(tmp_path).file)))
    made.record(PlanShown(FIRST.to_data(), []))
    saved = saved_plan(made.events)
    with pytest.raises(UsageError, match="older version") as caught:
        saved.stack()
    assert whole(caught.value) == (str(saved.file), None)
    assert saved.stack(although_changed=True).name == "tiny"
    assert saved.seed is None


def test_a_run_without_a_stack_is_refused() -> None:
    with pytest.raises(UsageError, match="which stack") as caught:
        saved_plan(history(None, FIRST).events).stack()
    assert "`harness incident`" in str(caught.value)
    assert whole(caught.value) == ("p", None)


@pytest.mark.parametrize("plan", [None, 7, [], [1], {}])
def test_a_plan_that_is_none_is_refused_with_its_event(plan: object) -> None:
    made = History(clock=ManualClock())
    event = made.record(raw("plan", plan=plan, text=[]))
    with pytest.raises(UsageError, match="The plan in the history is damaged") as caught:
        saved_plan(made.events)
    assert caught.value.where == f"event {event.id}"
    assert caught.value.hint


@pytest.mark.parametrize("plan", [{"steps": "x"}, {"steps": [{"step": "no-such-step"}]}])
def test_a_plan_that_cannot_be_read_is_refused_with_its_event(plan: object) -> None:
    made = History(clock=ManualClock())
    event = made.record(raw("plan", plan=plan, text=[]))
    with pytest.raises(UsageError) as caught:
        saved_plan(made.events)
    assert f"event {event.id}" in str(caught.value.where)


def test_a_plan_of_a_history_that_lost_its_beginning_has_no_stack() -> None:
    made = History(clock=ManualClock())
    made.record(PlanShown(FIRST.to_data(), []))
    saved = saved_plan(made.events)
    assert (saved.plan, saved.file, saved.seed, dict(saved.digests)) == (FIRST, None, None, {})


def test_a_plan_that_held_a_secret_is_refused() -> None:
    data = {**FIRST.to_data(), "title": "hidden:1f2e3d4c5b6a"}
    made = History(clock=ManualClock())
    made.record(raw("plan", plan=data, text=[]))
    with pytest.raises(UsageError, match="holds a secret") as caught:
        saved_plan(made.events)
    assert whole(caught.value) == ("p", "hidden:...")


def test_no_part_of_a_stack_is_hidden_because_its_name_sounds_like_a_secret() -> None:
    stack = load(tiny.STACK, environ={})
    named = stack.model_copy(update={"services": {"token-store": stack.services["web"], **stack.services}})
    saved = saved_plan(history(named, FIRST).events)
    assert "service token-store" in saved.digests
    assert not any("hidden" in said for said in saved.digests.values())
