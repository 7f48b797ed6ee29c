import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.history import History
from harness.report import Report, allure
from suites.raw import raw
from suites.selftest.report.made import events


def results(folder: Path) -> dict[str, Any]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    return {result["name"]: result for result in found}


def test_every_phase_is_a_test_with_its_steps_and_verdicts(tmp_path: Path) -> None:
    assert allure.save(Report.of(events(broken=True)), tmp_path) == 4
    found = results(tmp_path)
    assert set(found) == {"run", "baseline", "deployed", "rolled-back"}
    assert found["deployed"]["status"] == "passed"
    assert found["rolled-back"]["status"] == "failed"
    assert "backend-2 runs 4.1.1" in found["rolled-back"]["statusDetails"]["message"]
    names = [step["name"] for step in found["deployed"]["steps"]]
    assert names[:2] == ["deploy 4.1.1", "verify 4.1.1 on every replica"]
    assert found["deployed"]["steps"][1]["steps"][0]["name"] == "watch 3 logs"
    assert found["deployed"]["stop"] - found["deployed"]["start"] == 10_000


def test_unknown_is_broken_and_has_a_category(tmp_path: Path) -> None:
    allure.save(Report.of(events(unknown=True)), tmp_path)
    assert results(tmp_path)["deployed"]["status"] == "broken"
    categories = json.loads((tmp_path / "categories.json").read_text())
    assert any("broken" in category["matchedStatuses"] for category in categories)


def test_a_run_that_did_not_end_is_broken(tmp_path: Path) -> None:
    allure.save(Report.of(events()[:-1]), tmp_path)
    assert results(tmp_path)["run"]["status"] == "broken"
    allure.save(Report.of(()), tmp_path / "empty")
    assert results(tmp_path / "empty")["run"]["status"] == "broken"


def test_the_history_and_the_deployers_output_are_attached(tmp_path: Path) -> None:
    history = tmp_path / "events.jsonl"
    history.write_text("{}\n")
    folder = tmp_path / "results"
    allure.save(Report.of(events()), folder, attachments=[history, tmp_path / "missing"])
    found = results(folder)
    (attached,) = found["run"]["attachments"]
    assert (attached["name"], (folder / attached["source"]).read_text()) == ("events.jsonl", "{}\n")
    (output,) = found["deployed"]["attachments"]
    text = (folder / output["source"]).read_text()
    assert text.startswith("$ deployctl deploy 4.1.1\n")
    assert text.count("draining") == 15
    assert text.endswith("[exit, exit code 0]\n")


def test_the_environment_is_written_as_properties_and_nothing_half_written_stays(tmp_path: Path) -> None:
    allure.save(Report.of(events()), tmp_path)
    text = (tmp_path / "environment.properties").read_text()
    assert "from=4.1.0\n" in text
    assert "engine=Docker 20.10.24 (API 1.41)\n" in text
    assert "machine.cores=2\n" in text
    assert not list(tmp_path.glob("*.tmp"))


def test_a_phase_keeps_its_history_from_run_to_run(tmp_path: Path) -> None:
    for name in ("one", "two"):
        allure.save(Report.of(events()), tmp_path / name)
    ids = [results(tmp_path / name)["deployed"]["historyId"] for name in ("one", "two")]
    assert ids[0] == ids[1]


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(codec=None), max_size=30))
def test_any_text_can_be_written(text: str) -> None:
    import tempfile

    history = History(clock=ManualClock())
    history.record(raw("run.start", stack=text, engine=text, machine={text: text}, **{"from": text, "to": text}))
    history.record(raw("deployer.start", verb=text, command=[text], phase=text))
    history.record(raw("verdict", check=text, outcome="fail", reason=text, evidence=[0], look=text, phase=text))
    with tempfile.TemporaryDirectory() as folder:
        assert allure.save(Report.of(history.events), Path(folder)) >= 1
