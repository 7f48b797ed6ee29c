"""The reference stack: the same under load and after a rollback; after a deployment different, in just these words."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fixtures import reference
from harness.engine import Engine
from harness.errors import NotMeasured
from harness.fingerprint import Fingerprint, StatePart
from harness.history import History
from harness.plan.subject import Subject
from harness.plan.trial import Trial
from harness.stack import load
from suites.raw import select

pytestmark = [pytest.mark.containers]

LONGEST = 3.0  # s that a fingerprint may take; tenfold on a machine that does other things meanwhile
LARGEST = 300_000  # bytes of its event

# Each kind of state, changed by hand in one replica: what is done where, and the words that must name it.
BY_HAND = [
    ("backend-1", "chmod 600 /etc/backend/backend.toml", "/etc/backend/backend.toml has mode 0600, before: 0644"),
    ("backend-1",
     "ln -sfn /srv/backend/releases/4.0.9 /srv/backend/current; chown -h deploy:deploy /srv/backend/current",
     "/srv/backend/current points to /srv/backend/releases/4.0.9, before: /srv/backend/releases/4.1.0"),
    ("backend-2", "chown backend /etc/backend/backend.toml",
     "/etc/backend/backend.toml belongs to 998:999, before: 999:999"),
    ("backend-2", "echo '# more' >> /srv/backend/releases/4.1.0/backend/api.py", "/backend/api.py has other content ("),
    ("backend-2", "sed -i '/^Package: curl$/,/^$/ s/^Version: .*/Version: 9.9/' /var/lib/dpkg/status",
     "1 package changed (curl 9.9, before: 7."),
    ("backend-3", "sed -i 's/^directory = .*/&\\nenvironment = FEATURE=\"on\",API_TOKEN=\"sesame\"/' "
     "/etc/supervisor/supervisord.conf && supervisorctl update >/dev/null",
     "variable FEATURE of /usr/bin/python3 -m backend exists now (on)"),
    ("control-1", "setsid sleep 987654 >/dev/null 2>&1 &", "sleep 987654 (user root, started by docker-init) runs now"),
    ("control-1", "cd /tmp && setsid python3 -m http.server 7654 >/dev/null 2>&1 & "
     "until curl -s -o /dev/null http://127.0.0.1:7654/; do sleep 0.05; done",
     "something listens on tcp 0.0.0.0:7654 now"),
    ("database-1", "ALTER TABLE environments ADD COLUMN tier text DEFAULT 'basic'",
     "column environments.tier exists now (text default 'basic'::text)"),
    ("database-1", "CREATE INDEX slow ON history (environment)",
     "index slow exists now (CREATE INDEX slow ON public.history USING btree (environment))"),
    ("database-1", "CREATE ROLE auditor LOGIN", "role auditor exists now (login)"),
    ("database-1", "ALTER ROLE app SET work_mem = '64MB'", "setting work_mem of role app exists now (64MB)"),
    ("database-1", "INSERT INTO environments (id, name) VALUES (501, 'more')", "table environments is 501 rows, hash "),
    ("database-1", "INSERT INTO schema_migrations (name, release) VALUES ('007_by_hand.sql', '0')",
     "migration 007_by_hand.sql exists now"),
    ("cache-1", "redis-cli SET registry:view binary$(printf '\\001')",
     "keys like registry:view are string of binary, time to live: none, before: string of json {current, previous}"),
    ("cache-1", "redis-cli CONFIG SET maxmemory-policy allkeys-lru",
     "setting maxmemory-policy is allkeys-lru, before: noeviction"),
    ("cache-1", "redis-cli SETEX session:0a1b2c3d4e5f 900 text",
     "keys like session:<n> exist now (string of text, time to live: < 1 h)"),
    ("database-1", "SELECT setval('history_id_seq', 7)",
     "position of sequence history_id_seq is behind what is in public.history.id, before: not behind its column"),
    ("lb-1",
     "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999; echo \"set maxconn frontend web 7\" >&3; cat <&3'",
     "setting web/FRONTEND maxconn is 7, before: "),
    ("lb-1",
     "bash -c 'exec 3<>/dev/tcp/127.0.0.1/9999; echo \"set server backends/backend-3 state drain\" >&3; cat <&3'",
     "server backends/backend-3 is DRAIN, weight 1, before: UP, weight 1"),
]  # fmt: skip


def words(after: Fingerprint, before: Fingerprint) -> list[str]:
    """What differs and was not declared: a line for each replica or group of replicas."""
    return [line for line in after.explain(before)[1:] if not line.startswith("declared")]


@pytest.fixture(scope="module")
def shared(harness_engine: Engine) -> Iterator[Subject]:
    """One environment for the tests that leave it as they found it."""
    with Subject(
        harness_engine, load(reference.STACK), "4.1.0", History(), run="fingerprint", test="fingerprint"
    ) as found:
        yield found


@pytest.fixture
def loaded(trial: Trial) -> Trial:
    trial.workload.start()
    return trial


def test_a_deployment_is_named_and_its_rollback_leaves_no_trace(loaded: Trial) -> None:
    environment = loaded.environment
    first = environment.fingerprint("first")
    with loaded.measured("loaded"):
        pass  # until traffic has changed what it changes
    before = environment.fingerprint("before")
    assert before == first
    loaded.deployer.deploy("4.1.1")
    deployed = environment.fingerprint("deployed")
    assert words(deployed, before) == [
        "backend-1, backend-2, backend-3: /srv/backend/current points to /srv/backend/releases/4.1.1, before: "
        "/srv/backend/releases/4.1.0, and with it 11 files more below /srv/backend/releases/4.1.1/ "
        "(backend, backend/__init__.py, backend/__main__.py, backend/__pycache__, ...)",
        'cache-1: value of key registry:view is {"current": "4.1.1", "previous": "4.1.0"}, '
        'before: {"current": "4.1.0", "previous": "4.0.9"}',
    ]
    assert not loaded.checks.trace(phase="deployed", before="before")
    loaded.deployer.rollback()
    assert environment.fingerprint("rolled back") == before
    verdict = loaded.checks.trace(phase="rolled back", before="before")
    assert verdict, verdict.reason
    assert "keys:plan:4.1.1:* (a plan is only read under the release that wrote it)" in verdict.reason
    assert "matched nothing" not in verdict.reason
    loaded.deployer.deploy("4.1.1")
    environment.fingerprint("deployed again")
    assert (again := loaded.checks.second_deployment(phase="deployed again", before="deployed")), again.reason
    for event in select(loaded.history.events, "fingerprint"):
        assert event.data["seconds"] < 10 * LONGEST
        assert len(event.to_json()) < LARGEST


@pytest.mark.sampled
def test_values_that_the_load_does_not_move_are_told_and_those_that_it_moves_are_set_apart(loaded: Trial) -> None:
    environment = loaded.environment
    environment.fingerprint("first")
    with loaded.measured("loaded"):
        pass  # until traffic has changed what it changes
    environment.fingerprint("before")
    assert loaded.checks.trace(phase="before", before="first")
    by_hand = "INSERT INTO resumes (job, request, environment) VALUES ('left', 'by hand', 1)"
    environment.replica("database-1").run(["psql", "-X", "-q", "-U", "app", "-d", "app", "-c", by_hand])
    environment.replica("cache-1").run("redis-cli SET warmed:4.1.0 2")
    environment.fingerprint("after")
    verdict = loaded.checks.trace(phase="after", before="before")
    assert "2 differences: " in verdict.reason
    assert "table resumes has 1 row, before: 0 rows" in verdict.reason
    assert "value of key warmed:4.1.0 is 2, before: 1" in verdict.reason
    assert "environments/resumes" in verdict.reason.partition("that the load moves, too (")[2]


def test_each_kind_of_state_that_is_changed_by_hand_is_found_and_named(environment: Subject) -> None:
    before = environment.fingerprint()
    for name, command, _ in BY_HAND:
        if name == "database-1":
            answer = environment.replica(name).run(["psql", "-X", "-q", "-U", "app", "-d", "app", "-c", command])
        else:
            answer = environment.replica(name).run(command)
        assert answer.exit_code == 0, answer
    after = environment.fingerprint()
    assert after != before
    said = {line.split(": ")[0]: line for line in words(after, before)}
    for name, _, expected in BY_HAND:
        assert expected in said[name], said[name]
    assert set(said) == {name for name, _, _ in BY_HAND}
    assert "variable API_TOKEN of /usr/bin/python3 -m backend exists now (hidden:" in said["backend-3"]
    assert "sesame" not in json.dumps([event.data for event in environment.history.events])


def test_a_replica_that_has_ended_is_no_evidence_and_the_others_are_asked_all_the_same(environment: Subject) -> None:
    before = environment.fingerprint()
    environment.replica("control-1").kill()  # nothing depends on it: without the cache the balancer calls servers down
    after = environment.fingerprint()
    assert all(part.error for name, part in after.replicas["control-1"].items() if name != "image")
    assert all(part.error is None for part in after.replicas["database-1"].values())
    with pytest.raises(NotMeasured, match="cannot be told"):
        assert after == before
    assert any("processes of control-1 could not be taken after" in line for line in after.explain(before))


def test_a_database_that_answers_no_question_is_no_evidence(shared: Subject) -> None:
    database = shared.replica("database-1")
    database.run("mv /usr/bin/psql /usr/bin/psql-gone")
    found = shared.fingerprint().replicas["database-1"]
    database.run("mv /usr/bin/psql-gone /usr/bin/psql")
    assert "not found" in str(found["schema"].error)
    assert found["processes"].items


def test_a_table_that_is_locked_is_no_evidence(shared: Subject) -> None:
    database = shared.replica("database-1")
    hold = "psql -X -q -U app -d app -c 'BEGIN; LOCK TABLE history; SELECT pg_sleep(60)'"
    database.run(f"setsid {hold} >/dev/null 2>&1 &")
    locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
    held = f"{locks} AND relation = 'history'::regclass"
    database.run(f'until [ "$(psql -X -tA -U app -d app -c "{held}")" = 1 ]; do sleep 0.05; done')
    found = shared.fingerprint().replicas["database-1"]
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'"
    database.run(f'psql -X -U app -d app -c "{end} AND pid <> pg_backend_pid()"')
    assert "lock timeout" in str(found["tables"].error)
    assert found["tables"].items is None


@pytest.mark.sampled
def test_a_redis_with_a_million_keys_stays_bounded_and_says_so(environment: Subject) -> None:
    cache = environment.replica("cache-1")
    many = "for i = 1, 1000000 do redis.call('SET', 'user:' .. i, i) end redis.call('SET', 'rare:key', 'text')"
    cache.run("redis-cli CONFIG SET maxmemory 1gb")
    assert cache.run(["redis-cli", "EVAL", many, "0"], timeout=60).exit_code == 0
    found = environment.fingerprint()
    keys = found.replicas["cache-1"]["keys"]
    assert keys.partial
    assert keys.note is not None
    assert "of 10" in keys.note
    assert keys.items is not None
    kind = keys.items["user:<n>"]
    assert (kind["type"], kind["ttl"], kind["format"]) == ("string", "none", ["number"])
    took = select(environment.history.events, "fingerprint")[-1].data["took"]["cache-1"]
    assert took["redis"] < 10.0
    assert environment.fingerprint() == found  # whatever part of the keys was seen each time


def test_parts_that_the_stack_does_not_declare_are_not_looked_at(shared: Subject) -> None:
    found = shared.fingerprint().replicas
    assert set(found["control-1"]) == {"image", "packages", "processes", "sockets", "environment"}
    assert set(found["lb-1"]) - set(found["control-1"]) == {"servers", "settings"}
    assert isinstance(found["backend-1"]["files"], StatePart)
