"""Answers and streams, without an engine. Each seam is in a process of its own: it replaces what all of Python uses."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.workload.messages import framed

pytestmark = pytest.mark.programs

HEAD = """
import json, sys
from pathlib import Path
from harness.selftest.seams import answers, streams, processes
from harness.selftest.seams.trigger import SeamSpec, Trigger
def spoil(target, action, **more):
    trigger = Trigger(SeamSpec(target, action, "startup", **{"count": 0, **more}), "touches")
    for seam in (answers, streams, processes):
        seam.install(trigger)
"""


def ran(tmp_path: Path, program: str) -> Any:
    """What a program prints last, as JSON."""
    command = [sys.executable, "-c", HEAD + textwrap.dedent(program)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def touches(tmp_path: Path) -> list[str]:
    return [json.loads(line)["what"] for line in (tmp_path / "touches").read_text().splitlines()]


SERVED = """
import threading, requests
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"version": "1.2.3"}')
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/version"
class Sdk(requests.Session): pass
Sdk.__module__ = "docker.api.client"
def asked(session):
    try:
        return session.get(url).text
    except requests.ConnectionError as error:
        return str(error)
"""


def test_answers_of_the_engine_and_of_the_proxy_are_told_apart(tmp_path: Path) -> None:
    for target, mine in (("engine-answers", 0), ("proxy-answers", 1)):
        found = ran(
            tmp_path,
            SERVED + f"spoil({target!r}, 'duplicate')\nprint(json.dumps([asked(Sdk()), asked(requests.Session())]))",
        )
        assert found[mine] == '{"version": "1.2.3"}' * 2
        assert found[1 - mine] == '{"version": "1.2.3"}'
    assert touches(tmp_path) == ["GET /version: 20 bytes"] * 2


def test_a_request_that_is_killed_has_no_answer(tmp_path: Path) -> None:
    found = ran(tmp_path, SERVED + "spoil('engine-answers', 'kill')\nprint(json.dumps(asked(Sdk())))")
    assert found == "the connection was closed"


def test_a_report_of_the_generator_is_spoilt_as_a_whole_and_the_others_arrive(tmp_path: Path) -> None:
    """What would stay of a line without its bytes would be another fault."""
    lines: list[tuple[dict[str, Any], bytes]] = [
        ({"began": 1}, b""),
        ({"due": 1}, b"AAAAA"),
        ({"due": 2}, b"BB\nBB"),
        ({"end": "x"}, b""),
    ]
    every = [framed(number, *one) for number, one in enumerate(lines)]
    (tmp_path / "said").write_bytes(b"".join(every))
    found = ran(
        tmp_path,
        """
        spoil("generator-reports", "drop", skip=1)
        from harness.workload import process as generator
        process = generator.subprocess.Popen(["cat", "said"], stdout=generator.subprocess.PIPE)
        print(json.dumps(process.stdout.read().decode()))
        """,
    )
    assert found.encode() == b"".join(every[:2] + every[3:])
    assert touches(tmp_path) == [f"report 2: {len(every[2])} bytes"]


def test_an_event_of_the_engine_comes_twice_or_not_at_all(tmp_path: Path) -> None:
    for action, count in (("duplicate", 2), ("drop", 0)):
        found = ran(
            tmp_path,
            f"""
            spoil("event", {action!r}, count=1)
            class Api:
                def events(self, **_): return iter([{{"Action": "start"}}, {{"Action": "die"}}])
            from harness.engine.events import Events
            seen = []
            spoilt = Trigger(SeamSpec("event", {action!r}, "startup"), "t")
            stream = streams._Api(Api(), spoilt).events()
            print(json.dumps([event["Action"] for event in stream]))
            """,
        )
        assert found == ["start"] * count + ["die"]


def test_what_is_done_once_a_second_is_left_out_or_ends_its_thread(tmp_path: Path) -> None:
    program = """
        spoil("sampler", {action!r}, count=1)
        import threading
        from harness.probes.sampler import Sampler
        sampler = object.__new__(Sampler)
        sampler._places, sampler.ticks, sampler._silent = (), 0, set()
        ended = []
        def look():
            sampler._look(0.0); ended.append(1); sampler._look(0.0); ended.append(2)
        thread = threading.Thread(target=look); thread.start(); thread.join()
        print(json.dumps(ended))
    """
    assert ran(tmp_path, program.replace("{action!r}", "'drop'")) == [1, 2]
    assert ran(tmp_path, program.replace("{action!r}", "'kill'")) == []
    assert touches(tmp_path) == ["Sampler._look"] * 2


def test_a_child_process_is_stopped_for_a_while_and_goes_on_or_is_killed(tmp_path: Path) -> None:
    program = """
        import subprocess, time, os
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "harness.workload.generator"])
        def state():
            return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
        seen = []
        def until(*wanted):
            deadline = time.monotonic() + 20
            while state() not in wanted:
                assert time.monotonic() < deadline, state()
                time.sleep(0.005)
            seen.append(state())
        until("S")
        spoil("generator", ACTION, seconds=0.3)
        if ACTION == "stop":
            until("T"); until("S"); child.kill()
        seen.append(child.wait())
        print(json.dumps(seen))
    """
    assert ran(tmp_path, program.replace("ACTION", "'stop'")) == ["S", "T", "S", -9]
    assert ran(tmp_path, program.replace("ACTION", "'kill'")) == ["S", -9]
    assert touches(tmp_path) == ["harness.workload.generator stopped", "harness.workload.generator killed"]


FOLLOWED = """
    from harness.clock import SystemClock
    from harness.history import History
    from harness.probes.logs import LogFollower
    from harness.stack import Log
    from suites.selftest.probes.fakes import LocalReplica
    path = Path("log").resolve()
    path.touch()
    follower = LogFollower(LocalReplica(), Log(path=str(path)), History(), SystemClock())
    views = [follower.view(), follower.view()]
    for view in views:
        view.mark()
    path.write_text("one\\n")
"""


def test_a_look_at_a_log_is_left_out_for_all_who_look_at_it(tmp_path: Path) -> None:
    program = "spoil('follower', 'drop', count=1)\n" + textwrap.dedent(FOLLOWED)
    assert ran(tmp_path, program + "print(json.dumps([views[0].poll(), views[1].poll(), views[0].records]))") == [
        0,
        1,
        1,
    ]
    assert touches(tmp_path) == ["LogFollower.poll"]


def test_answers_about_a_log_are_spoilt_for_all_who_look_at_it(tmp_path: Path) -> None:
    program = textwrap.dedent(FOLLOWED) + "spoil('log-answers', 'drop')\n"
    made = textwrap.dedent(FOLLOWED).replace(
        "from harness.clock", "spoil('log-answers', 'drop')\nfrom harness.clock", 1
    )
    assert ran(tmp_path, program + "print(json.dumps([view.error for view in views]))") == [None, None]
    found = ran(tmp_path, made + "print(json.dumps([view.error for view in views]))")
    assert all("damaged on their way" in error for error in found)
    assert touches(tmp_path)[0].startswith("log of backend-1")
