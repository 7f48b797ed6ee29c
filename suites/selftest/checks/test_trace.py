"""A rollback leaves no trace; a second deployment finds the same. Both compare fingerprints, and say what differs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.checks import find
from harness.events import DeployerStart, encode
from harness.fingerprint import Allowance, Fingerprint, StatePart
from harness.verdict import Outcome, Verdict
from suites.raw import raw
from suites.selftest.checks.builder import REPLICAS, Made

OLD = {"/srv/a": {"type": "file", "owner": "0:0", "mode": "0644", "size": 1, "sha256": "11"}}
NEW = {**OLD, "/srv/b": {"type": "file", "owner": "0:0", "mode": "0644", "size": 1, "sha256": "22"}}
MEANT = Allowance("backend", "files:/srv/b", "it is kept for a fast rollback")
BOTH = pytest.mark.parametrize("name", ["trace", "second-deployment"])


def judged(name: str, made: Made, *allow: Allowance) -> Verdict:
    return find(name)(made.events, phase="after", before="before", allow=allow)


def of_files(items: Mapping[str, object] | None, error: str | None = None) -> dict[str, StatePart]:
    return {"files": StatePart(items, error)}


@BOTH
def test_two_fingerprints_that_are_the_same_pass_and_say_how_much_was_compared(name: str) -> None:
    verdict = judged(name, Made().fingerprint("before").fingerprint("after"))
    assert verdict
    assert "3 items of 3 replicas are the same" in verdict.reason


@BOTH
def test_a_file_that_stays_behind_fails_and_is_named_with_its_replicas(name: str) -> None:
    verdict = judged(name, Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(NEW)))
    assert verdict.outcome is Outcome.FAIL
    assert "1 difference: backend-1, backend-2, backend-3: file /srv/b is new" in verdict.reason
    assert verdict.evidence == (0, 1)


@BOTH
def test_a_difference_that_is_declared_passes_and_its_reason_is_told(name: str) -> None:
    verdict = judged(name, Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(NEW)), MEANT)
    assert verdict
    assert "declared: backend: files:/srv/b (it is kept for a fast rollback)" in verdict.reason


def test_an_exception_of_another_service_covers_nothing() -> None:
    made = Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(NEW))
    assert judged("trace", made, Allowance("lb", "files:/srv/b", "why")).outcome is Outcome.FAIL


def test_an_exception_that_matches_nothing_is_told_and_is_no_failure() -> None:
    verdict = judged("trace", Made().fingerprint("before").fingerprint("after"), MEANT)
    assert verdict
    assert "declared, and matched nothing: backend: files:/srv/b" in verdict.reason


@BOTH
def test_a_part_that_could_not_be_taken_leaves_it_unknown_and_says_whose(name: str) -> None:
    made = Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(None, error="it is gone"))
    verdict = judged(name, made)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the files of backend-1 could not be taken after: it is gone" in verdict.reason


def test_what_differs_fails_although_something_else_could_not_be_taken() -> None:
    broken = StatePart(None, error="it is gone")
    made = Made().fingerprint("before", {**of_files(OLD), "packages": broken})
    verdict = judged("trace", made.fingerprint("after", {**of_files(NEW), "packages": broken}))
    assert verdict.outcome is Outcome.FAIL


def test_a_part_that_no_image_has_is_no_reason_for_unknown() -> None:
    none = StatePart(None, absent="no package database")
    made = Made()
    for phase in ("before", "after"):
        made.fingerprint(phase, {**of_files(OLD), "packages": none})
    assert judged("trace", made)


def test_a_part_that_is_there_where_none_was_is_a_difference() -> None:
    made = Made().fingerprint("before", {"packages": StatePart(None, absent="no package database")})
    verdict = judged("trace", made.fingerprint("after", {"packages": StatePart({"curl": "7.88"})}))
    assert verdict.outcome is Outcome.FAIL
    assert "1 package more (curl 7.88)" in verdict.reason


def test_fingerprints_without_a_single_item_are_unknown() -> None:
    made = Made().fingerprint("before", of_files({})).fingerprint("after", of_files({}))
    assert judged("trace", made).outcome is Outcome.UNKNOWN


def test_a_part_that_only_one_of_them_has_is_unknown() -> None:
    made = Made().fingerprint("before", {**of_files(OLD), "packages": StatePart({"curl": "7.88"})})
    verdict = judged("trace", made.fingerprint("after", of_files(OLD)))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the packages of backend-1 were not taken after" in verdict.reason


def test_a_fingerprint_from_before_the_other_one_is_no_evidence() -> None:
    assert judged("trace", Made().fingerprint("after").fingerprint("before")).outcome is Outcome.UNKNOWN


def test_a_fingerprint_is_found_by_its_name_before_its_phase() -> None:
    made = Made().fingerprint("one", name="before").fingerprint("before", of_files(NEW)).fingerprint("after")
    assert judged("trace", made)


def test_a_history_that_lost_what_replicas_have_in_common_is_unknown() -> None:
    many = {f"/srv/{n}": {"type": "directory", "owner": "0:0", "mode": "0755"} for n in range(20)}
    made = Made().fingerprint("before", of_files(many)).fingerprint("after", of_files(many))
    made.events[1].data["contents"].clear()
    verdict = judged("trace", made)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "the history does not contain it" in verdict.reason


def of_table(value: str) -> dict[str, StatePart]:
    return {"contents": StatePart({"flags/state": value}, unseen=("large objects",))}


def test_contents_are_judged_where_a_fingerprint_before_the_load_says_that_they_stand_still() -> None:
    made = Made().fingerprint("start", of_table("on")).fingerprint("before", of_table("on"))
    verdict = judged("trace", made.fingerprint("after", of_table("off")))
    assert verdict.outcome is Outcome.FAIL
    assert "column state of table flags holds other values" in verdict.reason
    moving = Made().fingerprint("start", of_table("x")).fingerprint("before", of_table("on"))
    verdict = judged("trace", moving.fingerprint("after", of_table("off")))
    assert verdict
    assert "table contents that the load moves, too (flags/state)" in verdict.reason


def test_what_a_deployment_moved_is_not_taken_for_what_the_load_moves() -> None:
    made = Made().fingerprint("start", of_table("on")).fingerprint("before", of_table("on"))
    made.history.record(DeployerStart("deploy", "4.1.1", (), "control"))
    made.fingerprint("deployed", of_table("off")).fingerprint("after", of_table("off"))
    assert judged("trace", made).outcome is Outcome.FAIL


def test_every_verdict_says_in_one_line_what_was_not_looked_at() -> None:
    for after in (of_files(OLD), of_files(NEW), of_files(None, error="it is gone")):
        made = Made().fingerprint("before", {**of_files(OLD), **of_table("on")})
        verdict = judged("trace", made.fingerprint("after", {**after, **of_table("on")}))
        assert "; not looked at: large objects of backend; " in verdict.reason, verdict.outcome
        assert "no two fingerprints before tell what the load moves" in verdict.reason


def test_of_many_differences_eight_or_so_are_spelt_out() -> None:
    file = {"type": "file", "owner": "0:0", "mode": "0644", "size": 1, "sha256": "11"}
    new = {f"/srv/x/{name}/a": file for name in "abcdefghijklmnopqrst"}
    reason = judged(
        "trace", Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(OLD | new))
    ).reason
    assert 8 <= reason.count("is new") <= 9
    assert reason.startswith("20 differences: ")


def noted(after: Mapping[str, object]) -> Verdict:
    """Both fingerprints have a part with a note."""
    made = Made()
    for phase, files in (("before", OLD), ("after", after)):
        made.fingerprint(phase, {"files": StatePart(files, note="large files by their size alone")})
    return judged("trace", made, MEANT)


def test_what_the_parts_note_is_told_once_in_a_pass_and_beside_a_failure() -> None:
    note = "; files of backend-1: large files by their size alone; files of backend-2: "
    passed = noted(NEW)
    assert passed.outcome is Outcome.PASS
    assert "; declared: backend: files:/srv/b (it is kept for a fast rollback); files of backend-1" in passed.reason
    assert passed.reason.count(note) == 1
    assert passed.reason.startswith("the rollback left no trace: 6 items of 3 replicas are the same")
    assert noted(OLD).reason.count("; declared, and matched nothing: backend: files:/srv/b" + note) == 1
    failed = noted({**OLD, "/srv/c": NEW["/srv/b"]})
    assert failed.outcome is Outcome.FAIL
    assert "; not looked at: files of backend-1: large files by their size alone" in failed.reason
    assert failed.reason.count("large files") == 3


def test_where_all_was_looked_at_nothing_is_said_of_what_was_not() -> None:
    assert "not looked at" not in judged("trace", Made().fingerprint("before").fingerprint("after")).reason


def states(*told: tuple[float, str, dict[str, int]], other: bool = False) -> Verdict:
    """Fingerprints of a column of states: when each was taken, its name, and the words with their rows. With `other`,
    that of the deployment is of another environment.
    """
    made = Made()
    for at, name, words in told:
        made.clock.advance(at - made.clock.monotonic() + START)
        profile = {"rows": 500, "words": words}
        items = {"t": "500 rows", "t/state": f"{at:g}", "t/state (values)": profile}
        environment = {"environment": "h2"} if other and name == "deployed" else {}
        body = Fingerprint({one: {"contents": StatePart(items)} for one in REPLICAS}, name=name).body()
        made.history.record(raw("fingerprint", phase=name, **environment, **encode(body)))
    return judged("trace", made)


START = Made().clock.monotonic()
LEFT = (
    (0.0, "start", {"suspended": 500}), (6.0, "before", {"suspended": 300, "running": 200}),
    (20.0, "deployed", {"running": 40, "new": 460}), (90.0, "after", {"running": 499, "new": 1}),
)  # fmt: skip


def test_what_was_new_in_between_and_is_left_in_a_single_row_is_a_trace() -> None:
    found = states(*LEFT)
    assert found.outcome is Outcome.FAIL
    assert "t.state has 'new' in 1 row, which it never had" in found.reason
    assert states(*LEFT[:2], LEFT[3]).outcome is Outcome.PASS, "nobody saw that it was new"
    assert states(*LEFT, other=True).outcome is Outcome.PASS, "and in another environment it was none of this one"
    late = (0.0, "start", {"suspended": 500}), LEFT[2], (40.0, "before", LEFT[1][2]), LEFT[3]
    assert states(*late).outcome is Outcome.PASS, "nor was it what came before"


def test_all_that_is_declared_is_told_together() -> None:
    made = Made().fingerprint("before", of_files(OLD)).fingerprint("after", of_files(NEW))
    idle = Allowance("backend", "files:/tmp/**", "scratch")
    reason = judged("trace", made, MEANT, idle).reason
    assert reason.startswith("the rollback left no trace: 6 items of 3 replicas are the same; declared: backend: files")
    assert "; declared, and matched nothing: backend: files:/tmp/**" in reason
    assert noted(NEW).reason.count("large files") == 3, "once for each replica"
