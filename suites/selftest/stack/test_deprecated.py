"""Servers as an earlier version declared them: they mean the same, with a warning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.stack import schema
from suites.selftest.stack.support import loaded, refusal

HEAD = "services: {lb: {image: i}, database: {image: i}, cache: {image: i}}\nx-harness:\n  "
ALL = """\
probes:
    queue: {in: cache, redis: {depth: [LLEN, jobs], oldest: [LINDEX, jobs, 0], field: queued}, holds: age}
    haproxy: {in: lb, socket: "127.0.0.1:9999"}
  state:
    database:
      postgres: {user: app, database: app, tables: [plans]}
      allow: [{what: "schema:column plans.tier", because: "it stays"}]
    cache: {redis: {queues: [jobs]}}
    lb: {haproxy: {stats: "127.0.0.1:9999"}, files: [/etc/haproxy]}
"""
NOW = """\
servers:
    database: {kind: postgres, user: app, database: app, tables: [plans]}
    cache:
      kind: redis
      queues: [jobs]
      queue: {depth: [LLEN, jobs], oldest: [LINDEX, jobs, 0], field: queued, holds: age}
    lb: {kind: haproxy, address: "127.0.0.1:9999"}
  state:
    database: {allow: [{what: "schema:column plans.tier", because: "it stays"}]}
    lb: {files: [/etc/haproxy]}
"""


def servers(tmp_path: Path, text: str) -> Mapping[str, Any]:
    return loaded(tmp_path, HEAD + text).harness.servers


def test_a_whole_block_means_the_same_as_before(tmp_path: Path) -> None:
    old, new = loaded(tmp_path, HEAD + ALL), loaded(tmp_path, HEAD + NOW)
    assert old.harness.servers == new.harness.servers
    assert {name: one for name, one in old.harness.state.items() if one.allow or one.files} == new.harness.state
    assert old.harness.probes == new.harness.probes
    assert new.warnings == ()


def test_each_old_key_is_named_once_with_its_line_and_what_to_write(tmp_path: Path) -> None:
    warnings = loaded(tmp_path, HEAD + ALL).warnings
    assert len(warnings) == 5
    assert any(
        "x-harness.state.database.postgres is deprecated (" in one
        and "compose.yaml, line 8): declare the server once, `servers: {database: {kind: postgres, ...}}`" in one
        for one in warnings
    )
    assert {one.split(" is ")[0].removeprefix("x-harness.") for one in warnings} == {
        "probes.queue.redis", "probes.haproxy", "state.database.postgres", "state.cache.redis", "state.lb.haproxy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state: {cache: {redis: {}}}", {"cache": (0, True, True)}),
        ("state: {lb: {haproxy: {stats: 'a:1'}}}", {"lb": ("a:1", False, True)}),
        ("probes: {redis: {in: cache}}", {"cache": (0, True, False)}),
        ("probes: {haproxy: {in: lb, url: 'http://a/'}}", {"lb": ("http://a/", True, False)}),
        ("probes: {redis: {in: cache}}\n  state: {cache: {redis: {}}}", {"cache": (0, True, True)}),
        (
            "probes: {redis: {in: cache, database: 2}}\n  state: {cache: {redis: {}}}",
            {"cache": (0, False, True), "cache (probe)": (2, True, False)},
        ),
        (
            "probes: {redis: {in: lb}}\n  state: {cache: {redis: {}}}",
            {"cache": (0, False, True), "lb": (0, True, False)},
        ),
        (
            "probes: {haproxy: {in: lb, url: 'http://a/'}}\n  state: {lb: {haproxy: {stats: 'a:1'}}}",
            {"lb": ("a:1", False, True), "lb (probe)": ("http://a/", True, False)},
        ),
        ("probes: {queue: {in: cache, redis: {depth: [LLEN, jobs]}}}", {"cache": (0, False, False)}),
        (
            "probes: {queue: {in: cache, redis: {database: 1, depth: [LLEN, jobs]}}}\n  state: {cache: {redis: {}}}",
            {"cache": (0, True, True), "cache (queue)": (1, False, False)},
        ),
    ],
)
def test_what_is_watched_and_what_is_compared_is_what_it_was(
    tmp_path: Path, text: str, expected: Mapping[str, tuple[Any, bool, bool]]
) -> None:
    found = servers(tmp_path, text)
    told = {
        name: (one.address if one.kind == "haproxy" else one.database, one.watch, one.compare)
        for name, one in found.items()
    }
    assert told == expected
    assert all(name.startswith(one.service) for name, one in found.items())


def test_an_old_key_without_a_value_counts_as_left_out(tmp_path: Path) -> None:
    found = loaded(tmp_path, HEAD + "{state: {cache: {redis: , files: [/a]}}, probes: {haproxy: }}")
    assert (found.harness.servers, found.warnings) == ({}, ())
    assert found.harness.state["cache"].files == ("/a",)


def test_one_of_its_own_beside_an_old_one_and_a_block_that_is_no_mapping(tmp_path: Path) -> None:
    found = loaded(tmp_path, HEAD + "{servers: {cache: {kind: redis}}, state: {lb: {redis: {}}}}").harness.servers
    assert set(found) == {"cache", "lb"}
    error = refusal(tmp_path, HEAD + "{servers: [x], state: {lb: {redis: {}}}}")
    assert str(error.where).endswith("x-harness.servers")


@pytest.mark.parametrize(
    ("text", "where", "got", "expected"),
    [
        ("state: {lb: {postgres: {user: u}}}", "state.lb.postgres", "only user", "`database`"),
        ("state: {lb: {postgres: 5}}", "state.lb.postgres", "5", "a mapping"),
        ("state: {lb: {redis: {databas: 1}}}", "state.lb.redis.databas", "databas", "did you mean database?"),
        ("state: {db: {redis: {}}}", "state.db", "db", "one of cache, database, lb"),
        ("state: {lb: {haproxy: {stats: x}}}", "state.lb.haproxy.stats", "x", "address:port"),
        ("probes: {postgres: {user: u, database: d}}", "probes.postgres", "a mapping with user", "`in`"),
        ("probes: {postgres: x}", "probes.postgres", "x", "a mapping with `in`"),
        ("probes: {redis: {in: other}}", "probes.redis", "other", "one of cache"),
        ("probes: {haproxy: {in: lb}}", "probes.haproxy", "a mapping with in", "one of socket and url"),
        ("probes: {haproxy: {in: lb, socket: a.sock}}", "probes.haproxy.socket", "a.sock", "address:port"),
        ("probes: {queue: {in: lb, redis: {depth: LLEN}}}", "probes.queue.redis.depth", "LLEN", "a list of words"),
        ("probes: {queue: {in: lb, redis: {depth: [L]}, command: [x]}}", "probes.queue", "in, redis", "one of command"),
        ("probes: {queue: {in: lb, postgres: {user: u, database: d}}}", "probes.queue.postgres", "", "`depth`"),
        ("{servers: {lb: {kind: redis}}, state: {lb: {redis: {}}}}", "state.lb.redis", "lb", "only `servers: lb`"),
    ],
)
def test_a_mistake_is_named_where_it_was_written(
    tmp_path: Path, text: str, where: str, got: str, expected: str
) -> None:
    error = refusal(tmp_path, f"{HEAD}{text}\n")
    assert str(error.where).endswith(f"compose.yaml, line 3: x-harness.{where}")
    assert got in str(error.got)
    assert "kind" not in str(error.got), "it is not in the file"
    assert expected in str(error.expected)


def test_the_schema_still_takes_them_and_calls_them_deprecated() -> None:
    made = schema()
    block = yaml.safe_load(f"x-harness:\n  {ALL}")["x-harness"]
    assert Draft202012Validator(made).is_valid(block)
    assert made["$defs"]["State"]["properties"]["postgres"]["deprecated"] is True
