"""The file of a checklist: what is torn, foreign, newer, hostile or huge is said in clear words, and gives no tick."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checklist import html, markdown, terminal
from harness.checklist.document import Checklist, State, digest, read, save
from harness.checklist.signing import generate, known, sign
from harness.checklist.ticking import tick
from harness.checklist.verifying import verify
from harness.errors import HarnessError, UsageError
from harness.stack import load
from harness.verdict import Outcome
from suites.selftest.checklist.made import NOW, VOUCHED, World, world

RAN = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    found = world(tmp_path_factory.mktemp("stack"))
    found.run()
    return found


def holding(made: World) -> tuple[Checklist, Path]:
    """A document of which everything holds, and the directory of the keys."""
    keys = made.root / "keys"
    if not (keys / "ada.key").exists():
        generate("ada", keys)
    results = made.write("vouched.json", json.dumps(VOUCHED))
    ticked = tick(made.make(made.root / "runs/run", suites=[results]), "support-knows", "ada", "told them", NOW + 30)
    return sign(ticked, "ada", keys / "ada.key", NOW + 60), keys


@pytest.fixture(scope="module")
def checklist(made: World) -> Checklist:
    return made.make(made.root / "runs/run")


def raw(checklist: Checklist, path: Path) -> Any:
    return json.loads(save(checklist, path).read_text())


def test_what_was_saved_is_read_as_it_was(checklist: Checklist, tmp_path: Path) -> None:
    path = save(checklist, tmp_path / "c.json")
    assert read(path) == checklist
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_sorted_and_indented_anew_is_the_same_document(checklist: Checklist, tmp_path: Path) -> None:
    data = raw(checklist, tmp_path / "c.json")
    (tmp_path / "d.json").write_text(json.dumps(data, indent=8, sort_keys=True, ensure_ascii=False))
    again = read(tmp_path / "d.json")
    assert (again.head(), list(map(digest, again.items))) == (checklist.head(), list(map(digest, checklist.items)))


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.7, 0.999])
def test_a_torn_file_is_refused(checklist: Checklist, tmp_path: Path, share: float) -> None:
    path = save(checklist, tmp_path / "c.json")
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UsageError, match="The checklist is damaged"):
        read(path)


@pytest.mark.parametrize("text", ["[]", "7", "null", "{}", '{"format": "another"}', '{"format": ["x"]}', '"x"'])
def test_a_foreign_file_is_refused_and_what_it_is_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(UsageError, match="of another kind") as caught:
        read(tmp_path / "c.json")
    assert "rollback-harness checklist" in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, '{"format": ' * 50_000, "\x00", "nan", '{"a": 1e999}'])
def test_a_hostile_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(UsageError):
        read(tmp_path / "c.json")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UsageError, match="too large"):
        read(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.json")
    with pytest.raises(UsageError, match="not a regular file"):
        read(tmp_path / "c.json")


def test_a_newer_one_is_refused_and_what_to_do_is_said(checklist: Checklist, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({**raw(checklist, path), "version": 2, "new": "field"}))
    with pytest.raises(UsageError, match="newer version") as caught:
        read(path)
    assert caught.value.hint == "update rollback-harness and read it again"


Edit = Callable[[Any], object]
EDITS: dict[str, Edit] = {
    "a version that never was": lambda data: data.update(version=0),
    "a version that is true": lambda data: data.update(version=True),
    "a field that nobody signed": lambda data: data.update(approved="yes"),
    "a field of an item that nobody signed": lambda data: data["items"][0].update(approved="yes"),
    "a state that there is not": lambda data: data["items"][0].update(state="fine"),
    "an item twice": lambda data: data["items"].append(data["items"][0]),
    "a tick by nobody": lambda data: item(data, "support-knows").update(state="ticked"),
    "a tick without evidence": lambda data: item(data, "gate.deployed").update(evidence=[]),
    "a person's tick of what is not for people": lambda data: item(data, "gate.deployed").update(
        tick={"by": "ada", "why": "because", "time": 1.0}
    ),
    "a person's tick beside another state": lambda data: item(data, "support-knows").update(
        tick={"by": "ada", "why": "because", "time": 1.0}
    ),
    "a time that is none": lambda data: data.update(made=1e300),
    "a time before all": lambda data: data.update(made=-1),
    "text for a number": lambda data: data.update(made="now"),
    "no items": lambda data: data.pop("items"),
    "a number for text": lambda data: data["stack"].update(file=7),
}


def item(data: Any, key: str) -> Any:
    return next(one for one in data["items"] if one["key"] == key)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_the_harness_never_writes_is_damaged(checklist: Checklist, tmp_path: Path, edit: Edit) -> None:
    path = tmp_path / "c.json"
    data = raw(checklist, path)
    edit(data)
    path.write_text(json.dumps(data))
    with pytest.raises(UsageError, match="damaged"):
        read(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(one for key, child in value.items() for one in places(child, (*path, key)))]
    if isinstance(value, list):
        return [path, *(one for index, child in enumerate(value) for one in places(child, (*path, index)))]
    return [path]


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**30), st.text(max_size=9), st.just("\ud800\x1b[31m</td>|`"),
    st.sampled_from(["ticked", "left out", "../../../etc/passwd", "/dev/zero", "a\0b", "."]),
    st.just([]), st.just({}),
)  # fmt: skip


def changed(found: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The data of a file with up to three odd values in it."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(found)[1:]))
        there = found
        try:
            for key in place[:-1]:
                there = there[key]
            there[place[-1]] = draw(ODD)
        except (TypeError, LookupError):  # another change took the place away
            continue
    return found


@settings(max_examples=100)
@given(data=st.data())
def test_whatever_a_signed_file_holds_it_is_refused_or_shown_without_a_traceback_and_holds_only_as_it_was_signed(
    made: World, data: st.DataObject
) -> None:
    signed, keys = holding(made)
    path = made.out / "fuzzed.json"
    path.write_text(json.dumps(changed(raw(signed, path), data.draw)))
    try:
        said = read(path)
    except HarnessError:
        return
    assert html.render(said)
    assert markdown.render(said)
    assert list(terminal.lines(said))
    outcome = verify(said, made.out, load, known(keys), lambda: {"redis:7": RAN}.get, NOW + 120).outcome
    assert outcome is not Outcome.PASS or (said.head(), said.items) == (signed.head(), signed.items)


def test_an_item_that_is_unknown_counts_as_no_tick_anywhere(checklist: Checklist) -> None:
    assert [one.key for one in checklist.of(State.UNKNOWN)] == ["runbook"]
    assert "runbook" not in {one.key for one in checklist.of(State.TICKED)}
