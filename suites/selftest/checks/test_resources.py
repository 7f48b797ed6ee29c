"""What is used after the rollback is held against the baseline."""

from __future__ import annotations

from typing import Any

from harness.checks import resources
from harness.verdict import Outcome, Verdict
from suites.selftest.checks.builder import Made
from suites.selftest.checks.processes import look, row, unchanged

MIB = 1024 * 1024


def judge(before: dict[str, Any], after: dict[str, Any]) -> tuple[Outcome, str]:
    made = Made()
    for phase, figures in (("baseline", before), ("rolled-back", after)):
        for _ in range(3):
            made.inside(phase, **{"processes": 4, **figures})
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
    return found.outcome, found.reason


def test_about_as_much_as_before_passes() -> None:
    usual = {"resident": 200 * MIB, "threads": 10, "descriptors": 80}
    more = {"resident": 300 * MIB, "threads": 14, "descriptors": 120}
    assert judge(usual, more) == (Outcome.PASS, "what 1 replica uses is as in the baseline")


def test_processes_that_were_left_beside_the_old_ones_are_told_with_both_figures() -> None:
    assert judge({"processes": 12}, {"processes": 48}) == (
        Outcome.FAIL,
        "processes of backend-1: 48, 12 in the baseline",
    )


def test_memory_and_descriptors_are_told_in_their_units() -> None:
    found = judge({"resident": 100 * MIB, "descriptors": 50}, {"resident": 900 * MIB, "descriptors": 500})
    assert found == (
        Outcome.FAIL,
        "memory of backend-1: 900 MiB, 100 MiB in the baseline; open descriptors of backend-1: 500, 50 in the baseline",
    )


def test_connections_that_a_pool_kept_open_are_told() -> None:
    made = Made()
    for phase, count in (("baseline", 6), ("rolled-back", 60)):
        made.inside(phase, processes=4)
        made.add("probe.postgres", phase, replica="database-1", connections={"idle": count, "active": 2}, error=None)
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
    assert found.outcome is Outcome.FAIL
    assert found.reason == "connections of database-1: 62, 8 in the baseline"


def test_a_replica_that_was_not_looked_at_is_unknown() -> None:
    made = Made().inside("baseline", processes=4)
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
    assert found.outcome is Outcome.UNKNOWN
    assert "what backend-1 uses is not known in the phase rolled-back" in found.reason


def test_half_of_a_pool_of_workers_that_is_gone_is_told() -> None:
    workers = [row(40 + n, 10.0, parent=7) for n in range(8)]
    for left, outcome in ((8, Outcome.PASS), (5, Outcome.PASS), (4, Outcome.FAIL), (0, Outcome.FAIL)):
        made = Made()
        for phase, rows in (("baseline", workers), ("rolled-back", workers[:left])):
            unchanged(look(made, phase, row(7, 5.0), *rows, processes=1 + len(rows)), phase)
        found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
        assert found.outcome is outcome, left
    assert found.reason == "0 of 8 processes python3 of backend-1 are left: less can be done at once"


def test_twice_as_much_and_some_room_is_as_in_the_baseline() -> None:
    room = resources.ROOM["threads"]
    usual = 100
    limit = int(resources.FACTOR * usual + room)
    assert judge({"threads": usual}, {"threads": limit})[0] is Outcome.PASS
    assert judge({"threads": usual}, {"threads": limit + 1})[0] is Outcome.FAIL


def test_a_finding_rests_on_the_looks_at_that_figure() -> None:
    made = Made()
    for phase, threads in (("baseline", 10), ("rolled-back", 900)):
        made.inside(phase, processes=4, threads=threads)
        made.add("probe.postgres", phase, replica="database-1", connections={"idle": 6}, error=None)
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
    assert found.evidence == (0, 2)
    none = resources.check(made.events, phase="rolled-back")
    assert "threads of backend-1" in none.reason
    nobody = resources.check(Made().events, phase="rolled-back")
    assert nobody.reason == "no replica was to be looked at"


def test_a_figure_that_the_baseline_did_not_tell_hides_no_other() -> None:
    made = Made().inside("baseline", processes=4, threads=10)
    made.inside("rolled-back", "backend-0", processes=1).inside("rolled-back", processes=4, threads=900)
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1"])
    assert found.outcome is Outcome.FAIL
    made = Made().inside("baseline", processes=4).inside("rolled-back", processes=4)
    made.inside("baseline", "backend-2", processes=4).inside("rolled-back", "backend-2", processes=4)
    found = resources.check(made.events, phase="rolled-back", replicas=["backend-1", "backend-2"])
    assert found.reason == "what 2 replicas use is as in the baseline"


def test_a_pool_is_four_of_a_role_that_stayed_and_of_the_fleet() -> None:
    def pooled(size: int, *, steady: bool = True, replicas: tuple[str, ...] = ("backend-1",)) -> Verdict:
        made = Made().inside("baseline", "backend-0", processes=1).inside("baseline", "other-1", processes=1)
        workers = [row(40 + n, 10.0, "worker", parent=7) for n in range(size)]
        others = workers if steady else [row(80 + n, 10.0, "worker", parent=7) for n in range(size)]
        look(look(made, "baseline", row(7, 5.0), *others, processes=9), "baseline", row(7, 5.0), *workers, processes=9)
        unchanged(look(made, "rolled-back", row(7, 5.0), processes=9), "rolled-back")
        return resources.check(made.events, phase="rolled-back", replicas=replicas)

    four = pooled(4)
    assert four.reason == "0 of 4 processes worker of backend-1 are left: less can be done at once"
    assert four.evidence == (3, 4, 5), "the baseline's last look, and the last one with what it knew"
    assert pooled(3).outcome is Outcome.PASS
    assert pooled(4, steady=False).outcome is Outcome.PASS
    assert pooled(4, replicas=("backend-0",)).outcome is Outcome.UNKNOWN
    assert pooled(4, replicas=("backend-0", "backend-1")).outcome is Outcome.FAIL
