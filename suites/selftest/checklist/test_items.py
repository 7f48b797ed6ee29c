"""Which items a checklist has, and what ticks them: evidence that is there, whole, of these files and not too old."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.checklist.document import State
from harness.checklist.questions import QUESTIONS
from harness.errors import HarnessError, UsageError
from harness.plan.inputs import inputs
from harness.verdict import Outcome
from suites.selftest.checklist.made import CHECKLIST, KEYS, NOW, by_key, world

GATE = [one.key for one in QUESTIONS]


def test_a_gate_that_passed_ticks_every_question_and_names_its_run(tmp_path: Path) -> None:
    made = world(tmp_path)
    found = by_key(made.make(made.run()))
    assert {key: found[key].state for key in (*GATE, "gate.all")} == dict.fromkeys((*GATE, "gate.all"), State.TICKED)
    assert [one.name for one in found["gate.deployed"].evidence] == ["run"]
    assert found["gate.deployed"].expires == pytest.approx(made.clock.now() - 0.1 + 86400, abs=1)


def test_without_a_run_every_question_is_unknown(tmp_path: Path) -> None:
    found = by_key(world(tmp_path).make())
    assert {found[key].state for key in (*GATE, "gate.all")} == {State.UNKNOWN}


@pytest.mark.parametrize(("question"), QUESTIONS, ids=GATE)
def test_a_question_whose_verdicts_are_not_there_is_unknown(tmp_path: Path, question: object) -> None:
    made = world(tmp_path)
    for index, needed in enumerate(question.needed):  # type: ignore[attr-defined]
        item = by_key(made.make(made.run(f"run{index}", without=[needed])))[question.key]  # type: ignore[attr-defined]
        assert (item.state, item.expires) == (State.UNKNOWN, None)
        assert f"{needed[1]} ({needed[0]})" in item.why


@pytest.mark.parametrize(
    ("outcome", "state"), [(Outcome.FAIL, State.FAILED), (Outcome.UNKNOWN, State.UNKNOWN)], ids=["fail", "unknown"]
)
def test_a_verdict_that_did_not_pass_takes_the_tick_of_its_question_alone(
    tmp_path: Path, outcome: Outcome, state: State
) -> None:
    made = world(tmp_path)
    found = by_key(made.make(made.run(outcomes={("rolled-back", "trace"): outcome})))
    assert found["gate.no-trace"].state is state
    assert found["gate.all"].state is state
    assert found["gate.taken-back"].state is state  # it is a verdict of that phase too
    assert found["gate.deployed"].state is State.TICKED


def test_a_verdict_that_no_question_asks_for_is_not_lost(tmp_path: Path) -> None:
    made = world(tmp_path)
    found = by_key(made.make(made.run(outcomes={("soak", "growth"): Outcome.FAIL})))
    assert found["gate.all"].state is State.FAILED


def test_a_failure_in_one_of_two_runs_counts(tmp_path: Path) -> None:
    made = world(tmp_path)
    good, bad = made.run("good"), made.run("bad", {("deployed", "release"): Outcome.FAIL})
    assert by_key(made.make(good, bad))["gate.deployed"].state is State.FAILED


def test_a_run_that_did_not_come_to_its_end_ticks_nothing(tmp_path: Path) -> None:
    made = world(tmp_path)
    found = by_key(made.make(made.run(ends=False)))
    assert {found[key].state for key in GATE} == {State.UNKNOWN}
    assert "did not come to its end" in found["gate.deployed"].why


def test_a_run_on_other_files_ticks_nothing_and_the_file_is_named(tmp_path: Path) -> None:
    made = world(tmp_path)
    run = made.run()
    made.write("web/app.py", "print('another')\n")
    found = by_key(made.make(run))
    assert {found[key].state for key in GATE} == {State.UNKNOWN}
    assert "web/app.py changed" in found["gate.deployed"].why


def test_a_run_on_another_value_of_a_variable_ticks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(tmp_path, edit=lambda text: text.replace("MODE: plain", 'MODE: "${MODE:-plain}"'))
    run = made.run()
    monkeypatch.setenv("MODE", "special")
    assert "(service web) changed" in by_key(made.make(run))["gate.deployed"].why


def test_a_run_that_did_not_record_its_files_ticks_nothing(tmp_path: Path) -> None:
    made = world(tmp_path)
    parts = [line for line in inputs(made.stack(), ("1.0", "1.1")) if line.endswith(")")]
    for number, files in enumerate(((), tuple(parts))):
        assert "did not record" in by_key(made.make(made.run(str(number), files=files)))["gate.deployed"].why


def test_a_run_that_is_too_old_ticks_nothing(tmp_path: Path) -> None:
    made = world(tmp_path)
    run = made.run()
    assert by_key(made.make(run, now=NOW + 20 * 3600))["gate.deployed"].state is State.TICKED
    item = by_key(made.make(run, now=NOW + 25 * 3600))["gate.deployed"]
    assert (item.state, "25 hours ago" in item.why) == (State.UNKNOWN, True)


def test_a_run_from_the_future_ticks_nothing(tmp_path: Path) -> None:
    made = world(tmp_path)
    item = by_key(made.make(made.run(), now=NOW - 7200))["gate.deployed"]
    assert (item.state, "a clock is wrong" in item.why) == (State.UNKNOWN, True)


def test_a_run_of_another_release_is_refused(tmp_path: Path) -> None:
    made = world(tmp_path)
    run = made.run(to="1.2")
    with pytest.raises(UsageError, match="not a gate of this release"):
        made.make(run)


def test_a_history_that_was_changed_after_its_end_is_refused(tmp_path: Path) -> None:
    made = world(tmp_path)
    run = made.run(outcomes={("deployed", "release"): Outcome.FAIL})
    file = run / "events.jsonl"
    file.write_text(file.read_text().replace('"outcome":"fail"', '"outcome":"pass"'))
    with pytest.raises(HarnessError, match="changed after the run had ended"):
        made.make(run)


def test_a_place_without_a_run_is_refused(tmp_path: Path) -> None:
    made = world(tmp_path)
    with pytest.raises(UsageError, match="There is no run here"):
        made.make(tmp_path / "nowhere")


def test_a_check_that_the_stack_switched_off_stands_in_the_reason(tmp_path: Path) -> None:
    made = world(tmp_path)
    run = made.run()
    assert "not checked" not in by_key(made.make(run))["gate.all"].why


# -- what the stack declares -------------------------------------------------------------------------------------------


def test_an_item_for_a_person_is_open_and_one_for_tests_is_unknown(tmp_path: Path) -> None:
    made = world(tmp_path)
    found = by_key(made.make(made.run()))
    person, test = found["support-knows"], found["runbook"]
    assert (person.state, person.who, person.because) == (State.OPEN, "the release manager", "customers call them")
    assert (test.state, test.who) == (State.UNKNOWN, "")


def test_what_does_not_concern_the_stack_is_left_out_with_its_reason_and_is_no_tick(tmp_path: Path) -> None:
    text = CHECKLIST + '    leave_out: {gate.acknowledged: "it acknowledges nothing"}\n'
    made = world(tmp_path, text)
    item = by_key(made.make(made.run(without=[("rolled-back", "acknowledged")])))["gate.acknowledged"]
    assert (item.state, item.why) == (State.LEFT_OUT, "it acknowledges nothing")


def test_what_failed_is_not_left_out(tmp_path: Path) -> None:
    text = CHECKLIST + '    leave_out: {gate.acknowledged: "it acknowledges nothing"}\n'
    made = world(tmp_path, text)
    run = made.run(outcomes={("rolled-back", "acknowledged"): Outcome.FAIL})
    assert by_key(made.make(run))["gate.acknowledged"].state is State.FAILED


# -- what differs between the releases ---------------------------------------------------------------------------------


def test_what_does_not_differ_is_ticked_and_what_does_is_for_a_person(tmp_path: Path) -> None:
    made = world(tmp_path)
    same = by_key(made.make(made.run()))
    keys = [f"release.{one}" for one in ("configuration", "ports", "volumes", "images")]
    assert {same[key].state for key in keys} == {State.TICKED}
    made.write(
        "compose.1.1.yaml",
        "services:\n  web: {build: {args: {V: 2}}, ports: ['80:8080'], volumes: [d:/d],"
        " environment: {MODE: other, T: 1}}\n"
        "volumes: {d: {}}\n",
    )
    found = by_key(made.make())
    assert {found[key].state for key in keys} == {State.OPEN}
    assert found["release.configuration"].why == "web: environment MODE changes; web: environment T is new"
    assert found["release.ports"].why == "web: port 8080/tcp as 80 is new"
    assert found["release.volumes"].why == "web: mount /d is new"
    assert found["release.images"].why == "web: build argument V is new"


def test_no_value_of_a_variable_is_in_the_document(tmp_path: Path) -> None:
    made = world(tmp_path)
    made.write(
        "compose.1.1.yaml", "services: {web: {build: {args: {API_TOKEN: s3cr3t-value}}, environment: {M: hunter22}}}\n"
    )
    text = str(made.make())
    assert "s3cr3t-value" not in text
    assert "hunter22" not in text


def test_a_cache_whose_keys_change_is_for_a_person_and_one_that_nobody_looked_into_is_unknown(tmp_path: Path) -> None:
    made = world(tmp_path)
    assert by_key(made.make(made.run("same")))["release.cache"].state is State.TICKED
    keys = {"plan:<n>": {**KEYS["plan:<n>"], "type": "hash"}}
    changed = by_key(made.make(made.run("other", keys=keys)))["release.cache"]
    assert (changed.state, "cache-1" in changed.why) == (State.OPEN, True)
    assert by_key(made.make())["release.cache"].state is State.UNKNOWN


@pytest.mark.parametrize(
    "keys", [{"plan:<n>": 7}, {"plan:<n>": {"type": None}}, {"plan:<n>": {"ttl": "x", "type": "y"}}]
)
def test_a_fingerprint_that_cannot_be_compared_is_no_tick(tmp_path: Path, keys: Mapping[str, object]) -> None:
    made = world(tmp_path)
    assert by_key(made.make(made.run(keys=keys)))["release.cache"].state is State.UNKNOWN


def test_a_service_that_comes_or_goes_is_a_difference(tmp_path: Path) -> None:
    made = world(tmp_path)
    made.write("compose.1.1.yaml", "services: {worker: {image: w}}\n")
    assert "worker is new" in by_key(made.make())["release.images"].why
