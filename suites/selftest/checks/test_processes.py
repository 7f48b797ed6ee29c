"""Who stands in a replica, by role, at each look of a phase."""

from __future__ import annotations

from harness.checks._processes import Look, births, ends_of, of_replicas, roles_of, steady
from harness.events import ProbeReplica
from harness.history import of
from suites.selftest.checks.builder import Made
from suites.selftest.checks.processes import REPLICA, look, row, unchanged

WORKER = ("python3", "init")


def numbers(found: Look) -> set[int]:
    return {pid for pid, _ in found.instances()}


def roles(*rows: list[object]) -> object:
    """Those of the processes of a look; number, parent, name, start, state."""
    body = of(Made().inside("p", REPLICA, list=[[1, 0, "init", 1.0, "S"], *rows]).events, ProbeReplica)[0].body
    return roles_of(body.rows or ())


def test_a_role_is_a_name_below_a_parents_name() -> None:
    assert roles([7, 1, "web", 2.0, "S"], [8, 7, "web", 3.0, "S"], [9, 7, "web", 4.0, "R"]) == {
        ("init", ""): {(1, 1.0)}, ("web", "init"): {(7, 2.0)}, ("web", "web"): {(8, 3.0), (9, 4.0)},
    }  # fmt: skip


def test_zombies_and_processes_whose_start_is_not_known_have_no_role() -> None:
    assert roles([7, 1, "web", 2.0, "Z"], [8, 1, "web", None, "S"], [9, 1, "web", None, "Z"]) == {
        ("init", ""): {(1, 1.0)}
    }


def test_a_phase_that_begins_with_a_look_without_a_change_begins_with_whom_the_last_look_saw() -> None:
    made = look(look(look(Made(), "first", row(5, 3.0)), "before", row(7, 5.0)), "before", row(8, 6.0))
    unchanged(made, "now")
    look(made, "now", row(9, 7.0))
    mine = of_replicas(made.events)[REPLICA]
    first, second = mine.in_phase("now")
    assert (numbers(first), first.event, first.told) == ({1, 8}, made.events[3], made.events[2])
    assert (numbers(second), second.event, second.told) == ({1, 9}, made.events[4], made.events[4])


def test_a_phase_that_begins_with_a_look_at_all_needs_no_earlier_one() -> None:
    made = look(look(Made(), "before", row(7, 5.0)), "now", row(8, 6.0))
    assert [numbers(one) for one in of_replicas(made.events)[REPLICA].in_phase("now")] == [{1, 8}]


def test_what_nobody_ever_told_is_not_known() -> None:
    mine = of_replicas(unchanged(Made(), "now").events)[REPLICA]
    assert mine.in_phase("now") == []
    assert mine.at_end("now") is None
    assert mine.in_phase("never") == []


def test_the_end_of_a_phase_has_its_last_look_and_the_event_that_told_it() -> None:
    made = unchanged(look(Made(), "now", row(7, 5.0)), "now", 2)
    end = of_replicas(made.events)[REPLICA].at_end("now")
    assert end is not None
    assert (numbers(end), end.event, end.told) == ({1, 7}, made.events[2], made.events[0])


def test_a_look_without_an_answer_or_after_the_phases_last_question_is_left_out_and_the_others_are_not() -> None:
    made = Made().inside("p", REPLICA, error="gone")
    look(made, "p", row(7, 5.0))
    made.releases("p", "4.1.1")
    look(made, "p", row(8, 6.0))
    look(made, "q", row(9, 7.0))
    mine = of_replicas(made.events)[REPLICA]
    assert [numbers(one) for one in mine.looks] == [{1, 7}, {1, 9}]
    assert ends_of(made.events) == {"p": 2}


def test_who_listens_and_who_is_the_main_process_serves() -> None:
    made = look(Made(), "p", row(7, 5.0), row(8, 6.0), row(9, 7.0), serving=[8])
    made.inside("p", REPLICA, list=None, main=[9, 7, "python3", 7.0, "S"])
    mine = of_replicas(made.events)[REPLICA]
    assert mine.serving == {(8, 6.0), (9, 7.0)}
    assert mine.serves([(7, 5.0), (8, 6.0)])
    assert not mine.serves([(7, 5.0)])


def looks(*rows: list[tuple[int, float]]) -> list[Look]:
    made = Made()
    for one in rows:
        look(made, "p", *(row(pid, started) for pid, started in one))
    return of_replicas(made.events)[REPLICA].looks


def born(*rows: list[tuple[int, float]]) -> list[int]:
    """At which looks."""
    found = looks(*rows)
    return [found.index(one) for one in births(found, WORKER)]


def test_a_birth_takes_the_place_of_one_that_is_gone() -> None:
    a, b, c, d = (7, 5.0), (8, 5.0), (9, 6.0), (10, 6.0)
    assert born([a], [c]) == [1]
    assert born([a, b], [c, d]) == [1, 1]
    assert born([a, b], [a], [a, c]) == [2], "however much later"
    assert born([a], [a, c]) == [], "one more is no birth"
    assert born([a], [a], [c, d]) == [2], "of two, one took a place"
    assert born([a, b], [c], [c, d]) == [1, 2]
    assert born([a], [c], [c, d]) == [1], "the place was taken once"


def test_a_role_is_steady_while_the_same_processes_have_it() -> None:
    assert steady(looks([(7, 5.0)], [(7, 5.0)]), WORKER)
    assert not steady(looks([(7, 5.0)], [(7, 6.0)]), WORKER)
    assert not steady(looks([(7, 5.0)], []), WORKER)
    assert steady(looks([], []), WORKER)
