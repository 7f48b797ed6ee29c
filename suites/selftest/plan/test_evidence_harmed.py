"""A small real run, of which one file is cut, flipped, doubled or put in another order: judged again, it is no pass.

The load is real, against a server of this machine; what was read back is as a test wants it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HistoryError
from harness.events import RunEnd
from harness.history import EVENTS, Event, History, read
from harness.plan.judging import as_events, judge, judge_again
from harness.probes.readback import probe
from harness.report import Report
from harness.samples import read as read_samples
from harness.samples.records import MAGIC, SAMPLE
from harness.stack import Readback
from harness.verdict import Outcome, Verdict, combine
from harness.workload import Workload
from suites.raw import fields, raw
from suites.selftest.probes.test_readback import Says
from suites.selftest.workload.made import spec
from suites.selftest.workload.server import good, serving

pytestmark = pytest.mark.programs

ASK = Readback.model_validate({"in": "database", "command": ["ask"]})
SEED = 20120404
RELEASE: dict[str, Any] = {"release": "1.0", "replicas": ["web-1"]}


def run(directory: Path, *, lost: int) -> Path:
    """A run whose acknowledged work is read back but for the last `lost` pieces."""
    history = History(directory / EVENTS)
    history.record(raw("run.start", stack="small"))
    with history.scope(environment="h1"):
        with serving(good) as server:
            given = spec(server.port, rate=20.0, acknowledged="{key}")
            with Workload(given, history, samples=directory / "samples-h1.bin") as load:
                load.baseline(0.5, "p")
                load.stop()
                until = load.caught_up()
        names = [json.loads(line)[1] for line in (directory / "promises-h1.jsonl").read_text().splitlines()]
        with history.phase("p"):
            probe(history, Says("\n".join(names[: len(names) - lost])), ASK, load.key, history.at(until or 0.0))
            history.record(raw("probe.release", replica="web-1", release="1.0", error=None))
            samples = read_samples(directory, history.events)
            verdicts = [
                judge(name, history.events, samples, environment="h1", phase="p", parameters=parameters)
                for name, parameters in (("acknowledged", {}), ("release", RELEASE))
            ]
            for verdict in verdicts:
                history.record(raw("verdict", **fields(verdict)))
    whole = combine(verdicts)
    history.end(RunEnd(outcome=str(whole.outcome), reason=whole.reason, exit_code=whole.outcome.exit_code))
    history.close()
    return directory


def as_of_an_earlier_version(directory: Path) -> None:
    """Take out what that did not count."""
    events = [event for event in read(directory / EVENTS) if event.kind != "workload.saved"]
    ids = {event.id: number for number, event in enumerate(events)}
    made = []
    for number, event in enumerate(events):
        data = {key: value for key, value in event.data.items() if key not in ("sha256", "events")}
        if "start" in data:
            data["start"] = ids[data["start"]]
        made.append(dataclasses.replace(event, id=number, data=data))
    (directory / EVENTS).write_text("".join(f"{event.to_json()}\n" for event in made))


def again(directory: Path) -> Verdict | None:
    """As `harness judge`; None where the history is refused."""
    try:
        events = read(directory / EVENTS)
        samples = read_samples(directory, events)
        return Report.of(as_events(events, judge_again(events, samples), samples)).run
    except HistoryError:
        return None


def passes(directory: Path) -> bool:
    found = again(directory)
    return found is not None and found.outcome is Outcome.PASS


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One that lost its last piece, one that lost nothing; each also as an earlier version wrote it."""
    found = {}
    for name, lost in (("lost", 1), ("whole", 0)):
        found[name] = run(tmp_path_factory.mktemp(name), lost=lost)
        found[f"{name}, old"] = tmp_path_factory.mktemp(f"{name}-old") / "run"
        shutil.copytree(found[name], found[f"{name}, old"])
        as_of_an_earlier_version(found[f"{name}, old"])
    return found


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("lost", "fail"), ("lost, old", "fail"), ("whole", "pass"), ("whole, old", "pass")],
)
def test_as_it_was_written_it_is_judged_as_it_was(runs: dict[str, Path], name: str, outcome: str) -> None:
    found = again(runs[name])
    assert found is not None
    assert str(found.outcome) == outcome, found.reason


def harmed(data: bytes, pieces: list[bytes], head: bytes, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    """What a file could look like that was harmed; never as it was."""
    for size in range(len(data)):
        yield f"cut at {size}", data[:size]
    for at in range(len(data)):
        yield f"flipped at {at}", data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :]
    for at, piece in enumerate(pieces):
        yield f"piece {at} twice", head + b"".join([*pieces[:at], piece, *pieces[at:]])
        yield f"piece {at} out", head + b"".join([*pieces[:at], *pieces[at + 1 :]])
        other = draw.randrange(len(pieces))
        mixed = list(pieces)
        mixed[at], mixed[other] = mixed[other], mixed[at]
        if mixed != pieces:
            yield f"pieces {at} and {other} swapped", head + b"".join(mixed)


def pieces_of(path: Path, data: bytes) -> tuple[bytes, list[bytes]]:
    """What it begins with, and the records or lines that follow."""
    if path.suffix != ".bin":
        return b"", data.splitlines(keepends=True)
    size, head = SAMPLE.itemsize, len(MAGIC)
    return data[:head], [data[at : at + size] for at in range(head, len(data), size)]


def files(directory: Path) -> list[Path]:
    found = sorted(path for path in directory.iterdir() if path.is_file() and path.name != EVENTS)
    assert [path.name.split("-")[0] for path in found] == ["promises", "readback", "samples"]
    return found


@pytest.mark.parametrize("name", ["lost", "whole"])
def test_harm_to_a_file_that_the_history_refers_to_is_never_a_pass(runs: dict[str, Path], name: str) -> None:
    draw, passed = random.Random(SEED), []
    for path in files(runs[name]):
        data = path.read_bytes()
        head, pieces = pieces_of(path, data)
        for what, bytes_ in harmed(data, pieces, head, draw):
            path.write_bytes(bytes_)
            if passes(runs[name]):
                passed.append((path.name, what))
        path.unlink()
        if passes(runs[name]):
            passed.append((path.name, "gone"))
        path.write_bytes(data)
    assert passed == []
    assert again(runs[name]) is not None, "and it is whole again"


def test_a_file_of_an_earlier_version_that_is_cut_makes_no_pass_of_a_fail(runs: dict[str, Path]) -> None:
    directory, passed = runs["lost, old"], []
    for path in files(directory):
        data = path.read_bytes()
        head, pieces = pieces_of(path, data)
        cuts = [(f"cut at {size}", data[:size]) for size in range(len(data))]
        cuts += [(f"piece {n} out", head + b"".join([*pieces[:n], *pieces[n + 1 :]])) for n in range(len(pieces))]
        cuts += [(f"piece {n} twice", head + b"".join([*pieces[: n + 1], *pieces[n:]])) for n in range(len(pieces))]
        for what, bytes_ in cuts:
            path.write_bytes(bytes_)
            if passes(directory):
                passed.append((path.name, what))
        path.write_bytes(data)
    assert passed == []


@pytest.mark.parametrize("name", ["lost", "whole"])
def test_harm_to_the_history_itself_is_never_a_pass(runs: dict[str, Path], name: str) -> None:
    path, draw = runs[name] / EVENTS, random.Random(SEED)
    data, passed = path.read_bytes(), []
    _, pieces = pieces_of(path, data)
    end = len(data) - len(pieces[-1])  # what the end says of itself is no evidence: flips are of what comes before it
    every = list(harmed(data, pieces, b"", draw))
    lines = [one for one in every if one[0].startswith("piece")]
    cuts = [one for one in every if one[0].startswith("cut")]
    flips = [one for one in every if one[0].startswith("flipped") and int(one[0].split()[-1]) < end]
    for what, bytes_ in (*lines, *draw.sample(cuts, 400), *draw.sample(flips, 400)):
        path.write_bytes(bytes_)
        if passes(runs[name]):
            passed.append(what)
    path.write_bytes(data)
    assert passed == []


def test_a_history_whose_end_is_cut_off_keeps_its_fails_and_has_no_passes(runs: dict[str, Path]) -> None:
    for name, outcome in (("lost", Outcome.FAIL), ("whole", Outcome.UNKNOWN)):
        path = runs[name] / EVENTS
        data = path.read_bytes()
        path.write_bytes(b"".join(data.splitlines(keepends=True)[:-1]))
        found = again(runs[name])
        path.write_bytes(data)
        assert found is not None
        assert found.outcome is outcome


def test_the_digest_of_the_history_is_that_of_its_lines(runs: dict[str, Path]) -> None:
    *before, last = (runs["whole"] / EVENTS).read_bytes().splitlines(keepends=True)
    assert Event.from_json(last.decode()).data["sha256"] == hashlib.sha256(b"".join(before)).hexdigest()
