"""What a ledger keeps, whoever ends in the middle, and what it refuses."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.chaos.ledger import Ledger, worse
from harness.chaos.merging import merge
from harness.chaos.records import UNNAMED, Tried
from harness.chaos.schema import FORMAT
from harness.errors import NoSpace, Unwritable, UsageError
from harness.plan.signature import Signature
from harness.verdict import Outcome
from suites.selftest.chaos.made import ABOUT, LOST_LOG, SPACE, plan, shrink

FAIL, PASS, UNKNOWN = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chaos.sqlite"


def filled(path: Path, *plans: Tried) -> Path:
    """A ledger with a campaign that has these plans."""
    with Ledger(path) as made:
        made.begin(ABOUT)
        for one in plans:
            assert made.claim(ABOUT.id, replace(one, state="started", outcome=UNKNOWN, signature=None))
            made.finish(ABOUT.id, one)
    return path


def test_what_was_written_down_is_read_again(path: Path) -> None:
    plans = plan(1), plan(2, FAIL, plan={"name": "x", "steps": []}, run="/runs/2", seconds=3.5), plan(3, UNKNOWN)
    with Ledger(filled(path, *plans), new=False) as found:
        kept = found.campaign(ABOUT.id)
    assert kept.plans == plans
    assert kept.about == ABOUT
    assert [(one.signature, [plan.number for plan in one.plans]) for one in kept.findings] == [(LOST_LOG, [2])]
    assert (kept.judged, kept.count(PASS), kept.count(FAIL), kept.count(UNKNOWN)) == (2, 1, 1, 1)


def test_a_plan_is_begun_once_whoever_asks(path: Path) -> None:
    with Ledger(path) as one, Ledger(path) as other:
        one.begin(ABOUT)
        other.begin(ABOUT)
        assert one.claim(ABOUT.id, plan(1, state="started"))
        assert not other.claim(ABOUT.id, plan(1, state="started"))
        assert not one.claim(ABOUT.id, plan(1, state="started"))


def test_a_plan_whose_process_was_killed_is_lost_and_unknown_and_stays_so(path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from harness.chaos.ledger import Ledger;"
        "from suites.selftest.chaos.made import ABOUT, plan;"
        "made = Ledger(Path(sys.argv[1])); made.begin(ABOUT); made.claim(ABOUT.id, plan(7, state='started'));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    with Ledger(path) as made:
        (lost,) = made.begin(ABOUT)
        assert (lost.number, lost.state, lost.outcome, lost.judged) == (7, "lost", UNKNOWN, False)
        assert not made.claim(ABOUT.id, plan(7, state="started")), "it would be run again in silence"
        assert made.begin(ABOUT) == ()
        assert made.campaign(ABOUT.id).count(UNKNOWN) == 1


def test_a_plan_that_a_living_process_runs_is_not_lost(path: Path) -> None:
    with Ledger(path) as made:
        made.begin(ABOUT)
        made.claim(ABOUT.id, plan(1, state="started"))
        assert made.begin(ABOUT) == ()


def test_a_plan_that_has_not_ended_never_passes_whatever_the_file_says(path: Path) -> None:
    filled(path, plan(1))
    with sqlite3.connect(path) as made:
        made.execute("UPDATE plan SET state = 'lost'")
    with Ledger(path, new=False) as found:
        assert found.campaign(ABOUT.id).plans[0].outcome is UNKNOWN


def test_a_failure_without_a_signature_is_a_finding_all_the_same(path: Path) -> None:
    filled(path, plan(1, FAIL, signature=None))
    with Ledger(path, new=False) as found:
        assert [one.signature for one in found.campaign(ABOUT.id).findings] == [UNNAMED]


def test_what_a_finding_was_cut_down_to_is_kept(path: Path) -> None:
    with Ledger(filled(path, plan(1, FAIL))) as made:
        (finding,) = made.campaign(ABOUT.id).findings
        made.keep_shrunk(ABOUT.id, finding.signature, cut := shrink(finding, None, 1.0))  # type: ignore[arg-type]
        assert made.campaign(ABOUT.id).findings[0].shrunk == cut


# -- what is refused ---------------------------------------------------------------------------------------------------


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def empty(path: Path) -> Path:
    return written(path, b"")


def text(path: Path) -> Path:
    return written(path, b"{}" * 100)


def other_database(path: Path) -> Path:
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE people (name)")
    return path


def newer(path: Path) -> Path:
    filled(path, plan(1))
    with sqlite3.connect(path) as made:
        made.execute(f"PRAGMA user_version={FORMAT + 1}")
    return path


def hostile(path: Path) -> Path:
    """A view in the place of a table, which would run what it says."""
    filled(path)
    with sqlite3.connect(path) as made:
        made.executescript("DROP TABLE plan; CREATE VIEW plan AS SELECT randomblob(1000000000) AS number;")
    return path


def with_trigger(path: Path) -> Path:
    filled(path)
    with sqlite3.connect(path) as made:
        made.executescript("CREATE TRIGGER t AFTER INSERT ON plan BEGIN UPDATE plan SET outcome = 'pass'; END;")
    return path


def torn(path: Path) -> Path:
    filled(path, *(plan(number, FAIL, reason="x" * 3000) for number in range(30)))
    return written(path, path.read_bytes()[:9000])


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (empty, "not a ledger"),
        (text, "not a ledger"),
        (other_database, "not a ledger"),
        (newer, "another version"),
        (hostile, "not a ledger"),
        (with_trigger, "not a ledger"),
        (torn, "damaged"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(path: Path, made: object, said: str, new: bool) -> None:
    assert callable(made)
    before = made(path).read_bytes()
    with pytest.raises(UsageError, match=said):
        Ledger(path, new=new)
    assert path.read_bytes() == before


def test_a_directory_and_a_pipe_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for one in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UsageError, match=r"cannot be read|not a ledger"):
            Ledger(one)


def test_one_that_is_not_there_is_only_made_where_it_is_written_to(path: Path) -> None:
    with pytest.raises(UsageError, match="There is no ledger"):
        Ledger(path, new=False)
    assert not path.exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [("outcome", "excellent"), ("state", "dreaming"), ("elements", "[1]"), ("elements", "["), ("plan", "{"),
     ("elements", "[" * 100_000)],
    ids=["outcome", "state", "elements", "torn elements", "torn plan", "deep elements"],
)  # fmt: skip
def test_values_that_no_harness_writes_are_named(path: Path, column: str, value: str) -> None:
    filled(path, plan(1, FAIL, plan={"name": "x"}))
    with sqlite3.connect(path) as made:
        made.execute(f"UPDATE plan SET {column} = ?", (value,))
    with Ledger(path, new=False) as found, pytest.raises(UsageError, match="cannot be read"):
        found.campaign(ABOUT.id)


def test_a_campaign_that_is_not_there_is_named(path: Path) -> None:
    with Ledger(filled(path)) as found, pytest.raises(UsageError, match="no such campaign"):
        found.campaign("0" * 12)


def test_a_full_disk_is_named_and_nothing_of_the_write_is_left(path: Path) -> None:
    with Ledger(filled(path, plan(1))) as made:
        made._made.execute("PRAGMA max_page_count=9")
        with pytest.raises(NoSpace, match="disk is full"):
            made.claim(ABOUT.id, plan(2, state="started", reason="x" * 100_000))
        assert [one.number for one in made.campaign(ABOUT.id).plans] == [1]


def test_one_that_may_not_be_written_is_named(path: Path) -> None:
    with Ledger(filled(path, plan(1)), new=False) as found, pytest.raises(Unwritable):
        found.claim(ABOUT.id, plan(2))


# -- merging -----------------------------------------------------------------------------------------------------------


def test_shards_together_are_the_whole(tmp_path: Path) -> None:
    one = filled(tmp_path / "1.sqlite", plan(1), plan(3, FAIL))
    two = filled(tmp_path / "2.sqlite", plan(2), plan(4, FAIL, signature=Signature("errors", "requests failed")))
    assert merge([one, two], tmp_path / "all.sqlite") == (ABOUT.id,)
    with Ledger(tmp_path / "all.sqlite", new=False) as found:
        kept = found.campaign(ABOUT.id)
    assert [plan.number for plan in kept.plans] == [1, 2, 3, 4]
    assert {str(one.signature) for one in kept.findings} == {str(LOST_LOG), "errors: requests failed"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_plan_that_two_ran_keeps_the_failure(tmp_path: Path, order: int) -> None:
    names = [tmp_path / "1.sqlite", tmp_path / "2.sqlite"]
    filled(names[0], plan(1), plan(2, UNKNOWN))
    filled(names[1], plan(1, FAIL), plan(2))
    merge(names[::order], tmp_path / "all.sqlite")
    with Ledger(tmp_path / "all.sqlite", new=False) as found:
        assert [one.outcome for one in found.campaign(ABOUT.id).plans] == [FAIL, UNKNOWN]


def test_merging_again_changes_nothing_and_into_one_of_them_adds_to_it(tmp_path: Path) -> None:
    one, two = filled(tmp_path / "1.sqlite", plan(1)), filled(tmp_path / "2.sqlite", plan(2))
    merge([one, two], one)
    merge([one, two, one], one)
    with Ledger(one, new=False) as found:
        assert [plan.number for plan in found.campaign(ABOUT.id).plans] == [1, 2]


def test_a_merged_ledger_is_not_written_over_another_file_nor_when_a_part_is_no_ledger(tmp_path: Path) -> None:
    one = filled(tmp_path / "1.sqlite", plan(1))
    with pytest.raises(UsageError, match="there already"):
        merge([one], written(tmp_path / "precious", b"precious"))
    assert (tmp_path / "precious").read_bytes() == b"precious"
    with pytest.raises(UsageError, match="not a ledger"):
        merge([one, written(tmp_path / "2.sqlite", b"no")], tmp_path / "all.sqlite")
    assert {path.name for path in tmp_path.iterdir()} == {"1.sqlite", "2.sqlite", "precious"}


def test_what_ended_counts_more_than_what_was_lost() -> None:
    lost = plan(1, UNKNOWN, state="lost")
    assert worse(lost, plan(1)).outcome is PASS
    assert worse(plan(1), lost).outcome is PASS
    assert worse(None, lost) is lost


def test_campaigns_of_other_seeds_stacks_or_bounds_are_other_campaigns() -> None:
    others = {"seed": 2, "files": "cd", "steps": 3, "seconds": 9.0, "old": "0.9.0", "new": "2.0.0", "harness": "1.0.0"}
    ids = {ABOUT.id, *(replace(ABOUT, **{key: value}).id for key, value in others.items())}  # type: ignore[arg-type]
    assert len(ids) == 1 + len(others)
    assert replace(ABOUT, space=SPACE[:1]).id == ABOUT.id
