"""Gates of a corpus: which, in which order, what they saw, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.diagnoses import Diagnosed, Diagnosis
from harness.history import Event
from harness.selftest import record
from harness.selftest.corpus import Corpus, read
from harness.selftest.detected import detected
from harness.selftest.detection import sample, table
from harness.selftest.detection_summary import line, summary, word
from harness.selftest.table import Result
from suites.selftest.selftest.corpora import DEFECT, small

REASON = "backend-1 runs 4.1.1, not 4.1.0"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    stack = small(tmp_path)
    for folder, name in (("defects", "wrong"), ("variants", "comment")):
        file = next((tmp_path / folder / name).iterdir())
        for n in range(9):
            more = tmp_path / folder / f"{name}-{n}" / file.name
            more.parent.mkdir()
            more.write_text(file.read_text())
    return read(stack)


def verdict(n: int, outcome: str, check: str, phase: str, reason: str) -> Event:
    data: dict[str, Any] = {
        "check": check,
        "outcome": outcome,
        "reason": reason,
        "evidence": [],
        "look": "",
        "parameters": None,
    }
    return Event(n, 100.0 + n, float(n), "verdict", {**data, "phase": phase})


def end(reason: str, outcome: str = "fail") -> Event:
    return Event(99, 199.0, 99.0, "run.end", {"outcome": outcome, "reason": reason, "exit_code": 1})


def result(name: str, exit_code: int, *, defect: bool = True, named: bool = False, **more: Any) -> Result:
    details = {
        "by": "release rolled-back",
        "named": named,
        "after": 31.0,
        "class": 5 if defect else None,
        "suffers": "Everybody.",
        "on": "2012-04-08",
        **more,
    }
    return Result(0, "gate", name, defect, exit_code, 1, 61.0, reason=REASON, details=details)


# -- the table ---------------------------------------------------------------------------------------------------------


def test_every_overlay_is_gated_as_often_as_it_is_wanted_in_an_order_that_the_seed_decides(corpus: Corpus) -> None:
    first = [case.variant.name for case in table(corpus.all, 1, repeat=2)]
    assert first == [case.variant.name for case in table(corpus.all, 1, repeat=2)]
    assert first != [case.variant.name for case in table(corpus.all, 2, repeat=2)]
    assert sorted(first[:20]) == sorted(first[20:]) == sorted(one.name for one in corpus.all)
    assert [case.n for case in table(corpus.all, 1)] == list(range(20))


def test_the_table_knows_what_is_a_defect_and_hands_the_gate_nothing_of_it(corpus: Corpus) -> None:
    for case in table(corpus.all, 1, arguments=["--hold", "2"]):
        assert case.variant.defect is case.variant.name.startswith("wrong")
        assert case.variant.arguments == ("--hold", "2")
        assert not case.variant.environment
        assert not case.variant.overrides


def test_a_gate_that_its_overlay_tells_to_soak_does_and_what_the_caller_says_comes_last(tmp_path: Path) -> None:
    corpus = read(small(tmp_path, DEFECT + "gate: [--soak, 5m]\n"))
    told = {case.variant.name: case.variant.arguments for case in table(corpus.all, 1, arguments=["--soak", "9m"])}
    assert told == {"wrong": ("--soak", "5m", "--soak", "9m"), "comment": ("--soak", "9m")}


def test_the_samples_of_successive_turns_come_to_the_whole_corpus(corpus: Corpus) -> None:
    assert [one.defect is not None for one in sample(corpus, 0, defects=3, variants=2)] == [True] * 3 + [False] * 2
    turns = [sample(corpus, turn, defects=3, variants=2) for turn in range(5)]
    assert {one.name for turn in turns for one in turn} == {one.name for one in corpus.all}
    assert turns[0] == sample(corpus, 0, defects=3, variants=2)
    assert turns[0] != turns[1]
    assert len(sample(corpus, 7, defects=50, variants=50)) == 20


# -- what a gate saw ---------------------------------------------------------------------------------------------------


def test_the_verdict_that_says_the_cause_is_the_one_that_named_it() -> None:
    events = (
        verdict(1, "pass", "release", "deployed", "all run 4.1.1"),
        verdict(30, "fail", "requests", "rolled-back", "3 of 500 failed"),
        verdict(31, "fail", "release", "rolled-back", REASON),
        end("3 of 500 failed"),
    )
    found = detected(events, [r"backend-1 runs 4\.1\.1"])
    assert (found.named, found.by, found.after) == (True, "release rolled-back", 30.0)
    assert [one[0] for one in found.failed] == ["requests", "release"]


def test_a_failure_that_does_not_say_the_cause_has_only_noticed_it() -> None:
    found = detected(
        (verdict(30, "fail", "requests", "rolled-back", "3 of 500 failed"), end("3 of 500 failed")), ["4.1.1"]
    )
    assert (found.named, found.by, found.after) == (False, "requests rolled-back", 30.0)


def test_a_diagnosis_may_name_the_cause_and_names_nothing_where_nothing_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Diagnosis("the second rollback went forward", "22", (), "", (), name="second_rollback")
    monkeypatch.setattr("harness.selftest.detected.diagnose", lambda _: Diagnosed((one,)))
    events = (verdict(30, "fail", "requests", "rolled-back", "3 failed"), end("3 failed"))
    assert detected(events, ["went forward"]).by == "the diagnosis second_rollback"
    assert detected(events, ["went back"]).by == "requests rolled-back"
    assert not detected((end("went forward", "pass"),), ["went forward"]).named


def test_words_of_a_verdict_that_did_not_fail_name_nothing() -> None:
    for outcome in ("pass", "unknown"):
        events = (verdict(1, outcome, "release", "rolled-back", REASON), end(REASON, outcome))
        found = detected(events, ["backend-1"])
        assert (found.named, found.by, found.after, found.failed) == (False, "", None, ())


# -- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (result("a", 1, named=True), "named"),
        (result("a", 1), "noticed"),
        (result("a", 0), "missed"),
        (result("a", 2), "unknown"),
        (result("a", 3), "error"),
        (result("a", -9), "exit -9"),
        (result("a", 0, defect=False), "quiet"),
        (result("a", 1, defect=False), "alarm"),
    ],
)
def test_what_came_of_a_gate_has_one_word(one: Result, said: str) -> None:
    assert word(one) == said
    assert said in line(one, 1, 20)
    assert len(line(one, 1, 20)) <= 80


def test_the_summary_counts_with_intervals_and_names_what_was_missed_with_the_command_that_repeats_it() -> None:
    results = [*[result(f"d{n}", 1, named=n < 2) for n in range(3)], result("d3", 0), result("v", 1, defect=False)]
    text = "\n".join(summary(results, 6, ["harness", "selftest", "detection"]))
    assert "5 of 6 gates" in text
    assert "caught     3 of 4 defects; 24.9% to 98.7%" in text
    assert "named      2 of 4 defects" in text
    assert "alarms     1 of 1 harmless variants" in text
    for name in ("d2", "d3", "v"):
        assert f"again: harness selftest detection --only {name}" in text
    assert "--only d1" not in text
    assert text.count("what it does: Everybody.") == 1
    assert ["5", "4", "2", "1", "1", "0"] in [text.split() for text in text.splitlines()], "by class"


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_what_was_measured_is_kept_beside_the_stack_without_what_is_gone(corpus: Corpus) -> None:
    found = record.gated([result("wrong", 1, named=True), result("gone", 1)])
    record.save(corpus, record.merged({"wrong": {"proof": "seen"}}, found))
    kept = record.load(corpus)
    assert kept.keys() == {"wrong"}
    assert (kept["wrong"]["came"], kept["wrong"]["proof"], kept["wrong"]["after"]) == ("named", "seen", 31.0)
    assert kept["wrong"]["on"] == "2012-04-08", "the day of the gate, not of the record"


def test_the_table_says_how_the_last_gate_was_called_and_forgets_how_an_earlier_one_was(corpus: Corpus) -> None:
    soaked = record.merged({}, record.gated([result("wrong", 1, named=True, gate="--soak 5m")]))
    assert "| named with `--soak 5m` | release rolled-back |" in record.page(corpus, soaked, "again")
    proven = record.merged(soaked, {"wrong": {"proof": "seen"}})
    assert proven["wrong"]["gate"] == "--soak 5m", "a proof is no gate"
    plain = record.merged(proven, record.gated([result("wrong", 0, gate="")]))
    assert "gate" not in plain["wrong"]
    assert "| missed |" in record.page(corpus, plain, "again")


def test_the_table_of_the_document_says_what_was_not_run(corpus: Corpus) -> None:
    known = record.merged({}, record.gated([result("wrong", 1, named=True), result("wrong-1", 0, by="", after=None)]))
    text = record.page(corpus, known, "harness selftest detection")
    lines = {text.split("`")[1]: text for text in text.splitlines() if text.startswith("| `")}
    assert "| named | release rolled-back | 31 | not run |" in lines["wrong"]
    assert "| missed |  |  | not run |" in lines["wrong-1"]
    assert "| not run | | " in lines["wrong-2"]
    assert "| not run | | " in lines["comment"]
    assert "| defects | 10 | 2 | 1 (3% to 97%) | 1 (3% to 97%) | 1 (3% to 97%) |" in text
    assert "| harmless variants | 10 | 0 |" in text
