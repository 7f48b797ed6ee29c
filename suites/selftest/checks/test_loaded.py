"""A process that stayed from before a change, and where one works, tell what was loaded."""

from __future__ import annotations

import pytest

from harness.checks import loaded
from harness.verdict import Outcome
from suites.selftest.checks.builder import Made
from suites.selftest.checks.processes import REPLICA, Row, look, row, unchanged
from suites.selftest.checks.witnessed import witness

WORKERS = [row(40 + n, 10.0, parent=7) for n in range(4)]
MASTER = row(7, 5.0)


def judge(made: Made, other: str = "4.1.1") -> tuple[Outcome, str]:
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA], other=other)
    return found.outcome, found.reason


def there_and_back(old: list[Row], new: list[Row], after: list[Row], *, serve: bool = True) -> Made:
    made = Made()
    for phase, rows in (("baseline", old), ("deployed", new), ("rolled-back", after)):
        look(made, phase, *rows, serving=[one[0] for one in rows] if serve else None)
        unchanged(made, phase)
    return made.releases("rolled-back", "4.1.0")


def test_processes_that_each_change_replaced_pass() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    assert judge(made) == (Outcome.PASS, "every server process of 1 replica that a deployment replaces was replaced")


def test_a_rollback_that_restarts_nothing_fails_whatever_the_replica_says() -> None:
    outcome, reason = judge(there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(9, 50.0)]))
    assert outcome is Outcome.FAIL
    assert reason == (
        "backend-1 says 4.1.0, but python3 (process 9) of it runs on from before: the first deployment started every "
        "python3 again, and this change did not"
    )


def test_one_worker_that_was_left_out_is_named_though_its_master_stays() -> None:
    new = [row(50 + n, 50.0, parent=7) for n in range(4)]
    after = [*(row(60 + n, 90.0, parent=7) for n in range(3)), new[3]]
    outcome, reason = judge(there_and_back([MASTER, *WORKERS], [MASTER, *new], [MASTER, *after]))
    assert outcome is Outcome.FAIL
    assert "python3 (process 53) of it runs on" in reason


def test_what_the_deployment_did_not_replace_need_not_be_replaced_by_the_rollback() -> None:
    made = there_and_back([MASTER], [MASTER], [MASTER])
    assert judge(made)[0] is Outcome.PASS


def test_a_process_that_the_deployment_began_is_not_the_releases() -> None:
    agent = row(30, 50.0, "agent")
    made = there_and_back([row(7, 5.0)], [row(9, 50.0), agent], [row(11, 90.0), agent])
    assert judge(made)[0] is Outcome.PASS


def test_a_queue_worker_that_serves_nobody_counts_where_it_stood_still() -> None:
    made = there_and_back([row(7, 5.0, "sidekiq")], [row(9, 50.0, "sidekiq")], [row(9, 50.0, "sidekiq")], serve=False)
    assert judge(made)[0] is Outcome.FAIL


def test_a_tool_that_waits_for_a_while_is_no_server() -> None:
    made = there_and_back([row(7, 5.0, "sleep")], [row(9, 50.0, "sleep")], [row(9, 50.0, "sleep")], serve=False)
    assert judge(made)[0] is Outcome.PASS


def test_a_helper_that_comes_and_goes_by_itself_is_no_server() -> None:
    made = Made()
    for phase, first, second in (("baseline", 7, 8), ("deployed", 9, 9), ("rolled-back", 9, 9)):
        for pid in (first, second):
            look(made, phase, row(pid, 5.0 * pid, "cron-job"))
    assert judge(made)[0] is Outcome.PASS


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (["/usr/bin/python3", "/srv/releases/4.1.1"], "works in the directory of 4.1.1, /srv/releases/4.1.1"),
        (["/usr/bin/python3", "/srv/x (deleted)"], "works in the directory, which was deleted, /srv/x"),
        (["/opt/4.1.1/bin/server", "/"], "runs the program of 4.1.1, /opt/4.1.1/bin/server"),
        (["/opt/server (deleted)", "/"], "runs the program, which was deleted, /opt/server"),
    ],
)
def test_a_process_in_a_place_of_the_other_release_or_in_a_deleted_one_is_named(place: list[str], words: str) -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    look(made, "rolled-back", row(11, 90.0), places=[[11, *place]]).releases("rolled-back", "4.1.0")
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason == f"backend-1 says 4.1.0, but python3 of it {words}"


def test_a_library_that_was_replaced_under_the_process_is_named() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    look(made, "rolled-back", row(11, 90.0), places=[[11, "/usr/bin/java", "/"]], replaced=[[11, "/srv/lib/app.jar"]])
    made.releases("rolled-back", "4.1.0")
    outcome, reason = judge(made)
    assert outcome is Outcome.FAIL
    assert reason.endswith("python3 of it has loaded a file that was deleted or replaced, /srv/lib/app.jar")


def test_a_place_that_its_role_had_in_the_baseline_is_as_it_was() -> None:
    made = Made()
    for phase, pid in (("baseline", 7), ("deployed", 9), ("rolled-back", 11)):
        look(made, phase, row(pid, 5.0 * pid), places=[[pid, "/opt/server (deleted)", "/srv/4.1.1"]])
        unchanged(made, phase)
    assert judge(made)[0] is Outcome.PASS


def test_a_place_that_was_told_before_the_baseline_began_is_its_place() -> None:
    place = [[7, "/usr/bin/python3", "/srv/x (deleted)"]]
    made = look(Made(), "start", row(7, 5.0), places=place)
    for phase, pid in (("baseline", 7), ("deployed", 9), ("rolled-back", 11)):
        look(made, phase, row(pid, 5.0 * pid), places=None if pid == 7 else [[pid, *place[0][1:]]])
        unchanged(made, phase)
    assert judge(made)[0] is Outcome.PASS


def test_what_was_seen_after_the_phases_last_question_changes_no_verdict() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    before = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA])
    look(made, "rolled-back", row(9, 50.0))  # as while its fingerprint is taken
    assert loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA]) == before


def test_a_replica_that_was_not_looked_at_leaves_it_unknown() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [])
    left = tuple(event for event in made.events if event.phase != "deployed")
    found = loaded.check(left, phase="rolled-back", before="deployed", replicas=[REPLICA])
    assert found.outcome is Outcome.UNKNOWN
    assert "were not looked at in the phase deployed" in found.reason


def test_an_old_process_beside_all_new_ones_may_be_about_to_end() -> None:
    after = [row(60 + n, 90.0, parent=7) for n in range(4)]
    new = [row(50 + n, 50.0, parent=7) for n in range(4)]
    made = there_and_back([MASTER, *WORKERS], [MASTER, *new], [MASTER, *after, new[3]])
    assert judge(made)[0] is Outcome.PASS


def test_what_runs_on_is_named_with_its_numbers_and_rests_on_all_that_show_it() -> None:
    new = [row(53, 50.0), row(54, 50.0)]
    made = there_and_back([row(7, 5.0), row(8, 5.0)], new, new)
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA])
    assert "python3 (processes 53, 54) of it runs on" in found.reason
    assert found.evidence == (3, 5, 6), "the ends of both phases, and what the replica said"


def test_a_pass_rests_on_every_look_of_the_phases() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA])
    assert found.evidence == (0, 1, 2, 3, 4, 5)
    place = [[11, "/usr/bin/python3", "/srv/4.1.1"]]
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    look(made, "rolled-back", row(11, 90.0), places=place)
    unchanged(made, "rolled-back").releases("rolled-back", "4.1.0")
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA], other="4.1.1")
    assert (found.outcome, found.evidence) == (Outcome.FAIL, (7,)), "the look that told the place"


def test_one_replica_that_was_not_looked_at_hides_no_other() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(9, 50.0)])
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=["backend-9", REPLICA])
    assert found.outcome is Outcome.FAIL
    nobody = loaded.check(made.events, phase="rolled-back", before="deployed")
    assert (nobody.outcome, nobody.reason) == (Outcome.UNKNOWN, "no replica's processes were to be looked at")


@pytest.mark.parametrize("phase", ["baseline", "deployed", "rolled-back"])
def test_each_of_the_phases_has_to_be_known(phase: str) -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(9, 50.0)])
    left = tuple(event for event in made.events if event.phase != phase)
    if phase == "baseline":  # what was told in a phase before holds in the next one
        found = loaded.check(left, phase="rolled-back", before="deployed", replicas=[REPLICA])
        assert found.outcome is Outcome.UNKNOWN
    else:
        found = loaded.check(left, phase="rolled-back", before="deployed", replicas=[REPLICA])
        assert f"backend-1 were not looked at in the phase {phase}" in found.reason


def test_what_the_replica_says_is_that_of_this_phase() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(9, 50.0)])
    made.releases("later", "4.1.1")
    assert judge(made)[1].startswith("backend-1 says 4.1.0, but")


def test_a_process_that_may_be_about_to_end_on_a_machine_that_stood_still_proves_nothing() -> None:
    """The phase begins at second 104 and its last look is at second 105."""
    for first, outcome in ((104, Outcome.UNKNOWN), (101, Outcome.FAIL), (106, Outcome.FAIL)):
        made = witness(witness(Made(), 0.0), 0.9, first=first, seconds=1)
        made.clock.advance(100.0)
        for phase, pid in (("baseline", 7), ("deployed", 9), ("rolled-back", 9)):
            look(made, phase, row(pid, 5.0 * pid), serving=[pid])
            unchanged(made, phase)
        assert judge(made)[0] is outcome, first


def test_a_role_that_one_phase_alone_has_was_not_replaced() -> None:
    agent = row(30, 50.0, "agent")
    gone = there_and_back([row(7, 5.0), agent], [row(9, 50.0)], [row(11, 90.0)])
    assert judge(gone)[0] is Outcome.PASS
    came = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0), agent])
    assert judge(came)[0] is Outcome.PASS


def test_every_process_in_a_wrong_place_is_named_also_after_one_that_is_gone() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    places = [[99, "/x", "/srv/4.1.1"], [11, "/usr/bin/python3", "/srv/4.1.1"]]
    look(made, "rolled-back", row(11, 90.0), places=places).releases("rolled-back", "4.1.0")
    assert judge(made)[0] is Outcome.FAIL


def test_where_a_process_was_is_told_by_the_last_look_at_places() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    look(made, "rolled-back", row(11, 90.0), places=[[11, "/usr/bin/python3", "/srv/4.1.1"]])
    look(made, "rolled-back", row(11, 90.0), places=[[11, "/usr/bin/python3", "/srv/4.1.0"]])
    assert judge(made.releases("rolled-back", "4.1.0"))[0] is Outcome.PASS


def test_a_pool_whose_workers_change_while_nothing_is_deployed_is_no_server_that_stayed() -> None:
    made = Made()
    for phase, first, second in (("baseline", 7, 8), ("deployed", 9, 10), ("rolled-back", 9, 11)):
        unchanged(look(made, phase, row(first, 5.0 * first), row(second, 5.0 * second)), phase)
    steady = tuple(made.events)
    assert loaded.check(steady, phase="rolled-back", before="deployed", replicas=[REPLICA]).outcome is Outcome.FAIL
    look(made, "rolled-back", row(9, 45.0), row(12, 60.0))
    assert judge(made)[0] is Outcome.PASS


def test_a_phase_without_a_change_rests_on_the_look_that_told_who_is_there() -> None:
    made = unchanged(look(Made(), "start", row(7, 5.0)), "baseline")
    for phase, pid in (("deployed", 9), ("rolled-back", 11)):
        unchanged(look(made, phase, row(pid, 5.0 * pid)), phase)
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA])
    assert (found.outcome, found.evidence) == (Outcome.PASS, (0, 1, 2, 3, 4, 5))


def test_where_nothing_was_taken_back_no_place_is_wrong() -> None:
    made = there_and_back([row(7, 5.0)], [row(9, 50.0)], [row(11, 90.0)])
    look(made, "rolled-back", row(11, 90.0), places=[[11, "/opt/server (deleted)", "/"]]).releases(
        "rolled-back", "4.1.0"
    )
    found = loaded.check(made.events, phase="rolled-back", before="deployed", replicas=[REPLICA])
    assert found.outcome is Outcome.PASS
    assert judge(made)[0] is Outcome.FAIL


def test_a_look_that_told_no_process_names_no_role_and_one_of_another_phase_that_told_places_counts() -> None:
    made = Made().inside("start", REPLICA, list=None, main=None, places=[[11, "/opt/server (deleted)", "/"]])
    for phase, pid in (("baseline", 7), ("deployed", 9)):
        unchanged(look(made, phase, row(pid, 5.0 * pid)), phase)
    told = len(made.events)
    look(made, "between", row(11, 55.0), places=[[11, "/usr/bin/python3", "/srv/4.1.0"]])
    unchanged(look(made, "rolled-back", row(11, 55.0)), "rolled-back")
    found = loaded.check(
        made.releases("rolled-back", "4.1.0").events, phase="rolled-back", before="deployed", replicas=[REPLICA],
        other="4.1.1",
    )  # fmt: skip
    assert (found.outcome, told in found.evidence) == (Outcome.PASS, True)


def test_what_the_first_deployment_left_out_or_was_not_looked_at_after_is_not_due() -> None:
    """A process of the baseline that was away after the first deployment, and is there before and after the change."""
    agent = row(30, 5.0, "agent")
    for deployed, outcome in (([row(9, 50.0)], Outcome.PASS), (None, Outcome.UNKNOWN)):
        made = Made()
        for phase, rows in (("baseline", [row(7, 5.0), agent]), ("deployed", deployed), ("held", [row(9, 50.0), agent]),
                            ("rolled-back", [row(11, 90.0), agent])):  # fmt: skip
            if rows is not None:
                unchanged(look(made, phase, *rows, serving=[one[0] for one in rows]), phase)
        found = loaded.check(made.events, phase="rolled-back", before="held", replicas=[REPLICA])
        assert found.outcome is outcome, found
