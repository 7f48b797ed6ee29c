"""A real container's stdout and stderr, through a real engine: whole across a restart and a replacement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import tiny
from harness.events import ProbeLog
from harness.plan.run import Run
from harness.plan.subject import Subject
from harness.stack import load
from harness.waiting import poll

pytestmark = pytest.mark.containers

PROGRAM = (
    "import itertools, os, sys, time\n"
    "for n in itertools.count(1):\n"
    '    print(\'{{"n": %d, "level": "info", "release": "{release}"}}\' % n, flush=True)\n'
    '    print("error: number %d" % n, file=sys.stderr, flush=True)\n'
    "    time.sleep(0.02)\n"
)
STACK = """name: output
services:
  app:
    build: {build}
    command: [python3, -c, {program!r}]
    init: true
x-harness:
  releases: {{"4.1.0": {{}}, "4.1.1": next.yaml}}
  logs:
    app:
      - {{stdout: true, format: json, release: release, sequence: n}}
      - {{stderr: true}}
"""


@pytest.fixture
def environment(tmp_path: Path, harness_run: Run, request: pytest.FixtureRequest) -> Iterator[Subject]:
    old, new = (PROGRAM.format(release=one).replace("\n", "\\n") for one in ("4.1.0", "4.1.1"))
    written = STACK.format(build=tiny.STACK.parent / "images" / "app", program="PROGRAM")
    (tmp_path / "compose.yaml").write_text(written.replace("'PROGRAM'", _quoted(old)), encoding="utf-8")
    (tmp_path / "next.yaml").write_text(
        f"services: {{app: {{command: [python3, -c, {_quoted(new)}]}}}}\n", encoding="utf-8"
    )
    stack, releases = load(tmp_path / "compose.yaml"), ["4.1.0", "4.1.1"]
    with harness_run.environment(stack, "4.1.0", test=request.node.nodeid, releases=releases) as found:
        yield found


def _quoted(program: str) -> str:
    return '"' + program.replace('"', '\\"').replace("$", "$$") + '"'


def reports(environment: Subject, records: int = 20) -> tuple[ProbeLog, ProbeLog]:
    """What stdout and stderr got since the mark, once it is so much."""
    replica = environment["app"][0]
    views = [replica.log(name).followed.phases for name in ("stdout", "stderr")]
    assert poll(lambda: min(view.poll() + view.records for view in views) >= records, within=30.0, every=0.1)
    replica.report_logs()
    found = {event.body.path: event.body for event in environment.history.of(ProbeLog)}
    return found["stdout"], found["stderr"]


def test_both_streams_are_followed_each_by_itself(environment: Subject) -> None:
    environment.mark_logs("key")
    out, err = reports(environment)
    assert (out.state, out.error, err.error) == ("ok", None, None)
    assert (out.errors, set(out.by_release), out.sequence.missing, out.sequence.repeated) == (0, {"4.1.0"}, 0, 0)
    assert (err.errors, [kind.name for kind in err.error_kinds]) == (err.records, ["error: number *"])


def test_a_restart_loses_nothing_and_tells_nothing_twice(environment: Subject) -> None:
    environment.mark_logs("key")
    before = reports(environment)[0]
    replica = environment["app"][0]
    replica.stop(5.0)
    replica.begin()
    out, _ = reports(environment, 40)
    assert (out.error, out.sequence.missing, out.sequence.repeated, out.sequence.restarts) == (None, 0, 0, 1)
    assert [one.what for one in out.changes] == ["restarted"]
    assert before.sequence.last is not None


def test_a_replacement_is_read_from_its_beginning_behind_the_rest_of_the_one_before(environment: Subject) -> None:
    environment.mark_logs("key")
    reports(environment)
    environment.replace("app-1", "4.1.1")
    out, _ = reports(environment, 40)
    assert (out.error, out.sequence.missing, out.sequence.repeated, out.sequence.restarts) == (None, 0, 0, 1)
    assert (list(out.by_release), [one.what for one in out.changes]) == (["4.1.0", "4.1.1"], ["new container"])
