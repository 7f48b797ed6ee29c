"""What a scan tells of each process: its program, its directory, its files, and whether it listens."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
from pathlib import Path

import pytest

from harness.probes import kernel, opened

SCAN = """\
@0:0
lrwxrwxrwx 1 0 0 0 Apr  4 00:45 /proc/43/cwd -> /srv/releases/4.1.1 (deleted)
lrwxrwxrwx 1 0 0 0 Apr  4 00:45 /proc/43/exe -> /usr/bin/python3.11

/proc/43/fd:
total 0
lr-x------ 1 0 0 64 Apr  4 00:45 0 -> /dev/null
lrwx------ 1 0 0 64 Apr  4 00:45 3 -> socket:[7001]
"""
SOCKETS = """\
==> /proc/net/tcp <==
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7001 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 7002 1 0 20 4 30 10 -1
"""


def test_program_directory_and_files_of_each_process_are_told() -> None:
    ((pid, found),) = opened.processes(SCAN).items()
    assert (pid, found.program, found.directory) == (43, "/usr/bin/python3.11", "/srv/releases/4.1.1 (deleted)")
    assert (found.descriptors, found.sockets) == (2, {7001})


def test_a_mapped_file_that_was_replaced_is_told_and_shared_memory_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "/proc/43/maps:7f00-7f10 r--p 00000000 08:01 77                   /srv/lib/app.so (deleted)",
        "/proc/43/maps:7f10-7f20 rw-s 00000000 00:01 78                   /dev/zero (deleted)",
        "/proc/43/maps:7f20-7f30 rw-s 00000000 00:01 79                   /memfd:x (deleted)",
        "/proc/43/maps:7f20-7f30 rw-s 00000000 00:01 79                   /SYSV00000000 (deleted)",
    ]
    assert opened.processes("\n".join(lines))[43].replaced == {"/srv/lib/app.so"}
    monkeypatch.setattr(opened, "_NO_FILES", ("/dev/",))  # the test's own files are temporary ones
    own = tmp_path / "app.so"
    own.write_bytes(b"x" * 4096)
    with own.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        own.unlink()
        line = f"{kernel.FUNCTIONS}\nscan maps"
        text = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert opened.processes(text)[os.getpid()].replaced == {str(own)}


def test_who_holds_a_listening_socket_serves_and_a_connection_is_none() -> None:
    assert opened.listening(SOCKETS) == {7001}
    assert opened.serving(opened.processes(SCAN), {7001}) == [43]
    assert opened.serving(opened.processes(SCAN), {7002}) == []


def test_this_process_is_seen_with_its_socket_and_directory() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        line = f"{kernel.FUNCTIONS}\nscan; sockets; printf '%s' \"$__A\""
        text = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    scan, _, rest = text.partition("==> /proc/net/")
    found = opened.processes(scan)
    assert found[os.getpid()].directory == str(Path.cwd())
    assert os.getpid() in opened.serving(found, opened.listening("==> /proc/net/" + rest))
