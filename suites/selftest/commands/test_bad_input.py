"""Mistakes in the call and in the files: one message, exit code 4, and nothing done. No daemon is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suites.selftest.commands.support import Ended, World, clean, variant

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def refused(ended: Ended, *words: str, code: int = 4) -> None:
    """It ended with this code, and every word is in its message."""
    clean(ended)
    assert ended.code == code, ended.text
    missing = [word for word in words if word not in ended.err]
    assert not missing, f"{missing} not in:\n{ended.err}"


def gate(world: World, stack: Path, *words: str) -> Ended:
    return world.inside("gate", stack, "--out", world.runs, *words, **NO_ENGINE)


def gate_process(world: World, stack: Path) -> Ended:
    """In a process of its own, which is ended when it waits for what never comes."""
    return world.start("gate", stack, "--out", world.runs, **NO_ENGINE).end(30)


def broken(world: World, text: str) -> Path:
    path = world.directory / "compose.yaml"
    path.write_text(text)
    return path


def test_malformed_yaml_is_refused_with_its_line(bare: World) -> None:
    refused(gate(bare, broken(bare, "services:\n  web: [\n")), "error: ", "compose.yaml, line")


def test_an_unknown_key_is_refused_with_its_line_and_what_was_meant(bare: World) -> None:
    def misspell(document: dict[str, Any]) -> None:
        document["x-harness"]["worklaod"] = document["x-harness"].pop("workload")

    refused(gate(bare, variant(bare.directory, misspell)), "worklaod", "workload", "compose.yaml, line")


def test_a_file_that_is_not_there_is_refused(bare: World) -> None:
    refused(gate(bare, bare.directory / "nowhere.yaml"), "nowhere.yaml")


def test_a_directory_in_the_place_of_a_file_is_refused_or_read_as_compose_does(bare: World) -> None:
    refused(gate(bare, bare.directory), str(bare.directory))


def test_a_binary_file_is_refused(bare: World) -> None:
    path = bare.directory / "compose.yaml"
    path.write_bytes(bytes(range(256)))
    refused(gate(bare, path), "compose.yaml")


def test_an_unknown_release_is_refused_with_those_that_there_are(bare: World) -> None:
    refused(gate(bare, variant(bare.directory), "--to", "9.9"), "9.9", "1.0.0", "1.1.0")


def test_the_same_release_twice_is_refused(bare: World) -> None:
    refused(gate(bare, variant(bare.directory), "--to", "1.0.0"), "1.0.0")


def test_a_wrong_option_is_refused(bare: World) -> None:
    refused(gate(bare, variant(bare.directory), "--colour"), "--colour")
    refused(gate(bare, variant(bare.directory), "--scenario", "tango"), "tango", "round-trip")
    refused(gate(bare, variant(bare.directory), "--hold", "-1"), "--hold")


def test_an_unknown_command_is_refused_and_names_its_neighbour(bare: World) -> None:
    refused(bare.inside("gates"), "gates", "gate")


@pytest.mark.parametrize("key", ["deployer", "workload"])
def test_a_stack_that_cannot_be_gated_is_refused_before_anything_is_started(bare: World, key: str) -> None:
    path = variant(bare.directory, lambda document: document["x-harness"].pop(key))
    refused(gate(bare, path), key, "compose.yaml")


def test_a_stack_without_an_entry_point_is_refused_before_anything_is_started(bare: World) -> None:
    path = variant(bare.directory, lambda document: document["x-harness"].pop("entrypoint"))
    refused(gate(bare, path), "entrypoint")


def test_a_stack_without_a_release_probe_is_refused_before_anything_is_started(bare: World) -> None:
    path = variant(bare.directory, lambda document: document["x-harness"]["probes"].pop("release"))
    refused(gate(bare, path), "probes.release")


def test_no_daemon_is_the_machines_fault_and_says_which_was_asked(bare: World) -> None:
    ended = gate(bare, variant(bare.directory))
    refused(ended, "unix:///nonexistent/docker.sock", "DOCKER_HOST", "do:", code=3)
    assert not bare.runs.exists()  # nothing was run, so nothing is recorded


def test_v_shows_the_traceback_wherever_it_stands(bare: World) -> None:
    for words in (("-v", "gate", "nowhere.yaml"), ("gate", "nowhere.yaml", "-v")):
        ended = bare.inside(*words)
        assert ended.code == 4
        assert "Traceback" in ended.err


@pytest.mark.containers
def test_an_output_directory_that_cannot_be_written_is_refused(world: World) -> None:
    (world.directory / "taken").write_text("")
    ended = world.harness("gate", variant(world.directory), "--out", world.directory / "taken" / "runs")
    refused(ended, "taken", "--out", code=4)


def test_a_report_of_no_run_is_refused(bare: World) -> None:
    refused(bare.inside("report", bare.directory / "nothing"), "nothing", code=4)


def test_a_report_of_something_else_is_refused_with_its_line(bare: World) -> None:
    (bare.directory / "events.jsonl").write_text('{"v": 1}\n')
    refused(bare.inside("report", bare.directory), "events.jsonl, line 1", code=3)


def test_help_is_instant_and_names_every_command(bare: World) -> None:
    ended = bare.harness("--help")
    assert ended.code == 0
    assert all(command in ended.out for command in ("gate", "doctor", "sweep", "images"))


def test_messages_fit_eighty_columns_but_for_paths(bare: World) -> None:
    ended = bare.inside("--help", COLUMNS="80")
    assert max(map(len, ended.out.splitlines())) <= 80


def test_the_exit_code_is_the_verdicts_even_where_nobody_reads(bare: World) -> None:
    """`harness report RUN | true` ends without a traceback."""
    (bare.directory / "events.jsonl").write_text(
        '{"v":1,"id":0,"t":1.0,"s":0.0,"kind":"run.start","data":{"stack":"x"}}\n'
    )
    read_end, write_end = os.pipe()
    os.close(read_end)
    import subprocess
    import sys

    with os.fdopen(write_end, "wb") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "harness", "report", str(bare.directory)],
            stdout=nobody, stderr=subprocess.PIPE, env=bare.variables({}), check=False, timeout=30,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr.decode()
    assert b"Traceback" not in ended.stderr
    assert b"BrokenPipe" not in ended.stderr


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda web: web.update(expose=["1-65535"]), ("services.web.expose", "100 TCP ports or fewer")),
        (lambda web: web.update(mem_limit="1m"), ("services.web.mem_limit", "6m or more")),
        (lambda web: web.update(user="a b"), ("services.web.user",)),
        (lambda web: web.update(working_dir="srv"), ("services.web.working_dir", "absolute")),
        (lambda web: web.update(tmpfs=["/run:size=64q"]), ("services.web.tmpfs[0]", "size=64m")),
        (lambda web: web.update(shm_size="\x1b[2J"), ("services.web.shm_size", "\\x1b[2J")),
    ],
    ids=["expose", "mem_limit", "user", "working_dir", "tmpfs", "escape"],
)
def test_a_value_that_only_the_engine_would_refuse_is_refused_with_its_line(
    bare: World, edit: Callable[[dict[str, Any]], None], words: tuple[str, ...]
) -> None:
    ended = gate(bare, variant(bare.directory, lambda document: edit(document["services"]["web"])))
    refused(ended, "compose.yaml, line ", *words)
    assert "\x1b" not in ended.text


@pytest.mark.parametrize(("file", "kind"), [("/dev/zero", "character device"), ("pipe", "named pipe")])
def test_a_file_that_never_ends_is_refused_before_it_is_opened(bare: World, file: str, kind: str) -> None:
    os.mkfifo(bare.directory / "pipe")
    stack = variant(bare.directory, lambda document: document["services"]["web"].update(env_file=file))
    refused(gate_process(bare, stack), "compose.yaml, line ", kind, "services.web.env_file")


def test_fifty_megabytes_of_yaml_are_refused_at_once(bare: World) -> None:
    refused(gate(bare, broken(bare, "a:\n" + "- item\n" * 7_000_000)), "too large", "1 MiB or less")
