"""Hostile and broken files: refused with their place, in bounded time and memory, before the work and not after it."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import StackError
from harness.stack import load, source
from harness.stack.interpolate import MAX_VALUE
from harness.stack.mistakes import StackFindings
from harness.stack.nodes import SourceLocation
from suites.selftest.stack.support import refusal

SERVICE = "services: {web: {image: i, %s}}\n"
SOON = 10.0  # seconds of this process: many times what each takes. They took minutes, or all the memory


@contextmanager
def soon(seconds: float = SOON) -> Iterator[None]:
    began = time.process_time()  # what others do on this machine is not counted; a hang is pytest's time-out
    yield
    assert time.process_time() - began < seconds


def refused(directory: Path, text: str | bytes, files: dict[str, bytes] | None = None) -> StackError:
    for name, content in (files or {}).items():
        (directory / name).write_bytes(content)
    file = directory / "compose.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with soon(), pytest.raises(StackError) as caught:
        load(file, environ={})
    assert len(str(caught.value)) < 2000
    return caught.value


# -- what is no file ---------------------------------------------------------------------------------------------------


@pytest.mark.timeout(20)
def test_an_env_file_that_is_a_pipe_is_refused_with_the_line_that_names_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.env")
    error = refused(tmp_path, SERVICE % "env_file: pipe.env")
    assert (error.what, error.got) == ("The environment file is not a regular file", "a named pipe (FIFO)")
    assert "compose.yaml, line 1: services.web.env_file" in str(error.hint)


@pytest.mark.timeout(20)
def test_an_env_file_without_end_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, SERVICE % "env_file: /dev/zero").got == "a character device"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", [".env", "compose.yaml", "base.yaml", "over.yaml"])
def test_a_pipe_in_the_place_of_any_file_of_a_stack_is_refused(tmp_path: Path, name: str) -> None:
    text = "services: {web: {extends: {file: base.yaml, service: web}}}\nx-harness: {releases: {a: over.yaml}}\n"
    whole = {
        "compose.yaml": text,
        "base.yaml": "services: {web: {image: i}}\n",
        "over.yaml": "services: {}\n",
        ".env": "",
    }
    for file, content in whole.items():
        if file != name:
            (tmp_path / file).write_text(content)
    os.mkfifo(tmp_path / name)
    with pytest.raises(StackError, match=r"not a regular file|override of a release does not exist"):
        load(tmp_path / "compose.yaml", environ={})


def test_a_dot_env_that_is_not_utf_8_is_refused_with_its_line_and_byte(tmp_path: Path) -> None:
    error = refused(tmp_path, SERVICE % "", {".env": b"A=1\nB=caf\xe9\n"})
    assert str(error.where).endswith(".env, line 2, byte 6")


# -- how large ---------------------------------------------------------------------------------------------------------


def test_fifty_megabytes_are_refused_unread(tmp_path: Path) -> None:
    text = b"a:\n" + b"- item\n" * (50_000_000 // 7)
    tracemalloc.start()
    try:
        (tmp_path / "compose.yaml").write_bytes(text)
        with soon(1.0), pytest.raises(StackError, match="too large") as caught:
            load(tmp_path / "compose.yaml", environ={})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.expected == "1 MiB or less"
    assert peak < len(text) + 5_000_000


@pytest.mark.parametrize(
    "text",
    [
        "a:\n" + "- i\n" * 250_000,
        "a: [" + "1," * 500_000 + "]",
        "".join(f"k{n}:\n" for n in range(110_000)),
        "[" * 900_000,
    ],
    ids=["list", "flow", "mapping", "deep"],
)
def test_too_many_values_are_refused_before_a_tree_is_made_of_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source._Builder, "node", lambda *_: pytest.fail("a tree was made"))
    with soon(), pytest.raises(StackError, match="too large, or nested too deeply"):
        source.parse(text, "c.yaml")


def test_values_of_an_alias_count_wherever_it_stands() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with soon(1.0), pytest.raises(StackError) as caught:
        source.parse("\n".join(lines), "c.yaml")
    assert caught.value.where == "c.yaml, line 5"


def test_a_depth_that_only_aliases_have_counts() -> None:
    lines = ["a0: &a0 [[[[[[[[[[x]]]]]]]]]]"] + [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 9)]
    with pytest.raises(StackError, match="nested too deeply"):
        source.parse("\n".join(lines), "c.yaml")


def test_after_so_many_mistakes_no_more_are_looked_for_and_the_first_is_told() -> None:
    findings = StackFindings("c.yaml")
    for number in range(1000, 801, -1):
        findings.wrong(SourceLocation("c.yaml", number), StackError(f"line {number}"))
    with pytest.raises(StackError, match="line 801"):
        findings.wrong(SourceLocation("c.yaml", 801), StackError("line 801"))


def test_a_hundred_thousand_mistakes_are_one_message_soon(tmp_path: Path) -> None:
    keys = "\n".join(f"    imagee{n}: 1" for n in range(15_000))
    assert refused(tmp_path, f"services:\n  web:\n    image: i\n{keys}\n").got == "imagee0"
    ports = ", ".join(["x"] * 20_000)
    refused(tmp_path, SERVICE % f"cap_add: [{ports}]")


@pytest.mark.parametrize(
    "text",
    [
        "services:\n" + "".join(f"  s{n}: {{image: i, depends_on: [s{n + 1}]}}\n" for n in range(4_000)),
        "services:\n" + "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(6_000)),
        "services: {a: &a {image: i, environment: {" + ", ".join(f"V{n}: 1" for n in range(4_000)) + "}}"
        + "".join(f", b{n}: *a" for n in range(25)) + "}\n",
    ],
    ids=["dependencies", "extends", "shared"],
)  # fmt: skip
def test_a_large_stack_is_read_or_refused_soon(tmp_path: Path, text: str) -> None:
    (tmp_path / "compose.yaml").write_text(text)
    with soon(30.0):
        try:
            load(tmp_path / "compose.yaml", environ={})
        except StackError:
            return


def test_a_large_file_with_very_many_releases_is_refused(tmp_path: Path) -> None:
    releases = ", ".join(f"r{n}: over.yaml" for n in range(400))
    text = f"services: {{web: {{image: i}}}}\nx-long: {'x' * 1_000_000}\nx-harness: {{releases: {{{releases}}}}}\n"
    error = refused(tmp_path, text, {"over.yaml": b"services: {}\n"})
    assert error.what.startswith("The stack's files are too large together")
    assert "x-harness.releases.r1" in str(error.where)


# -- variables ---------------------------------------------------------------------------------------------------------


def doubling(name: Callable[[int], str], count: int) -> str:
    return "A0=xxxxxxxxxxxxxxxx\n" + "".join(f"{name(n)}=${{A{n - 1}}}${{A{n - 1}}}\n" for n in range(1, count))


@pytest.mark.parametrize("name", ["v.env", ".env"])
def test_variables_that_double_each_other_are_refused_with_their_line(tmp_path: Path, name: str) -> None:
    bomb = doubling(lambda n: f"A{n}", 60)
    error = refused(tmp_path, SERVICE % ("env_file: v.env" if name == "v.env" else ""), {name: bomb.encode()})
    assert (error.what, error.expected and error.expected[:7]) == ("Variables make a value too long", "128 KiB")
    assert str(error.where).endswith(f"{name}, line 15: A14")  # 16 characters, doubled 14 times


def test_a_value_of_the_longest_length_is_taken(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SERVICE % 'labels: {a: "${A}"}')
    found = load(tmp_path / "compose.yaml", environ={"A": "x" * MAX_VALUE})
    assert len(found.services["web"].labels["a"]) == MAX_VALUE


def test_what_is_filled_in_counts_even_where_it_is_not_used(tmp_path: Path) -> None:
    text = SERVICE % ('labels: {a: "' + "${S:-${B}}" * 5 + '"}')
    error = refused(tmp_path, text, {".env": b"S=s\nB=" + b"x" * 60_000 + b"\n"})
    assert error.what == "Variables make a value too long"


def test_what_variables_bring_into_a_file_together_is_bounded(tmp_path: Path) -> None:
    labels = ", ".join(f'l{n}: "${{B}}"' for n in range(400))
    error = refused(tmp_path, SERVICE % f"labels: {{{labels}}}", {".env": b"B=" + b"x" * 100_000 + b"\n"})
    assert (error.what, error.expected) == ("The stack's files are too large together", "16 MiB or less")


def test_a_file_that_is_named_a_thousand_times_counts_every_time(tmp_path: Path) -> None:
    names = ", ".join(["v.env"] * 1_000)
    error = refused(tmp_path, SERVICE % f"env_file: [{names}]", {"v.env": b"A=" + b"x" * 120_000 + b"\n"})
    assert error.what == "The stack's files are too large together"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("".join(f"A{n}=$A{n - 1}x\n" for n in range(1, 300)) + "B=1\n" * 200_000, "too many, or taken"),
        ('A="' + "x\n" * 400_000, "never closed"),
        ("".join(f"VARIABLE_{n}=1\n" for n in range(50_000)), "1 MiB or less together"),
    ],
    ids=["lines", "quote", "variables"],
)
def test_an_env_file_takes_time_by_its_size_and_no_more(tmp_path: Path, content: str, found: str) -> None:
    (tmp_path / "v.env").write_text(content)
    (tmp_path / "compose.yaml").write_text(SERVICE % "env_file: v.env")
    with soon():
        try:
            load(tmp_path / "compose.yaml", environ={})
        except StackError as error:
            assert found in str(error)  # noqa: PT017


@pytest.mark.parametrize("line", ["hunter2 x y z", "A='hunter2' hunter2", 'A="hunter2', "A=hunter2$", "A=${hunter2 }"])
def test_a_line_of_an_env_file_that_cannot_be_read_is_not_quoted(tmp_path: Path, line: str) -> None:
    """It may hold a password."""
    error = refused(tmp_path, SERVICE % "env_file: v.env", {"v.env": line.encode()})
    assert "v.env, line 1" in str(error)
    assert line not in str(error)
    assert "hunter2" not in str(error) or "after the name hunter2" in str(error)


# -- ports -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ('expose: ["1-65535"]', "services.web.expose[0]"),
        ('expose: ["8000-8100"]', "services.web.expose"),
        ('ports: ["1-65535:1-65535"]', "services.web.ports[0]"),
        ('ports: ["8000-8100:8000-8100"]', "services.web.ports"),
        ("expose: [" + ", ".join(map(str, range(1000, 1101))) + "]", "services.web.expose"),
        ("expose: [" + ", ".join(["'1-1000'"] * 2000) + "]", "services.web.expose[1]"),
    ],
)
def test_more_ports_than_anybody_means_are_refused_with_their_place(tmp_path: Path, key: str, path: str) -> None:
    error = refused(tmp_path, SERVICE % key)
    assert str(error.where).endswith(f"compose.yaml, line 1: {path}")
    assert "100 " in str(error.expected)


def test_a_hundred_ports_and_any_range_of_datagrams_are_taken(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        SERVICE % 'expose: ["8000-8099", "5000-60000/udp"], ports: ["10000-20000:10000-20000/udp", "8000:8000"]'
    )
    found = load(tmp_path / "compose.yaml", environ={}).services["web"]
    assert len(found.listens_on()) == 100
    assert [port.protocol for port in found.ports] == ["udp", "tcp"]


# -- escape sequences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'services: {web: {image: i, mem_limit: "\\e[2J\\u202e6x"}}',
        'services: {web: {image: i, "\\e]0;owned\\a": 1}}',
        'services: {web: {image: i, environment: {A: "${X:?\\e[2J}"}}}',
        'services: {"\\e[2J": {image: i}}',
    ],
)
def test_an_escape_sequence_in_a_file_is_shown_in_the_message_and_does_not_act(tmp_path: Path, text: str) -> None:
    message = str(refusal(tmp_path, text))
    assert all(char.isprintable() or char == "\n" for char in message)
    assert "\\x1b" in message
