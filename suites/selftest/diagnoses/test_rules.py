"""Every rule names what it is for, and says nothing of what it is not for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.diagnoses import Diagnosed, diagnose, find, rules
from harness.diagnoses import _kinds as kinds
from suites.selftest.diagnoses.examples import MORE, Example
from suites.selftest.diagnoses.made import LOG, NEW, OLD, GateRun

DOCUMENT = Path(__file__).parents[3] / "docs" / "diagnosis.md"
FLEET = ("release", "deployer", "trace", "logs")
FILE = {"type": "file", "mode": "0644", "owner": "0:0", "size": 9, "sha256": "ab"}
FAILURES = [{"request": "resume", "outcome": "status 500", "server": "backend-2", "count": 40}]


def twice(release: str, code: int = 0) -> GateRun:
    run = GateRun().rolled_back().attempt("rollback", "second-rollback", code, words="no such row")
    return run.seen("rolled-back-twice", release).failed("rolled-back-twice", *FLEET, "no-change")


def again(code: int) -> GateRun:
    run = GateRun().rolled_back().attempt("deploy", "second-deploy", code, words="it is locked")
    return run.seen("deployed-again", NEW).failed("deployed-again", "deployer")


def complained(line: str, *checks: str) -> GateRun:
    run = GateRun().rolled_back().log("rolled-back", errors=3, error_lines=[line])
    return run.failed("rolled-back", *checks)


def loaded(check: str, **data: object) -> GateRun:
    usual = {"ok": 260, "sent": 300, "failed": 40, "requests": {"resume": 150, "status": 150}}
    return GateRun().rolled_back().load("rolled-back", **{**usual, **data}).failed("rolled-back", check)


def silent(records: int) -> GateRun:
    return GateRun().deployed().log("deployed", records=records).failed("deployed", "logs")


def balanced(*statuses: str, **weight: int) -> GateRun:
    return GateRun().rolled_back().balancer("rolled-back", *statuses, **weight).failed("rolled-back", "convergence")


def led(served: dict[str, int]) -> GateRun:
    run = GateRun().rolled_back().load("rolled-back", served_by=served, ok=300, sent=300)
    rows = [["web", f"backend-{number}", "UP", 1, 0, 99] for number in (1, 2, 3)]
    run.add("probe.haproxy", "rolled-back", replica="lb-1", servers=rows, error=None)
    return run.failed("rolled-back", "convergence", "logs")


def ended(times: int) -> GateRun:
    run = GateRun().rolled_back()
    for _ in range(times):
        run.add("container", "rolled-back", replica="backend-2", action="die", exit_code=1)
    return run.failed("rolled-back", "containers")


def answered(answers: dict[str, int]) -> GateRun:
    run = GateRun().rolled_back()
    release = " and ".join(answers)
    run.add("probe.release", "rolled-back", replica="backend-1", release=release, error=None, answers=answers)
    return run.failed("rolled-back", "release")


def only(check: str, phase: str = "rolled-back") -> Callable[[], GateRun]:
    return lambda: GateRun().rolled_back().failed(phase, check)


def passes() -> GateRun:
    return GateRun().rolled_back().verdict("rolled-back", "release", "pass", "3 replicas run 4.1.0")


EXAMPLES = MORE | {
    "second-rollback": Example(
        lambda: twice(NEW), "the second rollback went forward to 4.1.1", kinds.SECOND, lambda: twice(OLD)
    ),
    "wrong-previous": Example(
        lambda: GateRun().rolled_back("4.0.9").failed("rolled-back", *FLEET),
        "the rollback went to 4.0.9, not to 4.1.0", kinds.PREVIOUS,
        lambda: GateRun().rolled_back(NEW).failed("rolled-back", *FLEET),
    ),
    "left-behind": Example(
        lambda: GateRun().rolled_back(OLD, OLD, NEW).failed("rolled-back", *FLEET),
        "backend-3 was left on 4.1.1 by the rollback", kinds.PART,
        lambda: GateRun().rolled_back(OLD, OLD, None).failed("rolled-back", *FLEET),
    ),
    "restored-nothing": Example(
        lambda: GateRun().rolled_back(NEW).failed("rolled-back", *FLEET),
        "the rollback says that it succeeded, and restored nothing: every replica still runs 4.1.1", kinds.NOTHING,
        lambda: GateRun().rolled_back(NEW, NEW, OLD).failed("rolled-back", *FLEET),
    ),
    "rollback-failed": Example(
        lambda: GateRun().rolled_back(NEW, code=1, words="no such host").failed("rolled-back", *FLEET),
        "the rollback failed and left every replica on 4.1.1; it ended with exit code 1: no such host", kinds.STUCK,
        lambda: GateRun().rolled_back(NEW).failed("rolled-back", *FLEET),
    ),
    "second-attempt": Example(
        lambda: again(1),
        "the second deployment failed, and the first one had not; it ended with exit code 1: it is locked",
        kinds.SECOND, lambda: again(0),
    ),
    "deployment-failed": Example(
        lambda: GateRun().attempt("deploy", "deploy").seen("deployed", OLD).failed("deployed", *FLEET),
        "the deployment of 4.1.1 says that it succeeded, and left every replica on 4.1.0", kinds.DEPLOYMENT,
        lambda: GateRun().deployed().failed("deployed", *FLEET),
    ),
    "taken-down": Example(
        lambda: GateRun().rolled_back().add(
            "probe.container", "rolled-back", replica="backend-2", status="exited", exit_code=1, started="10:00"
        ).failed("rolled-back", "containers"),
        "backend-2 is down after the rollback, exit code 1", kinds.DESTROYED,
        lambda: GateRun().rolled_back().containers("rolled-back").failed("rolled-back", "containers"),
    ),
    "keeps-ending": Example(
        lambda: ended(3), "backend-2 does not stay up after the rollback: 3 ends", kinds.DESTROYED, lambda: ended(1)
    ),
    "registry-left": Example(
        lambda: GateRun().rolled_back(registry=NEW).failed("rolled-back", "registry"),
        "the fleet is back on 4.1.0, the registry says 4.1.1 after the rollback", kinds.LOOKUP,
        lambda: GateRun().rolled_back(registry=OLD).failed("rolled-back", "registry"),
    ),
    "configuration-left": Example(
        lambda: GateRun().rolled_back().differs("rolled-back", "files", "/etc/backend/backend.ini", FILE),
        "the code is back on 4.1.0, the configuration is not: backend-1, backend-2, backend-3: "
        "file /etc/backend/backend.ini is new", kinds.CONFIGURATION,
        lambda: GateRun().rolled_back().differs("rolled-back", "files", "/srv/releases/4.1.1/backend.ini", FILE),
    ),
    "schema-left": Example(
        lambda: GateRun().rolled_back().differs("rolled-back", "schema", "column plans.tier", "text"),
        "the code is back on 4.1.0, the schema is not: backend-1, backend-2, backend-3: column plans.tier exists now"
        " (text)", kinds.SCHEMA,
        lambda: GateRun().rolled_back().differs("rolled-back", "files", "/srv/more", FILE),
    ),
    "workers-left": Example(
        lambda: GateRun().rolled_back().differs("rolled-back", "processes", "worker 4.1.1", 2),
        "the release is back on 4.1.0, and not every process with it: backend-1, backend-2, backend-3: worker 4.1.1"
        " runs now, 2 times", kinds.WORKERS,
        lambda: GateRun().rolled_back().differs("rolled-back", "files", "/srv/more", FILE),
    ),
    "leftovers": Example(
        lambda: GateRun().rolled_back().differs("rolled-back", "files", "/run/deploy.lock", FILE),
        "3 things are left behind after the rollback: backend-1, backend-2, backend-3: file /run/deploy.lock is new",
        kinds.LEFT, lambda: GateRun().rolled_back(NEW).differs("rolled-back", "files", "/run/deploy.lock", FILE),
    ),
    "second-deployment": Example(
        lambda: GateRun().rolled_back().attempt("deploy", "second-deploy").seen("deployed-again", NEW).differs(
            "deployed-again", "files", "/srv/grown", FILE, check="second-deployment"
        ),
        "the second deployment does not come to what the first one came to: backend-1, backend-2, backend-3: file"
        " /srv/grown is new", kinds.SECOND, only("second-deployment"),
    ),
    "unreadable": Example(
        lambda: complained("ERROR cannot unpickle the cached plan 77: unsupported version 5", "errors", "logs"),
        "the old release cannot read what the new one cached: backend-1 says ERROR cannot unpickle the cached plan 77:"
        " unsupported version 5", kinds.CACHE, lambda: complained("ERROR no route to host", "errors", "logs"),
    ),
    "schema-unknown": Example(
        lambda: complained('{"event":"job failed","error":"Traceback\\n  x\\npg.UndefinedColumn: tier"}', "logs"),
        "release 4.1.0 does not know the schema that it finds after the rollback: backend-1 says job failed:"
        " pg.UndefinedColumn: tier", kinds.SCHEMA, lambda: complained("ERROR: deadlock detected", "logs"),
    ),
    "cached-plan": Example(
        lambda: complained("ERROR: cached plan must not change result type", "logs"),
        "connections kept plans of another schema over the rollback: backend-1 says ERROR: cached plan must not change"
        " result type", kinds.PLANS, lambda: complained("ERROR: deadlock detected", "logs"),
    ),
    "log-complains": Example(
        lambda: complained("ERROR no route to host", "logs"),
        "backend-1 logs errors after the rollback: backend-1 says ERROR no route to host", kinds.UNKNOWN, only("logs"),
    ),
    "log-lost": Example(
        lambda: silent(0), f"{LOG} of backend-1 is not written any more after the deployment", kinds.LOGS,
        lambda: silent(3),
    ),
    "balancer-left": Example(
        lambda: balanced("UP", "MAINT", "UP"),
        "the load balancer sends nothing to backend-2 after the rollback: it is MAINT, weight 1", kinds.BALANCER,
        lambda: balanced("UP", "UP 1/2", "UP"),
    ),
    "misdirected": Example(
        lambda: led({"backend-1": 100, "backend-3": 200}),
        "the load balancer has backend-2 as UP and leads it elsewhere: backend-2 gave none of 300 answers, and 100 by"
        " its share before (after the rollback)", kinds.BALANCER,
        lambda: led({"backend-1": 100, "backend-2": 1, "backend-3": 200}),
    ),
    "failing-part": Example(
        lambda: loaded("errors", failures=FAILURES),
        "all 40 failures after the rollback are resume requests answered by backend-2 with status 500, and 260 others"
        " succeed", kinds.PARTIAL,
        lambda: loaded("errors", failures=[*FAILURES, {**FAILURES[0], "server": "", "request": "status"}]),
    ),
    "failures": Example(
        lambda: loaded("errors"), "requests fail after the rollback: it is wrong", kinds.UNKNOWN, only("logs")
    ),
    "health-lies": Example(
        lambda: loaded("errors", ok=100, failed=200).health("rolled-back", True, True, True).verdict(
            "rolled-back", "health", "pass"
        ),
        "every replica says that it is healthy after the rollback, and 200 of 300 requests fail", kinds.HEALTH,
        lambda: loaded("errors").health("rolled-back", True, True, True).verdict("rolled-back", "health", "pass"),
    ),
    "interrupted": Example(
        only("availability", "rollback"), "the rollback disturbs the service: it is wrong", kinds.UNKNOWN,
        only("errors"),
    ),
    "work-lost": Example(
        only("acknowledged"), "acknowledged work is not there as it should be since the rollback: it is wrong",
        kinds.LOST, only("errors"),
    ),
    "backlog": Example(
        only("queue"), "work piles up after the rollback: it is wrong", kinds.BACKLOG, only("errors")
    ),
    "slower": Example(
        only("performance"), "the service is not as fast after the rollback as before: it is wrong", kinds.SLOW,
        only("errors"),
    ),
    "unhealthy": Example(
        only("health"), "not every replica is healthy after the rollback: it is wrong", kinds.UNKNOWN, only("errors")
    ),
    "container-ended": Example(
        only("containers"), "a container did not stay as it was after the rollback: it is wrong", kinds.UNKNOWN,
        only("errors"),
    ),
    "mixed-answers": Example(
        lambda: answered({OLD: 33, NEW: 2}),
        "a part of backend-1 was left on 4.1.1 by the rollback: 2 of 35 answers name it", kinds.WORKERS,
        lambda: answered({OLD: 35}),
    ),
    "not-restarted": Example(
        only("loaded"), "what runs is not what was put there by the rollback: it is wrong", kinds.PART, only("errors")
    ),
    "restarted": Example(
        only("restarts"), "server processes are started again after the rollback: it is wrong", kinds.DESTROYED,
        only("errors"),
    ),
    "grows": Example(only("growth"), "more is used after the rollback: it is wrong", kinds.SLOW, only("errors")),
    "read-otherwise": Example(
        only("reads"), "what was acknowledged is not read as it was written after the rollback: it is wrong",
        kinds.RECORDS, only("errors"),
    ),
    "done-twice": Example(
        only("effects"), "work was not done once each after the rollback: it is wrong", kinds.QUEUE, only("errors")
    ),
    "one-way": Example(
        only("one-way"), "4.1.1 cannot be taken back, and the rollback was not refused as it must be: it is wrong",
        kinds.ONE_WAY, only("errors"),
    ),
}  # fmt: skip


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == set(rules())


def test_every_rule_and_every_class_has_its_line_in_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    classes = [value for name, value in vars(kinds).items() if name.isupper()]
    assert [name for name in rules() if f"| `{name}` |" not in text] == []
    assert [one for one in classes if f"| {one} |" not in text] == []


def of_rule(name: str, found: Diagnosed) -> list[tuple[str, str]]:
    assert not found.problems, found.problems
    return [(one.sentence, one.kind) for one in found.found if one.name == name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_names_what_it_is_for_with_its_class_and_its_evidence(name: str) -> None:
    example = EXAMPLES[name]
    run = example.wrong()
    found = diagnose(run.events)
    assert of_rule(name, found) == [(example.sentence, example.kind)], found
    (mine,) = (one for one in found.found if one.name == name)
    assert mine.evidence
    assert set(mine.evidence) <= {event.id for event in run.events}
    assert mine.explains
    assert mine.look


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_rule_says_nothing_where_what_shows_it_is_not_there(name: str) -> None:
    assert of_rule(name, diagnose(EXAMPLES[name].sound().events)) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_rule_says_anything_of_a_run_that_passed_or_of_an_empty_one(name: str) -> None:
    assert diagnose(passes().events) == Diagnosed()
    assert diagnose(()) == Diagnosed()
    assert callable(find(name))


def test_the_rules_are_pure() -> None:
    """They are asked of events alone: no module that does I/O comes with them."""
    code = "import sys, harness.diagnoses as d; [d.find(n) for n in d.rules()]; print('docker' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
