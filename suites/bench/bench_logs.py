"""What it costs to follow logs, and how fast a large one is read.

    python -m suites.bench.bench_logs [--megabytes 512] [--seconds 10] [--local]

Prints MB/s of a follower over a large new file, on this machine and in a container: the bytes alone (one endless line),
lines of text, and JSON records with release, time and number; and MB for each second of the harness's own processor,
which other load does not change. Then what it costs to follow 3 logs with 4 looks a second each, in percent of a core.
"""

from __future__ import annotations

import argparse
import os
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fixtures import tiny
from harness.clock import SystemClock
from harness.engine import Engine
from harness.environment import Environment
from harness.history import History
from harness.plan.run_id import new_run_id
from harness.probes.logs import LogFollower, LogReplica
from harness.stack import Log, load
from suites.selftest.probes.fakes import LocalReplica

GOAL, COST_GOAL = 200.0, 3.0
POLL_EVERY = 0.25
SHAPES = {
    "bytes alone": Log(path="/big", format="text"),
    "lines of text": Log(path="/big", format="text"),
    "JSON records": Log(path="/big", format="json", release="release", time="ts", sequence="n", tolerance=1e12),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--local", action="store_true", help="without containers")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        local = LocalReplica()
        for shape in SHAPES:
            throughput("this machine", shape, options.megabytes, local, lambda text: _here(text, Path(folder)), folder)
    if options.local:
        return
    with up() as environment:
        replica = environment["web"][0]
        for shape in SHAPES:
            throughput("a container", shape, options.megabytes, replica, lambda text: _there(text, environment))
        cost(environment, options.seconds)


@contextmanager
def up() -> Iterator[Environment]:
    """The tiny stack."""
    with Engine.connect() as engine:
        stack = load(tiny.STACK, environ={})
        with Environment(engine, stack, "1.0.0", History(), run=new_run_id(), test="bench") as environment:
            yield environment


LINES = {
    "bytes alone": "'x' * (1 << 20)",
    "lines of text": "f'1333525500.123 INFO 4.1.0 {n} /things/17 resumed the environment in good time{n:40}\\n'",
    "JSON records": '\'{"ts": %.3f, "level": "INFO", "release": "4.1.0", "n": %d, "path": "/things/17", \''
    '\'"text": "resumed the environment in good time"}\\n\' % (1333525500.123 + n / 1000, n)',
}


def filling(shape: str, path: str, megabytes: int) -> str:
    """The command that writes so much of a log."""
    program = f"""import sys
out, n, size = open(sys.argv[1], "a"), 0, 0
while size < {megabytes} << 20:
    line = {LINES[shape]}
    size, n = size + len(line), n + 1
    out.write(line)
"""
    return f"python3 -c {shlex.quote(program)} {path}"


def _here(command: str, folder: Path) -> None:
    assert LocalReplica().run(command.replace("/big", str(folder / "big"))).exit_code == 0


def _there(command: str, environment: Environment) -> None:
    assert environment["web"][0].run(command, 120.0).exit_code == 0


def throughput(
    where: str, shape: str, megabytes: int, replica: LogReplica, run: Callable[[str], None], folder: str = ""
) -> None:
    """Mark an empty file, let it grow at once, and read it."""
    spec = SHAPES[shape].model_copy(update={"path": f"{folder}/big"})
    clock, history = SystemClock(), History()
    run("cat >/big </dev/null")
    follower = LogFollower(replica, spec, history, clock).view()
    follower.mark()
    written = replica.run(filling(shape, spec.path, megabytes), 120.0)
    assert written.exit_code == 0, written.stderr
    size = int(replica.run(f"stat -c %s {spec.path}").stdout)
    began, own = time.monotonic(), _own()
    follower.poll()
    while follower.behind:
        follower.poll()
    seconds, spent = time.monotonic() - began, _own() - own
    said = follower.report().data
    assert said["error"] is None, said["error"]
    rate, own_rate = size / 1e6 / seconds, size / 1e6 / max(spent, 0.01)
    print(
        f"{where:12} {shape:14} {rate:6.0f} MB/s   goal {GOAL:g} MB/s   {own_rate:6.0f} MB a second of the harness's "
        f"processor   ({size / 1e6:.0f} MB, {said['records']} records)"
    )
    run("rm /big")


def cost(environment: Environment, seconds: float) -> None:
    """Follow three logs that are written 50 times a second each."""
    replicas = [*environment["web"], environment["control"][0]]
    spec = Log(path="/log", format="json", release="release", time="ts")
    history, clock = environment.history, SystemClock()
    writers, followers = [], []
    program = (
        "import json,time\nf=open('/log','a',1)\nprint(1,flush=True)\n"
        "while 1: f.write(json.dumps({'ts':time.time(),'release':'1','text':'x'*100})+'\\n'); time.sleep(0.02)"
    )
    for replica in replicas:
        writers.append(replica.start(["python3", "-c", program]))
        writers[-1].read_until(time.monotonic() + 30)
        followers.append(LogFollower(replica, spec, history, clock).view())
        followers[-1].mark()
    own, began, looks = _own(), time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        for follower in followers:
            follower.poll()
            looks += 1
        time.sleep(POLL_EVERY)
    used = (_own() - own) / spent
    records = sum(follower.report().data["records"] for follower in followers)
    for writer in writers:
        writer.close()
    print(
        f"3 logs, {looks / spent:.1f} looks a second: the harness {used:.1%} of a core   goal below {COST_GOAL:g} %   "
        f"({used * spent / max(looks, 1) * 1000:.2f} ms a look, {records} records)"
    )


def _own() -> float:
    used = os.times()
    return used.user + used.system


if __name__ == "__main__":
    main()
