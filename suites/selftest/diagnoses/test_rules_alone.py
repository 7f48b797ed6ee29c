"""Where the rules that conclude from processes, counts and times say nothing, because something else explains it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.diagnoses import diagnose
from suites.selftest.diagnoses.examples import (
    THERE,
    cached,
    deployed_again,
    handed_over,
    logged,
    mixed,
    orphaned,
    rolled,
    thinned,
    twice_restarted,
    unused,
)
from suites.selftest.diagnoses.made import EVENLY, NEW, OLD, GateRun, parts


def says(name: str, run: GateRun) -> list[str]:
    found = diagnose(run.events)
    assert not found.problems, found.problems
    return [one.sentence for one in found.found if one.name == name]


@pytest.mark.parametrize(
    "words",
    [
        THERE,
        'ERROR:  relation "audits" already exists',
        "psycopg.errors.DuplicateColumn: x",
        "ERROR 1060 (42S21) at line 1: Duplicate column name 'tier'",
        "Error: table plans already exists",
        "ORA-00955: name is already used by an existing object",
    ],
)
def test_what_databases_say_of_something_that_is_there_is_a_migration_again(words: str) -> None:
    assert says("migration-again", deployed_again(words))


@pytest.mark.parametrize(
    "words",
    [
        "network deploy_default already exists",
        "mkdir: cannot create directory 'releases/4.1.1': File exists",
        'ERROR: prepared statement "s1" already exists',
        "FAILED: relation environments does not exist",
    ],
)
def test_what_is_there_and_belongs_to_no_schema_is_no_migration(words: str) -> None:
    assert not says("migration-again", deployed_again(words))


def test_a_migration_that_the_first_deployment_complained_of_as_well_is_not_one_of_the_rollback() -> None:
    assert not says("migration-again", deployed_again(THERE, first=THERE))


def test_a_migration_after_a_rollback_that_failed_is_not_one_that_it_forgot() -> None:
    run = GateRun().deployed().attempt("rollback", "rollback", 1).seen("rolled-back", NEW)
    run.attempt("deploy", "second-deploy", 1, words=THERE).failed("deployed-again", "deployer")
    assert not says("migration-again", run)


def test_a_second_rollback_that_goes_elsewhere_has_more_to_say_than_that_it_restarts() -> None:
    assert not says("second-rollback-restarts", twice_restarted(releases=(NEW,)))


def test_a_second_rollback_after_one_that_failed_has_a_reason_to_restart() -> None:
    assert not says("second-rollback-restarts", twice_restarted(code=1))


def test_a_second_rollback_that_restarts_what_was_never_taken_back_is_another_cause() -> None:
    assert not says("second-rollback-restarts", twice_restarted(first=NEW, releases=(NEW,)))


def test_a_helper_that_comes_and_goes_is_no_server_that_is_restarted() -> None:
    assert not says("second-rollback-restarts", twice_restarted(10.0, helper=20.0))


def test_a_second_rollback_that_restarts_one_replica_names_that_one() -> None:
    (said,) = says("second-rollback-restarts", twice_restarted(who=("backend-2",)))
    assert said.startswith("the second rollback restarted python3 of backend-2 although")


def test_what_failed_after_the_first_rollback_already_does_not_come_from_the_second_one() -> None:
    for trace, explained in ((False, 2), (True, 1)):
        run = twice_restarted(trace=trace).failed("rolled-back-twice", "trace", reason="it is another one")
        (one,) = (one for one in diagnose(run.events).found if one.name == "second-rollback-restarts")
        assert len(one.explains) == explained


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: thinned(0), "a log without any of them is lost, or of another form"),
        (lambda: thinned(50, before=50), "it had half of them before"),
        (lambda: thinned(50, answered=60), "so few may be on their way"),
        (lambda: thinned(50, error="unreadable"), "not everything could be read"),
        (lambda: thinned(50, canaries_full=True), "not everything was kept"),
        (lambda: thinned(50, losses=[{"what": "a part is gone"}]), "something of it was lost to the harness"),
        (lambda: thinned(375, answered=400), "so few of so many may be on their way"),
    ],
)
def test_a_log_is_thinned_only_where_so_many_records_are_known_to_be_missing(
    run: Callable[[], GateRun], why: str
) -> None:
    assert not says("log-thinned", run()), why


def test_what_a_log_has_while_the_deployer_works_is_of_two_releases_and_does_not_count() -> None:
    run = logged(logged(GateRun(), "baseline", 100).deployed(), "deploy", 10)
    run.load("deploy", served_by=EVENLY)
    logged(run, "deployed", 100).load("deployed", served_by=EVENLY).failed("deployed", "logs")
    assert not says("log-thinned", run)


def test_what_is_declared_to_stay_is_no_difference_to_a_diagnosis() -> None:
    file = {"type": "file", "mode": "0644", "owner": "0:0", "size": 9, "sha256": "ab"}
    allow = [{"service": "backend", "what": "files:/srv/new", "because": "it is meant to stay"}]
    for allowed, expected in (([], 1), (allow, 0)):
        run = GateRun().rolled_back().fingerprint("rolled-back", parts("files", {"/srv/new": file}))
        run.verdict("rolled-back", "trace", reason="1 difference", before="baseline", allow=allowed)
        assert len(says("leftovers", run)) == expected


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: mixed(("backend-3", 0.5, 12.0), ("backend-1", 0.5, 2.0)), "backend-1 fails before any has switched"),
        (lambda: mixed(("backend-1", 6.5, 12.0), later=5), "it goes on when all run one release"),
        (lambda: mixed(("backend-1", 6.5, 12.0), before=1), "it was so before"),
        (lambda: mixed(("backend-1", 6.5, 12.0), server=False), "nobody is known to have failed"),
        (lambda: mixed(("backend-1", 6.5, 12.0), ("backend-3", 1.0, 8.0)), "both releases fail"),
        (lambda: mixed(("backend-2", 5.5, 7.5)), "it may have been on either release"),
        (lambda: mixed(("backend-1", 6.5, 12.0), over=False), "nothing is known of when all run one release"),
        (lambda: mixed(("backend-1", 6.5, 12.0), count=2), "so few may be chance"),
    ],
)
def test_a_mixed_fleet_is_named_only_where_one_release_fails_beside_the_other(
    run: Callable[[], GateRun], why: str
) -> None:
    assert not says("mixed-fleet", run()), why


def test_by_the_time_of_the_failures_it_is_known_on_which_release_a_replica_was() -> None:
    (said,) = says("mixed-fleet", mixed(("backend-2", 2.5, 4.5)))
    assert f"came from backend-2 on {NEW}" in said
    (said,) = says("mixed-fleet", mixed(("backend-2", 8.5, 11.0)))
    assert f"came from backend-2 on {OLD}" in said


def test_a_release_that_fails_once_beside_the_other_and_once_not_is_no_cause() -> None:
    assert says("mixed-fleet", mixed(("backend-1", 6.5, 12.0)))
    run = rolled(mixed(("backend-1", 6.5, 12.0)), ("backend-1", 6.5, 12.0), forward=True)
    assert not says("mixed-fleet", run.load("deployed-again", served_by=EVENLY))


def test_of_a_fleet_that_is_left_half_way_the_first_that_changes_was_beside_the_other_release() -> None:
    run = GateRun().attempt("deploy", "half-deploy", None, how="stopped").seen("half-deploy", NEW, NEW, OLD)
    rolled(run, ("backend-1", 0.5, 2.0), went=(0, 1, 2)).load("rolled-back", served_by=EVENLY)
    ahead = [event for event in run.events if event.kind == "probe.replica" and event.data["replica"] == "backend-3"]
    assert len(ahead) == 3
    (said,) = says("mixed-fleet", run)
    assert f"came from backend-1 on {NEW}" in said


def test_the_new_release_may_be_the_one_that_fails_beside_the_old_one() -> None:
    (said,) = says("mixed-fleet", mixed(("backend-3", 6.5, 9.5)))
    assert f"all 40 failures came from backend-3 on {NEW}, and none came once every replica ran {OLD}" in said


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: cached([0.05] * 6 + [0.3] * 6), "it was cold, and fills"),
        (lambda: cached([0.05] * 6), "it may still be cold"),
        (lambda: cached([0.6] * 12), "it finds most of what it found before"),
        (lambda: cached([0.05] * 12, asked=20), "hardly anybody asks it"),
        (lambda: cached([0.05] * 12, evicted=9), "it gave up what it held"),
        (lambda: cached([0.05] * 12, check="logs"), "nothing waits for it"),
    ],
)
def test_a_cache_is_missed_only_where_it_does_not_fill(run: Callable[[], GateRun], why: str) -> None:
    assert not says("cache-missed", run()), why


def test_a_fingerprint_of_the_cache_which_finds_everything_does_not_hide_what_requests_miss() -> None:
    assert says("cache-missed", cached([0.05, 1.0, 0.05, 1.0, 0.05] * 3))


def test_a_cache_that_was_started_again_counts_from_nothing() -> None:
    assert says("cache-missed", cached([0.05] * 40))
    assert not says("cache-missed", cached([0.05] * 40, restarted=True))


def test_a_statement_is_told_only_where_the_database_is_at_it_for_much_of_the_time() -> None:
    (said,) = says("cache-missed", cached([0.05] * 12, busy=0.1))
    assert "database" not in said


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: unused(share=0.2), "it does not find what it is asked for: that is another cause"),
        (lambda: unused(busy=0.1), "the database does nothing that it did not do before"),
        (lambda: unused(check="logs"), "nothing waits for it"),
        (lambda: unused("json list", ttl="< 1 min"), "the entries have the same form"),
        (lambda: unused(runs=NEW), "the old release is not back"),
        (lambda: unused(usual=0.5), "the database did that before"),
        (lambda: unused(told_by="pg_stat_statements"), "these are the slowest of all times, not those of a moment"),
    ],
)
def test_a_cache_is_unused_only_where_the_database_does_its_work(run: Callable[[], GateRun], why: str) -> None:
    assert not says("cache-unused", run()), why


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: handed_over(("deploy", "rollback") * 2), "so few may be chance"),
        (
            lambda: handed_over((*("deploy", "rollback") * 3, "deployed")),
            "the old release cannot read what the new one writes",
        ),
        (lambda: handed_over((*("deploy", "rollback") * 3, "rolled-back")), "the old release alone does it wrong"),
        (lambda: handed_over(more=1), "of the one that is not listed nobody knows when it was written"),
    ],
)
def test_work_is_handed_over_wrongly_only_where_nothing_else_goes_wrong(run: Callable[[], GateRun], why: str) -> None:
    assert not says("handed-over", run()), why


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda: orphaned(parent=74), "its parent is there"),
        (lambda: orphaned(serving=()), "it holds no port"),
        (lambda: orphaned(started=40.0), "another process has its number now"),
    ],
)
def test_a_process_is_orphaned_only_where_its_parent_ended_and_it_did_not(run: Callable[[], GateRun], why: str) -> None:
    assert not says("orphaned", run()), why


def test_without_a_queue_what_is_handed_over_is_work() -> None:
    (said,) = says("handed-over", handed_over(queue=False))
    assert "both run, work for the other release is done otherwise" in said
