"""Depth and age of a queue, from every way in which a stack may declare it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness.clock import ManualClock
from harness.history import History
from harness.probes import queue
from harness.probes.replica import ProbeReply
from harness.servers import ServerAdapter
from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.stack import QueueProbe
from suites.selftest.probes.fakes import Said, TellingReplica
from suites.selftest.probes.local import LocalStart

NOW = 1_333_525_500.0
JOBS = {"depth": ["LLEN", "jobs"], "oldest": ["LINDEX", "jobs", "0"]}
SQL = {"depth": "SELECT 1", "oldest": "SELECT 2;"}


def declared(**how: Any) -> QueueProbe:
    return QueueProbe.model_validate({"service": "cache", **how})


COMMAND = declared(command=["x"])
REDIS = Redis.model_validate({"kind": "redis", "queue": {**JOBS, "field": "queued"}})
PLAIN = Redis.model_validate({"kind": "redis", "queue": JOBS})
AGE, TIME = (
    Postgres.model_validate({"kind": "postgres", "user": "app", "database": "app", "queue": {**SQL, "holds": holds}})
    for holds in ("age", "time")
)
HTTP = declared(http="http://127.0.0.1/queue", depth="waiting", oldest="since")


@pytest.mark.parametrize(
    ("how", "text", "depth", "age", "error"),
    [
        (COMMAND, "3", 3.0, None, None),
        (COMMAND, "3\n4", None, None, "the answer is not a number"),
        (COMMAND, "inf", None, None, "the answer is not a number"),
        (REDIS, '2\n{"id": "a", "queued": 1333525490.5}', 2.0, 9.5, None),
        (REDIS, "0\n", 0.0, 0.0, None),
        (REDIS, "1", 1.0, 0.0, None),  # taken between the two questions
        (REDIS, "2\nnot json", 2.0, None, "no field 'queued' in the oldest job"),
        (REDIS, '2\n{"queued": "soon"}', 2.0, None, "neither a time nor an age: soon"),
        (REDIS, "WRONGTYPE Operation against a key", None, None, "the answer is not a number: WRONGTYPE"),
        (PLAIN, "2\n1333525499", 2.0, 1.0, None),
        (PLAIN, "2\n1333525501", 2.0, 0.0, None),  # the clocks differ
        (PLAIN, "2\n1333525560", 2.0, 0.0, None),
        (PLAIN, "2\n1333525561", 2.0, None, "lies 61 s in the future: another unit, or a wrong clock"),
        (
            REDIS,
            '2\n{"queued": 1333525490500}',
            2.0,
            None,
            "1333525490500, lies 1.33e+12 s in the future: another unit",
        ),
        (TIME, "7\n2012-04-04 08:45:00+00", 7.0, None, "lies 3.6e+03 s in the future"),
        (AGE, "7\n12.5", 7.0, 12.5, None),
        (AGE, "7\n2012-04-04 07:44:50+00", 7.0, None, "neither a time nor an age"),
        (TIME, "7\n2012-04-04 07:44:50+00", 7.0, 10.0, None),
        (TIME, "7\n2012-04-04 07:44:50", 7.0, 10.0, None),
        (HTTP, '{"waiting": 4, "since": "2012-04-04T07:44:59Z"}', 4.0, 1.0, None),
        (HTTP, '{"waiting": 0, "since": null}', 0.0, 0.0, None),
        (HTTP, '{"waiting": 4}', 4.0, None, "no field 'since'"),
        (HTTP, '{"waiting": true}', None, None, "is not a number"),
        (HTTP, "<html>", None, None, "no field 'waiting'"),
        (HTTP, "[]", None, None, "no field 'waiting'"),
    ],
)
def test_an_answer_is_a_depth_and_an_age_or_the_reason_why_not(
    how: ServerAdapter | QueueProbe, text: str, depth: float | None, age: float | None, error: str | None
) -> None:
    seen = queue.read(how, ProbeReply(text), NOW)
    assert seen[:2] == (depth, age)
    assert (error or "") in (seen[2] or "")
    assert (seen[2] is None) == (error is None)


def test_a_question_without_an_answer_keeps_its_reason() -> None:
    assert queue.read(REDIS, ProbeReply(None, "no answer within 3 s"), NOW) == (None, None, "no answer within 3 s")


def test_each_declaration_is_one_command() -> None:
    assert queue.question(COMMAND) == ("x",)
    assert """printf %s '"LLEN" "jobs"\n"LINDEX" "jobs" "0"\n' |""" in queue.question(REDIS)[2]
    assert "printf %s 'SELECT 1;\nSELECT 2;\n' |" in queue.question(TIME)[2]
    assert "curl -fsS --max-time 2 http://127.0.0.1/queue" in queue.question(HTTP)[2]


def test_a_probe_records_depth_and_age() -> None:
    history = History(clock=ManualClock())
    event = queue.probe(history, TellingReplica("database-1", Said(0, "7\n12.5\n")), AGE)
    assert dict(event.data) == {"depth": 7.0, "age": 12.5, "error": None}


@pytest.mark.parametrize(
    ("how", "program", "depth", "age"),
    [
        (declared(command=["sh", "-c", "echo 5"]), None, 5.0, None),
        (declared(command=["false"]), None, None, None),
        (
            AGE,
            r"while read -r l; do case $l in *T\ 1\;) echo 7;; *T\ 2\;) echo 1.5;; *echo*) echo ${l##* };; esac; done",
            7.0,
            1.5,
        ),
    ],
)
def test_the_queue_of_a_sampler_is_asked_over_a_kept_program(
    how: ServerAdapter | QueueProbe, program: str | None, depth: float | None, age: float | None
) -> None:
    history = History()
    replica = LocalStart("cache-1", instead=["sh", "-c", program] if program else None)
    one = queue.Queue(history, replica, "h1", how)
    for _ in range(2):
        one.begin(0)
        event = one.finish(time.monotonic() + 10)
    assert len(replica.started) == 1
    assert (event.data["depth"], event.data["age"], event.data["environment"]) == (depth, age, "h1")
    assert (event.data["error"] is None) == (depth is not None)
    one.close()
