"""Examples of rules that look at more than verdicts: what the deployer says, processes, and who failed when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.diagnoses import _kinds as kinds
from harness.fingerprint import StatePart
from suites.selftest.diagnoses.made import EVENLY, LOG, NEW, OLD, REPLICAS, GateRun, parts

THERE = 'FAILED: column "resumed_by" of relation "environments" already exists'


@dataclass(frozen=True)
class Example:
    """What goes wrong, the sentence and the class that name it, and the same with what shows it taken away."""

    wrong: Callable[[], GateRun]
    sentence: str
    kind: str
    sound: Callable[[], GateRun]


def deployed_again(words: str, *, code: int = 1, first: str = "", back: int = 0) -> GateRun:
    """The second deployment fails; what the deployer says of it, and of the first one."""
    run = GateRun().attempt("deploy", "deploy", words=first).seen("deployed", NEW)
    run.attempt("rollback", "rollback", back).seen("rolled-back", OLD)
    run.attempt("rollback", "second-rollback").seen("rolled-back-twice", OLD)
    run.attempt("deploy", "second-deploy", code, words=words).seen("deployed-again", OLD)
    return run.failed("deployed-again", "release", "deployer", "logs")


def processes(
    run: GateRun, phase: str, started: float, *, replicas: tuple[str, ...] = REPLICAS, helper: float = 5.0
) -> GateRun:
    """The replicas' servers, by the moment at which they were started, beside a supervisor that stays, and a helper."""
    for name in replicas:
        row, other = [70 + int(started), 1, "python3", started, "S"], [30 + int(helper), 1, "ticker", helper, "S"]
        run.inside(phase, name, main=row, list=[[1, 0, "supervisord", 1.0, "S"], row, other])
    return run


def twice_restarted(
    again: float = 20.0,
    *,
    releases: tuple[str, ...] = (OLD,),
    who: tuple[str, ...] = REPLICAS,
    trace: bool = False,
    code: int = 0,
    first: str = OLD,
    helper: float = 5.0,
) -> GateRun:
    """The second rollback.

    Args:
        again: when the servers that are there after it were started. releases: what runs then.
        who: whose servers these are.
        trace: the first rollback had left a trace already.
        code: with which the first rollback ended. first: what ran then.
        helper: when what serves nobody was started.
    """
    run = processes(GateRun().rolled_back(first, code=code), "rolled-back", 10.0).seen("rolled-back", first)
    if trace:
        run.failed("rolled-back", "trace")
    run.attempt("rollback", "second-rollback")
    processes(run, "rolled-back-twice", again, replicas=who, helper=helper).seen("rolled-back-twice", *releases)
    return run.failed("second-rollback", "availability")


def logged(run: GateRun, phase: str, found: int, **data: object) -> GateRun:
    """Each replica's log has the keys of so many requests."""
    for name in REPLICAS:
        run.log(phase, name, canaries={f"c1-{n}": 9.0 for n in range(found)}, **data)
    return run


def thinned(found: int, before: int = 100, *, answered: int = 100, **data: object) -> GateRun:
    """Of 100 requests that each replica answered its log had so many before, and now it has so many of `answered`."""
    run = logged(logged(GateRun(), "baseline", before).deployed(), "deployed", found, **data)
    run.load("deployed", served_by=dict.fromkeys(EVENLY, answered), ok=3 * answered, sent=3 * answered)
    return run.failed("deployed", "logs")


def looked(run: GateRun, phase: str, *on_new: bool) -> None:
    """A look at every replica: whether it runs the new release."""
    for name, new in zip(REPLICAS, on_new, strict=True):
        run.inside(phase, name, release=NEW if new else OLD, release_age=0.0)


def rolled(
    run: GateRun,
    *groups: tuple[str, float, float],
    forward: bool = False,
    count: int = 40,
    server: bool = True,
    went: Sequence[int] = (0, 1, 2, 3),
) -> GateRun:
    """A rolling rollback: backend-1 has changed after 1 to 4 s, backend-2 after 5 to 8 s, backend-3 after 9 to 12 s.

    Args:
        groups: who failed, and in which seconds after it began.
        forward: it is a deployment.
        count: failures of each group. server: it is known who answered what failed.
        went: at each of the looks, how many replicas have changed.
    """
    verb, phase, release = ("deploy", "second-deploy", NEW) if forward else ("rollback", "rollback", OLD)
    began = run.clock.now()
    run.add("deployer.start", phase, verb=verb, release=release, command=["x"], place="control-1")
    start = run.events[-1].id
    for back in went:
        looked(run, phase, *((number >= back) is not forward for number in range(3)))
    run.add("deployer.end", phase, start=start, verb=verb, release=release, exit_code=0, ended="exit", seconds=13.0)
    alike = {"request": "resume", "outcome": "status 500", "count": count}
    failures = [
        {**alike, "server": name if server else "", "first": began + first, "last": began + last}
        for name, first, last in groups
    ]
    run.load(phase, served_by=EVENLY, failed=count * len(groups), failures=failures)
    run.log(phase, "backend-1", errors=40, error_lines=["ERROR KeyError: 'current'"])
    return run.failed(phase, "availability").seen("deployed-again" if forward else "rolled-back", release)


def mixed(
    *groups: tuple[str, float, float], later: int = 0, before: int = 0, over: bool = True, **more: Any
) -> GateRun:
    """The same after a deployment.

    Args:
        later, before: failures when it was over, and before anything was deployed.
        over: there was load when it was over.
    """
    alike = {"request": "resume", "outcome": "status 500", "count": 1, "server": "backend-1", "first": 1.0, "last": 2.0}
    run = GateRun()
    if before:
        run.load("baseline", served_by=EVENLY, failed=before, failures=[alike])
    rolled(run.deployed(), *groups, **more)
    return run.load("rolled-back", served_by=EVENLY, failed=later, failures=[alike] * bool(later)) if over else run


def handed_over(written: Sequence[str] = ("deploy", "rollback") * 3, *, more: int = 0, queue: bool = True) -> GateRun:
    """Records that are read otherwise after the rollback, by the phases in which they were written.

    Args:
        more: how many more there are, of which nothing is listed.
        queue: the stack declares one.
    """
    run, seconds = GateRun(), {}
    for verb, phases in (("deploy", ("deploy", "deployed")), ("rollback", ("rollback", "rolled-back"))):
        run.attempt(verb, phases[0]).load(phases[0])
        seconds[phases[0]] = run.events[-1].since_start - 5.0
        run.clock.advance(20.0)
        run.seen(phases[1], NEW if verb == "deploy" else OLD).load(phases[1])
        seconds[phases[1]] = run.events[-1].since_start - 5.0
        run.clock.advance(20.0)
    bad = [
        {"key": f"k-{number}", "verdict": "wrong", "written": seconds[phase], "expected": "environment: 23",
         "got": "environment: 22"}
        for number, phase in enumerate(written)
    ]  # fmt: skip
    if queue:
        run.add("probe.queue", "rolled-back", replica="cache-1", depth=0)
    run.reads("rolled-back", bad=bad, wrong=len(bad) + more)
    return run.failed("rolled-back", "reads")


def orphaned(parent: int = 1, *, serving: Sequence[int] = (75,), started: float = 9.0, release: str = NEW) -> GateRun:
    """The new release serves from a child; the rollback ends its parent.

    Args:
        parent: of the child, after the rollback. serving: who holds the port then.
        started: when the child was started that is there then.
    """
    keeper, child = [74, 30, "python3", 9.0, "S"], [75, 74, "python3", 9.0, "S"]
    run = GateRun().deployed()
    run.inside(
        "deployed", list=[[1, 0, "init", 1.0, "S"], [30, 1, "supervisord", 1.0, "S"], keeper, child], serving=[75]
    )
    run.attempt("rollback", "rollback", 1).seen("rolled-back", release, NEW, NEW)
    left = [75, parent, "python3", started, "S"]
    there = [[1, 0, "init", 1.0, "S"], [30, 1, "supervisord", 1.0, "S"], *([keeper] if parent == 74 else []), left]
    run.inside("rolled-back", list=there, serving=list(serving))
    return run.failed("rolled-back", "release")


def cached(
    shares: Sequence[float],
    *,
    asked: int = 100,
    evicted: int = 0,
    busy: float = 1.0,
    check: str = "queue",
    forms: Sequence[str] = ("json list", "json list"),
    ttl: str = "none",
    runs: str = OLD,
    usual: float = 0.0,
    told_by: str = "pg_stat_activity",
    restarted: bool = False,
) -> GateRun:
    """A cache that found 80 % of what it was asked for before the deployment, and these parts of it after the rollback.

    Args:
        asked: how often a second.
        evicted: what it gave up meanwhile.
        busy: the share of the looks after the rollback that found the database at work.
        forms: of what is cached, before and after. ttl: of it, after.
        runs: the release that runs after the rollback.
        usual: as `busy`, before the deployment. told_by: who tells at what the database is.
        restarted: the cache was started again after the rollback, and counts from nothing.
    """
    run, hits, total = GateRun(), 0.0, 0
    for phase, found, form in (("baseline", [0.8] * 8, keys(forms[0])), ("rolled-back", shares, keys(forms[1], ttl))):
        part = usual if phase == "baseline" else busy
        if phase == "rolled-back":
            run.deployed().attempt("rollback", "rollback").seen("rolled-back", runs)
        for number, share in enumerate(found):
            if restarted and phase == "rolled-back" and number == 1:
                hits, total = 0.0, 0
            hits, total = hits + share * asked, total + asked
            gone = evicted * (number if phase == "rolled-back" else 0)
            counts = {"hits": round(hits), "misses": total - round(hits), "evicted": gone, "expired": 0}
            run.add("probe.redis", phase, replica="cache-1", error=None, **counts)
            works = number < part * len(found)
            at = [[0.3, f"SELECT step\n FROM history WHERE id = {number}"]] if works else None
            told = {"slowest": at, "slowest_from": told_by}
            run.add("probe.postgres", phase, replica="database-1", error=None, **told)
        run.fingerprint(phase, form)
    return run.failed("rolled-back", check)


def keys(form: str, ttl: str = "none") -> dict[str, StatePart]:
    """A fingerprint with plans of a form."""
    item = {"type": "string", "ttl": ttl, "format": [form], "count": 500}
    return {**parts(), "keys": StatePart({"plan:<n>": item})}


def unused(now: str = "binary", share: float = 0.8, **more: Any) -> GateRun:
    """Plans have another form after the rollback, and the cache finds so much of what it is asked for."""
    run = cached([share] * 12, forms=("json list", now), **more)
    return run.verdict("rolled-back", "trace", reason="1 difference", before="baseline")


MORE = {
    "migration-again": Example(
        lambda: deployed_again(THERE),
        "the second deployment applies a migration again that the rollback did not take back: the deployer says "
        + THERE, kinds.SECOND, lambda: deployed_again("FAILED: the network backend already exists"),
    ),
    "second-rollback-restarts": Example(
        twice_restarted,
        "the second rollback restarted python3 of every replica although there was nothing to take back", kinds.SECOND,
        lambda: twice_restarted(10.0),
    ),
    "cache-missed": Example(
        lambda: cached([0.05] * 12),
        "requests take the slow path after the rollback: cache-1 finds 5% of what it is asked for, 80% before, and no"
        " more of it in 22 s: what is worked out is not found again; the database works at SELECT step FROM history"
        " WHERE id = ?, and did not before", kinds.LOOKUP, lambda: cached([0.8] * 12),
    ),
    "cache-unused": Example(
        unused,
        "the old release finds what the new one cached and does not use it: backend-1, backend-2, backend-3: keys like"
        " plan:<n> are string of binary, time to live: none, before: string of json list, time to live: none; cache-1"
        " finds 80% of what it is asked for, 80% before, and requests take the slow path all the same: the database"
        " works at SELECT step FROM history WHERE id = ?, and did not before", kinds.CACHE,
        lambda: unused("json list"),
    ),
    "log-thinned": Example(
        lambda: thinned(50),
        f"{LOG} of every replica loses records after the deployment: it is written, and has 50% of the requests that"
        " were answered, 100% before", kinds.LOGS, lambda: thinned(97),
    ),
    "mixed-fleet": Example(
        lambda: mixed(("backend-1", 6.5, 12.0), ("backend-2", 9.5, 12.0)),
        "4.1.1 and 4.1.0 do not work side by side: while the fleet was mixed in the rollback, all 80 failures came from"
        " backend-1 and backend-2 on 4.1.0, and none came once every replica ran 4.1.0; backend-1 says ERROR KeyError:"
        " 'current'", kinds.MIXED, lambda: mixed(("backend-1", 6.5, 12.0), ("backend-3", 12.5, 14.0)),
    ),
    "handed-over": Example(
        handed_over,
        "while 4.1.0 and 4.1.1 both run, a job queued by the other release is done otherwise than it was asked for: 6"
        " records are not read as they were written, all of them written in the phase deploy and the phase rollback,"
        " and none while all replicas ran one release; e.g. k-0 gave environment: 22 for environment: 23", kinds.QUEUE,
        lambda: handed_over(("deploy", "deployed") * 3),
    ),
    "orphaned": Example(
        orphaned,
        "the rollback could not end python3 (75) on backend-1: its parent (74) ended, and the orphaned process goes on"
        " and holds its port, so that no other can take its place", kinds.STUCK,
        lambda: orphaned(parent=74),
    ),
}  # fmt: skip
