"""What a run has beside its history: environments, samples, its control; and what it does at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from harness import proc
from harness.engine import Engine, Swept
from harness.errors import EngineError, HarnessError, HistoryError
from harness.plan.control import ControlSpec
from harness.plan.run import Options, Run, of_stack
from harness.plan.subject import Subject
from harness.redaction import Redactor
from harness.stack import load
from suites.raw import raw, select
from suites.selftest.plan.made import NEW, OLD, tiny_stack

SECRET = "corr3ct-h0rse-battery"


class FakeEngine:
    """Names itself in errors that it is shown."""

    def describe(self) -> str:
        return "Docker 20.10.24 (API 1.41)"

    def name_in(self, error: BaseException) -> None:
        error.add_note("by this engine")


ENGINE = cast(Engine, FakeEngine())


class Standing:
    """An environment that stands until it is taken down."""

    def __init__(self, name: str, error: HarnessError | None = None, *, standing: bool = True) -> None:
        self.id, self.standing, self.error, self.downs, self.kept = name, standing, error, 0, not standing

    def down(self) -> None:
        self.downs += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories whose controls were ended."""
    found: list[Path] = []
    monkeypatch.setattr("harness.plan.run.end_all", found.append)
    return found


def with_environments(run: Run, *made: Standing) -> None:
    vars(run)["_environments"].extend(made)


def notes(run: Run) -> list[str]:
    return [one.data["text"] for one in select(run.history.events, "note")]


def test_a_run_says_which_stack_it_ran_on_with_all_that_was_merged_into_it(tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text("x-harness: {workload: {rate: 33/s}}\n")
    said = of_stack(load(tiny_stack().file, [more], environ={}))
    assert (said["stack"], said["file"], said["overrides"]) == ("tiny", str(tiny_stack().file), [str(more)])


def test_an_environment_is_the_runs_and_has_what_the_run_was_told(tmp_path: Path) -> None:
    options = Options(out=tmp_path, id="r1", worker="gw3", keep="failed", seed=77)
    with Run(ENGINE, options) as run:
        run.progress = lambda *_: None
        made = run.environment(tiny_stack(), OLD, test="a test", releases=[NEW])
        assert isinstance(made, Subject)
        assert (made.engine, made.history, made.release, made.seed) == (ENGINE, run.history, OLD, 77)
        assert made.stack == tiny_stack().at(OLD)
        assert set(made.prepared.stacks) == {OLD, NEW}
        inside = vars(made)
        owner = inside["_owner"]
        assert (owner.run, owner.worker, owner.test, owner.environment) == ("r1", "gw3", "a test", made.id)
        assert (inside["_keep"], inside["_progress"]) == ("failed", run.progress)
        assert inside["_evidence"] == tmp_path / "r1" / "evidence"
        assert run.samples(made) == tmp_path / "r1" / f"samples-{made.id}.bin"
        kept = [list(run.kept)]
        made.kept = True
        assert [*kept, list(run.kept)] == [[], [made]]


def test_nothing_is_told_of_images_before_anybody_wants_to_know(tmp_path: Path) -> None:
    with Run(ENGINE, Options(out=tmp_path)) as run:
        assert vars(run.environment(tiny_stack(), OLD, test=""))["_progress"] is None


@pytest.mark.parametrize("owner", ["", "1/2/3"])
def test_the_control_is_that_of_the_whole_run_and_ends_with_its_owner(
    owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def join(*given: Any) -> str:
        asked.append(given)
        return "joined"

    monkeypatch.setattr("harness.plan.run.join", join)
    with Run(ENGINE, Options(out=tmp_path, id="r1", name="part", owner=owner)) as run:
        assert cast(Any, run.control(tiny_stack(), OLD, 5.0)) == "joined"
        clock = run.history.clock
    assert asked == [
        (ControlSpec(tiny_stack(), OLD, "r1", owner or proc.identity(), 5.0), tmp_path / "r1", clock)
    ]  # fmt: skip


@pytest.mark.parametrize("owner", ["", "1/2/3"])
def test_a_run_ends_its_controls_and_a_part_of_one_leaves_them_to_its_owner(
    owner: str, tmp_path: Path, ended: list[Path]
) -> None:
    with Run(ENGINE, Options(out=tmp_path, id="r1", name="part", owner=owner)):
        assert ended == []
    assert ended == ([] if owner else [tmp_path / "r1"])


def test_what_still_stands_is_taken_down_once_and_what_cannot_be_is_noted(tmp_path: Path, ended: list[Path]) -> None:
    stuck = Standing("h1", EngineError("the network is held"))
    sound, kept = Standing("h2"), Standing("h3", standing=False)
    with Run(ENGINE, Options(out=tmp_path, id="r1")) as run:
        with_environments(run, stuck, kept, sound)
        run.take_down()
        assert run.kept == (cast(Any, kept),)
    assert [one.downs for one in (stuck, sound, kept)] == [1, 1, 0]
    assert notes(run) == ["h1 could not be taken down: the network is held"]
    assert ended == [tmp_path / "r1"]


def test_what_broke_a_run_is_raised_with_what_could_not_be_cleaned_up_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end_all(_: Path) -> None:
        raise EngineError("the control goes on")

    monkeypatch.setattr("harness.plan.run.end_all", end_all)
    with pytest.raises(ValueError, match="it broke") as caught, Run(ENGINE, Options(out=tmp_path)):
        raise ValueError("it broke")
    assert caught.value.__notes__ == ["and while cleaning up: the control goes on"]


def changed(out: Path, error: Exception | None = None) -> None:
    """A run during which somebody changes a byte of what it wrote; it may break as well."""
    with Run(ENGINE, Options(out=out)) as run:
        run.history.record(raw("note", text="before"))
        file = run.directory / "events.jsonl"
        file.write_bytes(file.read_bytes().replace(b"before", b"BEFORE"))
        if error is not None:
            raise error


def test_a_history_that_somebody_changed_meanwhile_breaks_the_run_and_hides_no_other_error(tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        changed(tmp_path)
    with pytest.raises(ValueError, match="it broke"):
        changed(tmp_path, ValueError("it broke"))


@pytest.mark.parametrize(
    ("swept", "told"),
    [
        (Swept(), []),
        (Swept(environments=("h9",)), [str(Swept(environments=("h9",)))]),
        (Swept(images=2), ["2 unnamed images of killed builds removed"]),
        (Swept(held=("n1",)), [str(Swept(held=("n1",)))]),
        (Swept(problems=("a", "b")), ["the sweep of dead runs: a", "the sweep of dead runs: b"]),
    ],
)
def test_what_was_swept_and_what_could_not_be_is_noted(
    swept: Swept, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Engine] = []

    def sweep(engine: Engine) -> Swept:
        asked.append(engine)
        return swept

    monkeypatch.setattr("harness.plan.run.sweep", sweep)
    with Run(ENGINE, Options(out=tmp_path)) as run:
        run.start()
    assert asked == [ENGINE]
    assert notes(run) == told


def test_an_error_is_recorded_with_its_notes_its_engine_and_without_secrets(tmp_path: Path) -> None:
    error = EngineError(f"{SECRET} was refused")
    error.add_note("and more")
    with Run(ENGINE, Options(out=tmp_path, redactor=Redactor([SECRET]))) as run:
        verdict = run.failed(error)
        run.history.record(raw("note", text=f"it was {SECRET}"))
    assert verdict.check == "run"
    assert SECRET not in (run.directory / "events.jsonl").read_text() + verdict.reason + str(error)
    (event,) = select(run.history.events, "run.error")
    assert event.data["message"] == f"{error}\nand more\nby this engine"


def test_an_error_takes_down_what_stands_before_it_is_recorded(tmp_path: Path) -> None:
    standing = Standing("h1")
    with Run(ENGINE, Options(out=tmp_path)) as run:
        with_environments(run, standing)
        run.failed(ValueError("x"))
        assert standing.downs == 1
