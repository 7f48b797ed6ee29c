"""What replicas and servers use, and which stretches of a run stood on which release."""

from __future__ import annotations

from harness.checks._stretches import Stretch, stretches
from harness.checks._usage import used
from suites.selftest.checks.builder import Made


def test_what_was_told_after_the_phases_last_question_is_not_used() -> None:
    made = Made().inside("p", threads=4).releases("p", "4.1.1").inside("p", threads=9)
    assert [value for _, value in used(made.events, "p")["backend-1", "threads"].points] == [4.0]
    without = Made().inside("p", threads=4).inside("p", threads=9).inside("q", threads=7)
    assert [value for _, value in used(without.events, "p")["backend-1", "threads"].points] == [4.0, 9.0]


def test_the_limit_is_that_of_memory_as_it_was_told_last() -> None:
    made = Made().inside("p", resident=5, threads=3, memory_limit=10).inside("p", resident=6, memory_limit=20)
    found = used(made.events, "p")
    assert (found["backend-1", "resident"].limit, found["backend-1", "threads"].limit) == (20, None)
    assert found["backend-1", "resident"].said(3 * 1024.0 * 1024.0) == "3 MiB"
    assert found["backend-1", "threads"].said(3.0) == "3"


def test_the_shared_memory_of_a_server_is_left_out_and_that_of_others_is_not() -> None:
    made = Made().inside("p", shared=5, memory_limit=10)
    made.inside("p", "database-1", shared=7, resident=6)
    made.add("probe.postgres", "p", replica="database-1", connections=None, error=None)
    found = used(made.events, "p")
    assert set(found) == {("backend-1", "shared"), ("database-1", "resident")}
    assert (found["backend-1", "shared"].limit, found["backend-1", "shared"].words) == (
        10,
        "shared memory of backend-1",
    )


def commands(*every: tuple[str, float, float, int]) -> Made:
    """Verb, when it began and ended, and its exit code."""
    made = Made()
    begun = made.clock.monotonic()
    for verb, begin, end, code in every:
        made.clock.advance(begun + begin - made.clock.monotonic())
        made.add("deployer.start", verb=verb)
        made.clock.advance(begun + end - made.clock.monotonic())
        made.add("deployer.end", start=made.events[-1].id, verb=verb, exit_code=code, ended="exit")
    return made


def found(until: float, *every: tuple[str, float, float, int], warm: float = 1.0) -> list[Stretch]:
    return list(stretches(commands(*every).events, until, warm))


def test_a_stretch_begins_when_the_release_is_warm_and_ends_with_the_next_command_or_the_watch() -> None:
    round_trip = ("deploy", 10.0, 16.0, 0), ("rollback", 22.0, 28.0, 0)
    assert found(40.0, *round_trip) == [
        Stretch(False, 0.0, 10.0),
        Stretch(True, 17.0, 22.0),
        Stretch(False, 29.0, 40.0),
    ]
    assert found(20.0, *round_trip)[1:] == [Stretch(True, 17.0, 20.0)]
    assert found(29.0, *round_trip)[1:] == [Stretch(True, 17.0, 22.0)], "not one of no length"


def test_a_command_before_the_release_is_warm_leaves_no_stretch() -> None:
    quick = found(40.0, ("deploy", 10.0, 16.0, 0), ("rollback", 17.0, 28.0, 0))
    assert quick == [Stretch(False, 0.0, 10.0), Stretch(False, 29.0, 40.0)]
    at_once = found(40.0, ("deploy", 0.0, 16.0, 0))
    assert at_once == [Stretch(True, 17.0, 40.0)]


def test_after_a_command_that_failed_nobody_knows_what_stands() -> None:
    failed = found(40.0, ("deploy", 10.0, 16.0, 1), ("rollback", 22.0, 28.0, 0), ("deploy", 30.0, 31.0, 1))
    assert failed == [Stretch(False, 0.0, 10.0), Stretch(False, 29.0, 30.0)]
