"""Faults of logs, disks, processes, names and requests on a real application: what is seen while they are on."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import FaultUnavailable, FaultUnproven, UsageError
from harness.faults.disk._throttle import Throttle, look
from suites.selftest.faults.servers import Servers

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("faults of replicas")]
LOG = "/var/log/app.log"
GET = "curl -s -o /dev/null -w '%{http_code} %{time_total}' --max-time 5 http://app:8080/"


def get(servers: Servers) -> tuple[int, float]:
    """Status and seconds of a request from the peer; status 0 for no answer."""
    said = servers.environment.replica("peer-1").run(GET).stdout.split()
    return int(said[0]), float(said[1])


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("disk.full", {"on": "app", "path": "/small"}),
        ("disk.full", {"on": "app", "path": "/opt"}),
        ("disk.read-only", {"on": "app", "path": "/opt"}),
        ("log.unwritable", {}),
        ("process.paused", {"on": "app"}),
        ("process.cpu-neighbour", {"on": "app"}),
        ("dns.failing", {"on": "peer", "to": "app"}),
        ("dns.stale", {"on": "peer", "to": "app"}),
        ("health.lies", {"to": "app"}),
        ("http.status", {"from": "peer", "to": "app"}),
        ("http.slow", {"from": "peer", "to": "app", "ms": 100}),
        ("http.cut", {"from": "peer", "to": "app"}),
    ],
)
def test_without_traffic_nothing_is_proven(servers: Servers, name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(FaultUnproven) as caught, servers.fault(name, **parameters):
        pass
    assert "is not gone" not in caught.value.what, caught.value


# -- logs ----------------------------------------------------------------------------------------------------------


def test_a_deleted_log_is_written_where_nobody_reads_and_is_back(servers: Servers) -> None:
    inode = servers.app(f"stat -c %i {LOG}")
    with servers.fault("log.deleted") as on:
        assert servers.app(f"test -e {LOG} || echo gone") == "gone"
        assert on.bites(within=10).figures["app-1"]["bytes"]
    assert on.proven
    assert servers.app(f"stat -c %i {LOG}") == inode
    assert servers.app(f"ls {LOG}*") == LOG


def test_a_log_that_is_rotated_by_rename_goes_on_in_the_old_file(servers: Servers) -> None:
    inode = servers.app(f"stat -c %i {LOG}")
    with servers.fault("log.rotated") as on:
        assert servers.app(f"stat -c %s {LOG}") == "0"
        seen = on.bites(within=10).figures["app-1"]
        assert [bool(seen["old"]), seen["new"]] == [True, 0]
    assert on.proven
    assert servers.app(f"stat -c %i {LOG}") == inode


def test_a_log_that_is_copied_and_emptied_goes_on_in_the_same_file(servers: Servers) -> None:
    with servers.fault("log.rotated", by="copytruncate") as on:
        seen = on.bites(within=10).figures["app-1"]
        assert [bool(seen["new"]), seen["old"]] == [True, 0]
    assert on.proven
    assert servers.app(f"ls {LOG}*") == LOG


def test_an_unwritable_log_is_opened_by_nobody_and_then_is(servers: Servers) -> None:
    app = servers.environment.replica("app-1")
    with servers.fault("log.unwritable") as on:
        assert "Operation not permitted" in app.run(f"echo x >> {LOG}").stderr
        assert "Operation not permitted" in app.run(f"mv {LOG} {LOG}.1").stderr
        servers.get()
        on.bites()
    assert on.proven
    assert app.run(f"echo x >> {LOG}").exit_code == 0


# -- disks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/small", "/opt"])
def test_a_full_disk_takes_nothing_more_and_then_does(servers: Servers, path: str) -> None:
    servers.app(f"echo before > {path}/kept")
    with servers.fault("disk.full", on="app", path=path) as on:
        answer = servers.environment.replica("app-1").run(f"head -c 10000 /dev/zero > {path}/more")
        assert "No space left on device" in answer.stderr
        assert servers.app(f"cat {path}/kept") == "before"
        servers.get()
        on.bites()
    assert on.proven
    assert servers.app(f"rm -f {path}/more; echo after > {path}/more && ls -A {path} | tr '\\n' ' '").split() == [
        "kept",
        "more",
    ]


def test_a_read_only_directory_takes_nothing_and_then_does(servers: Servers) -> None:
    with servers.fault("disk.read-only", on="app", path="/opt") as on:
        assert "Read-only file system" in servers.environment.replica("app-1").run("touch /opt/new").stderr
        servers.get()
        on.bites()
    assert on.proven
    assert servers.app("touch /opt/new && rm /opt/new && grep -c ' /opt ' /proc/self/mountinfo") == "0"


def test_a_slow_disk_lets_writes_wait_or_is_refused_with_the_reason(servers: Servers) -> None:
    def seconds() -> float:
        written = "dd if=/dev/zero of=/opt/new bs=10k count=30 conv=fsync 2>/dev/null"
        said = servers.app(f"a=$(date +%s%N); {written}; b=$(date +%s%N); rm -f /opt/new; echo $((b - a))")
        return int(said) / 1e9

    found = Throttle.of(servers.app(look()))
    if isinstance(found, str):
        with pytest.raises(FaultUnavailable, match=r"disk\.slow is not available here") as caught:
            servers.fault("disk.slow", on="app", kb_per_s=100).__enter__()
        assert (caught.value.exit_code, caught.value.got) == (2, found)
        return
    with servers.fault("disk.slow", on="app", kb_per_s=100) as on:
        assert seconds() >= 1.0, "300 kB at 100 kB a second"
        assert (on.bites().figures["app-1"]["bytes"] or 0) >= 300_000
    assert on.proven
    assert Throttle.of(servers.app(look())) == found


# -- processes -----------------------------------------------------------------------------------------------------


def test_a_paused_replica_answers_nobody_and_then_does(servers: Servers) -> None:
    with servers.fault("process.paused", on="app") as on:
        peer = servers.environment.replica("peer-1")
        assert peer.run("curl -s --max-time 1 http://app:8080/").exit_code == 28
        on.bites()
    assert on.proven
    assert get(servers)[0] == 200


@pytest.mark.sampled
def test_a_killed_container_runs_again_when_it_is_healed(servers: Servers) -> None:
    with servers.fault("process.killed", on="app") as on:
        assert get(servers)[0] == 0
        on.bites()
    assert on.proven
    servers.environment.replica("app-1").run("until curl -s http://127.0.0.1:8080/; do sleep 0.1; done", timeout=20)
    assert get(servers)[0] == 200


def test_processes_are_killed_by_words_of_their_command_line(servers: Servers) -> None:
    servers.app("setsid sleep 4242 > /dev/null 2>&1 &")
    with servers.fault("process.killed", on="app", process="sleep 4242") as on:
        assert servers.app("pgrep -f '^sleep 4242' || echo none") == "none"
        assert on.bites()
    with pytest.raises(UsageError, match="There is no such process"):
        servers.fault("process.killed", on="app", process="sleep 4242").__enter__()


def test_a_restarted_replica_is_ready_before_anything_goes_on(servers: Servers) -> None:
    with servers.fault("process.restarted", on="app") as on:
        assert get(servers)[0] == 200
        on.bites()
    assert on.proven


def test_a_memory_limit_is_met_and_taken_away(servers: Servers) -> None:
    take = ["python3", "-c", "x = b'x' * 80_000_000"]
    peer = servers.environment.replica("peer-1")
    with servers.fault("process.memory", on="peer", share=0.95) as on:
        assert peer.run(take).exit_code == 137
        on.bites()
    assert on.proven
    assert peer.run(take).exit_code == 0


def test_a_cpu_quota_throttles_and_is_taken_away(servers: Servers) -> None:
    busy = "timeout 0.5 sh -c 'while :; do :; done'; true"
    with servers.fault("process.cpu-quota", on="app", cpus=0.2) as on:
        servers.app(busy)
        on.bites()
    assert on.proven


def test_neighbours_run_until_they_are_healed(servers: Servers) -> None:
    with servers.fault("process.cpu-neighbour", on="app", count=1) as on:
        assert servers.app("pgrep -cf 'while :; do :; done' || true") != "0"
        servers.get()
        on.bites()
    assert on.proven
    assert servers.app("pgrep -f 'rollback-harness' || echo none") == "none"


def test_a_clock_needs_libfaketime_and_says_so(servers: Servers) -> None:
    with pytest.raises(FaultUnavailable) as caught:
        servers.fault("process.clock", on="app", seconds=60).__enter__()
    assert "libfaketime" in str(caught.value.got)


# -- names and requests ----------------------------------------------------------------------------------------------


def test_names_that_fail_mean_nothing_and_then_do(servers: Servers) -> None:
    hosts = servers.environment.replica("peer-1").run("cat /etc/hosts /etc/resolv.conf").stdout
    with servers.fault("dns.failing", on="peer", to="app") as on:
        assert servers.environment.replica("peer-1").run("curl -s http://app:8080/").exit_code == 6  # not resolved
        assert servers.environment.replica("peer-1").run("getent hosts cache").exit_code == 0
        on.bites()
    assert on.proven
    assert get(servers)[0] == 200
    assert servers.environment.replica("peer-1").run("cat /etc/hosts /etc/resolv.conf").stdout == hosts


def test_a_stale_name_leads_to_where_nobody_is(servers: Servers) -> None:
    with servers.fault("dns.stale", on="peer", to="app") as on:
        servers.environment.replica("peer-1").run("curl -s --connect-timeout 4 http://app:8080/")
        on.bites()
    assert on.proven
    assert get(servers)[0] == 200


def test_a_lying_health_check_answers_while_requests_fail(servers: Servers) -> None:
    peer = servers.environment.replica("peer-1")
    with servers.fault("health.lies", to="app", healthy=["/healthz"]) as on:
        assert get(servers)[0] == 503
        assert peer.run("curl -s -o /dev/null -w '%{http_code}' http://app:8080/healthz").stdout == "404"
        on.bites()
    assert on.proven
    assert get(servers)[0] == 200


def test_requests_are_answered_slowed_down_and_cut(servers: Servers) -> None:
    link = {"from": "peer", "to": "app"}
    with servers.fault("http.status", status=418, **link) as on:
        assert get(servers)[0] == 418
    assert on.proven
    with servers.fault("http.slow", ms=700, **link) as on:
        status, seconds = get(servers)
        assert status == 200
        assert seconds >= 0.7
    assert on.proven
    with servers.fault("http.cut", **link) as on:
        assert servers.environment.replica("peer-1").run("curl -s http://app:8080/").exit_code == 56  # reset
    assert on.proven
    assert get(servers)[0] == 200


# -- what a deployment finds ---------------------------------------------------------------------------------------


ARTEFACTS = pytest.mark.parametrize(
    ("name", "seen"), [("deployment.missing-artefact", "gone"), ("deployment.corrupt-artefact", "whole")]
)


@ARTEFACTS
def test_files_of_a_release_are_put_back_when_it_is_healed(servers: Servers, name: str, seen: str) -> None:
    servers.app("mkdir -p /srv/releases/1 && echo whole-file > /srv/releases/1/app.py")
    fault = servers.fault(name, on="app", path="/srv/releases/1")
    with pytest.raises(FaultUnproven, match="cannot be seen to bite"), fault:  # nobody deploys here
        assert servers.app("cat /srv/releases/1/app.py 2>/dev/null || echo gone") == seen
    assert servers.app("cat /srv/releases/1/app.py; ls -A /srv/releases /srv/releases/1 | tr '\\n' ' '") == (
        "whole-file\n/srv/releases: 1  /srv/releases/1: app.py"
    )


@ARTEFACTS
def test_files_that_were_brought_meanwhile_stay(servers: Servers, name: str, seen: str) -> None:
    servers.app("mkdir -p /srv/releases/1 && echo whole-file > /srv/releases/1/app.py")
    with pytest.raises(FaultUnproven), servers.fault(name, on="app", path="/srv/releases/1"):
        servers.app("rm -rf /srv/releases/1; mkdir /srv/releases/1; echo brought > /srv/releases/1/app.py")
    assert servers.app("cat /srv/releases/1/app.py; ls -A /srv/releases; rm -rf /srv/releases") == "brought\n1"


def test_a_directory_that_is_there_before_its_release_goes_again(servers: Servers) -> None:
    with pytest.raises(FaultUnproven), servers.fault("deployment.leftover-directory", on="app", path="/srv/next"):
        assert servers.app("ls -A /srv/next") == ".rollback-harness-leftover"
    assert servers.app("ls -d /srv/next 2>/dev/null || echo gone") == "gone"
