"""One look at a replica, read from what the kernel writes."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from harness.probes import kernel

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 10968478 1 00 100 0 0 10 0
   1: 0B00007F:A16B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10965403 1 00 100 0 0 10 0
   2: 0330D50A:1F90 0930D50A:B4C0 06 00000000:00000000 03:000012CC 00000000     0        0 0 3 000000000b6fe613
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 0 0 0
"""
UDP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
10559: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 10965402 2 00 0
"""
REST = "4194560 1 2 0 0 5 3 0 0 20 0 1 0"


def stat(pid: int, name: str, parent: int, session: int, started: int, state: str = "S") -> str:
    line = f"{pid} ({name}) {state} {parent} {session} {session} 0 -1 {REST} {started} 99 1 2"
    return f"==> /proc/{pid}/stat <==\n{line}\n\n"


FIRST = "".join(
    f"==> /sys/fs/cgroup/{path} <==\n{text}\n\n"
    for path, text in {
        "cpuacct/cpuacct.usage": "626135766",
        "cpu/cpu.stat": "nr_periods 90\nnr_throttled 7\nthrottled_time 1500000000\nnr_bursts 0",
        "memory/memory.usage_in_bytes": "49594368",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2",
        "memory/memory.stat": "shmem 9170944",
    }.items()
)
SECOND = "".join(
    f"==> /sys/fs/cgroup/{path} <==\n{text}\n\n"
    for path, text in {
        "cpu.stat": "usage_usec 626135\nuser_usec 1\nnr_periods 90\nnr_throttled 7\nthrottled_usec 1500000",
        "memory.current": "49594368",
        "memory.max": "67108864",
        "memory.stat": "shmem 9170944",
        "memory.events": "low 0\nhigh 0\nmax 12\noom 2\noom_kill 2\noom_group_kill 0",
        "cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 total=0",
        "memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\nfull avg10=0.00 total=500000",
        "io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 total=0",
    }.items()
)


def test_processes_are_told_from_those_that_came_in_from_outside() -> None:
    text = (
        stat(1, "docker-init", 0, 1, 100)
        + stat(7, "a name) (with\nall)", 1, 1, 110)
        + stat(30, "sh", 0, 30, 500)
        + stat(31, "head", 30, 30, 510, "R")
        + stat(9, "left behind", 1, 29, 300, "Z")  # who began this session is gone, so it is the replica's own
    )
    found = kernel.read(text)
    assert [(one.pid, one.parent, one.name, one.started, one.state) for one in found.processes or ()] == [
        (1, 0, "docker-init", 100, "S"),
        (7, 1, "a name) (with\nall)", 110, "S"),
        (9, 1, "left behind", 300, "Z"),
    ]
    assert found.entered == 2


def test_memory_that_is_a_files_or_shared_is_left_out_where_it_is_told() -> None:
    shares = "==> /proc/7/statm <==\n9000 120 100 1 0 50 0\n\n"
    told = stat(7, "postgres", 0, 1, 100).replace(" 99 1 2", " 99 120 2")
    for more, pages in ((shares, 20), ("", 120), (shares.replace(" 100 ", " 130 "), 0)):
        (one,) = kernel.read(told + more).processes or ()
        assert one.resident == pages * kernel.PAGE


def test_listening_sockets_are_named_and_connections_and_dockers_name_server_are_not() -> None:
    text = f"==> /proc/net/tcp <==\n{TCP}\n==> /proc/net/tcp6 <==\n{TCP6}\n==> /proc/net/udp <==\n{UDP}\n"
    assert kernel.listening(text)[0] == ("0.0.0.0:8080/tcp", "127.0.0.1:53/udp", "[::1]:22/tcp")


def test_more_sockets_than_are_looked_at_are_said_to_be_missing() -> None:
    one = TCP.splitlines()[1]
    text = "==> /proc/net/tcp <==\n" + "\n".join([TCP.splitlines()[0], *[one] * (kernel.LINES - 1)]) + "\n\n"
    assert "first 39 of tcp" in kernel.listening(text)[1]


def test_the_first_cgroup_hierarchy() -> None:
    found = kernel.read(FIRST)
    assert (found.cpu, found.throttled, found.throttled_seconds) == (0.6261, 7, 1.5)
    assert (found.memory, found.limit, found.oom_kills, found.pressure) == (49594368, None, 2, None)
    assert found.shared == 9170944
    assert found.missing["pressure"] == "cgroup v1 keeps none"


def test_the_second_cgroup_hierarchy_with_pressure() -> None:
    found = kernel.read(SECOND)
    assert (found.cpu, found.throttled, found.throttled_seconds) == (0.6261, 7, 1.5)
    assert (found.memory, found.limit, found.oom_kills, found.shared) == (49594368, 67108864, 2, 9170944)
    assert found.pressure == {"cpu": (2.5, 0.0), "memory": (1.0, 0.5), "io": (0.0, 0.0)}
    assert set(found.missing) == {"processes"}


def test_what_cannot_be_read_is_null_with_the_reason() -> None:
    found = kernel.read("")
    assert (found.processes, found.cpu, found.memory, found.pressure) == (None,) * 4
    assert kernel.listening("") == (None, "/proc/net/tcp cannot be read")
    assert set(found.missing) == {"processes", "pressure", "cpu", "throttled", "memory", "shared", "oom_kills"}


def shell(line: str, path: str | None = None) -> str:
    text = kernel.FUNCTIONS if path is None else kernel.FUNCTIONS.replace("/sys/fs/cgroup", path)
    done = subprocess.run(
        ["sh"], input=f"{text}\n{line}\nprintf '%s' \"$__A\"\n", capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout


def test_shared_memory_is_that_of_the_cgroup_and_of_those_below_it(tmp_path: Path) -> None:
    def looked() -> kernel.KernelSnapshot:
        return kernel.read(shell("look", str(tmp_path)).replace(str(tmp_path), "/sys/fs/cgroup"))

    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.stat").write_text(
        "cache 5\nshmem 4096\nmapped_file 1\ntotal_cache 9\ntotal_shmem 8192\n"
    )
    assert looked().shared == 8192
    (tmp_path / "cpu.stat").write_text("usage_usec 1\n")
    (tmp_path / "memory.stat").write_text("anon 1\nfile 2\nshmem 4096\nshmem_thp 7\n")
    assert looked().shared == 4096
    (tmp_path / "memory.stat").unlink()
    found = looked()
    assert (found.shared, found.missing["shared"]) == (None, "not in the cgroup's files")


def test_a_look_at_this_machine_sees_this_process_and_its_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = kernel.read(shell("look"))
        port = server.getsockname()[1]
        began = (
            float(shell("boot")) + next(p.started for p in found.processes or () if p.pid == os.getpid()) / kernel.TICK
        )
        listening, missing = kernel.listening(shell("sockets"))
    assert f"127.0.0.1:{port}/tcp" in (listening or ()) or "only" in missing
    assert 0.0 < time.time() - began < 86400.0


def test_processes_are_read_again_only_when_one_began_or_ended_or_it_is_told_to(tmp_path: Path) -> None:
    def run(pid: int) -> str:
        line = stat(pid, "sleep", 1, 1, 100).splitlines()[1]
        return f"mkdir {tmp_path}/{pid} && echo '{line}' >{tmp_path}/{pid}/stat"

    lines = [run(7), "look", "part; look", "part; look all", run(8), "part; look", f"rm -r {tmp_path}/7", "part; look"]
    text = f"{kernel.FUNCTIONS}\n{chr(10).join(lines)}\nprintf '%s' \"$__A\"\n".replace(
        "/proc/[0-9]", f"{tmp_path}/[0-9]"
    )
    done = subprocess.run(["sh"], input=text, capture_output=True, text=True, timeout=30, check=False)
    seen = [kernel.read(part) for part in done.stdout.split(kernel.PART)]
    assert [one.same for one in seen] == [False, True, False, False, False]
    pids = [None if one.processes is None else [process.pid for process in one.processes] for one in seen]
    assert pids == [[7], None, [7], [7, 8], [8]]
    assert all("processes" not in one.missing for one in seen)


def test_an_image_with_nothing_but_a_shell_is_looked_at(tmp_path: Path) -> None:
    for part in FIRST.split("==> ")[1:]:
        path, _, text = part.partition(" <==\n")
        file = tmp_path / path.removeprefix("/sys/fs/cgroup/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.removesuffix("\n\n"))  # the last line without its end
    text = "PATH=/nowhere\n" + kernel.ONCE.replace("/sys/fs/cgroup", str(tmp_path))
    done = subprocess.run(["/bin/sh"], input=text, capture_output=True, text=True, timeout=30, check=False)
    found = kernel.read(done.stdout.replace(str(tmp_path), "/sys/fs/cgroup"))
    assert (found.cpu, found.throttled, found.memory, found.oom_kills) == (0.6261, 7, 49594368, 2)
    assert {one.pid for one in found.processes or ()} >= {1, os.getpid()}


def test_the_second_hierarchy_is_found_where_it_is(tmp_path: Path) -> None:
    for part in SECOND.split("==> ")[1:]:
        path, _, text = part.partition(" <==\n")
        (tmp_path / path.removeprefix("/sys/fs/cgroup/")).write_text(text)
    found = kernel.read(shell("look", str(tmp_path)).replace(str(tmp_path), "/sys/fs/cgroup"))
    assert (found.cpu, found.limit, found.pressure) == (0.6261, 67108864, kernel.read(SECOND).pressure)


def test_a_deleted_file_that_is_open_is_found_with_its_inode() -> None:
    with tempfile.NamedTemporaryFile(prefix="a name ", delete=False) as file:
        file.write(b"12345")
        file.flush()
        inode = os.fstat(file.fileno()).st_ino
        Path(file.name).unlink()
        deleted, seen = kernel.scanned(shell("scan"))
        assert os.getpid() in seen
        (mine,) = [one for one in deleted if one.path == file.name]
        assert mine.place == f"{os.getpid()}/fd/{file.fileno()}"
        answer = kernel.inodes(shell(f"inode {mine.owner[0]} {mine.owner[1]} {mine.place}"))
    assert answer == {mine.place: (inode, 5)}


def test_nothing_is_deleted_where_nothing_is() -> None:
    text = "@0:0\nlrwxrwxrwx 1 0 0 0 Nov 25 09:03 /proc/7/exe -> /usr/bin/x\n\n/proc/7/fd:\ntotal 0\n"
    text += "lrwx------ 1 0 0 64 Nov 25 09:03 0 -> /dev/null\n@998:998\n/proc/43/fd:\n"
    text += "l-wx------ 1 998 998 64 Nov 25 09:03 3 -> /var/log/backend/backend.log (deleted)\n"
    assert kernel.scanned(text) == (
        (kernel.Deleted(43, "43/fd/3", "/var/log/backend/backend.log", (998, 998)),),
        frozenset({7, 43}),
    )
