"""The command line and the config file."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness.proxy
from harness.proxy.flags import Flags, UsageError, parse
from harness.proxy.server import Troubles
from suites.selftest.proxy.conftest import start

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("dash", ["-", "--"])
def test_flags_take_one_dash_or_two_and_a_space_or_an_equals_sign(dash: str) -> None:
    given = [f"{dash}host", "0.0.0.0", f"{dash}port=1", f"{dash}config", "c", f"{dash}seed", "-5"]
    given += [f"{dash}proxy-metrics", f"{dash}runtime-metrics=false"]
    assert parse(given) == Flags("c", "0.0.0.0", "1", -5, proxy_metrics=True)


def test_the_defaults_are_the_originals() -> None:
    assert parse([]) == Flags(config="", host="localhost", port="8474", seed=None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["-nope"], "flag provided but not defined: -nope"), (["-port"], "flag needs an argument: -port"),
        (["-seed", "x"], 'invalid value "x" for flag -seed'), (["more"], "unexpected argument: more"),
        (["-version=maybe"], 'invalid boolean value "maybe" for -version'), (["--", "x"], "unexpected argument: x"),
    ],
)  # fmt: skip
def test_a_wrong_flag_is_named(given: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(given)


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.proxy", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_version_is_printed() -> None:
    done = run("-version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "toxiproxy-server")


def test_it_runs_without_the_rest_of_the_harness_and_without_any_package(tmp_path: Path) -> None:
    package = Path(harness.proxy.__file__).parent
    shutil.copytree(package, tmp_path / "harness" / "proxy", ignore=shutil.ignore_patterns("client*"))
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['proxy', '-port', 'none']\n"
        "import runpy; runpy.run_module('harness.proxy', run_name='__main__')"
    )
    command = [sys.executable, "-S", "-P", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env={}, timeout=60, check=False)
    assert (done.returncode, "cannot listen" in done.stderr) == (1, True), done.stderr


def test_a_wrong_flag_ends_it_with_the_usage() -> None:
    done = run("-nope")
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flags", [("-host", "no-such-host.invalid"), ("-port", "x"), ("-port", "99999")])
def test_an_address_that_cannot_be_had_ends_it(flags: tuple[str, ...]) -> None:
    done = run(*flags)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "cannot listen" in done.stderr


def test_the_config_file_makes_proxies_with_their_toxics(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    toxic = {"type": "latency", "attributes": {"latency": 9}}
    config.write_text(json.dumps([{"name": "p", "listen": "127.0.0.1:0", "upstream": "later:1", "toxics": [toxic]}]))
    process, api = start("-config", str(config))
    try:
        assert api("GET", "/proxies/p").json["toxics"][0]["attributes"]["latency"] == 9
        assert api("GET", "/metrics").status == 404
    finally:
        process.terminate()
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(10) == 0


def test_the_same_trouble_is_logged_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    loop, report = asyncio.new_event_loop(), Troubles()
    for _ in range(1000):
        report(loop, {"message": "too many", "exception": OSError(24, "open files")})
        report(loop, {"message": "another"})
    loop.close()
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) < 100
    assert "too many error=OSError(24, 'open files')" in lines[0]


@pytest.mark.parametrize("text", ["", "{", "[{}]", '[{"name":"a","upstream":"b:1","toxics":[{"type":"nope"}]}]', None])
def test_a_config_file_that_cannot_be_used_is_said_and_the_api_runs(tmp_path: Path, text: str | None) -> None:
    config = tmp_path / "c.json"
    if text is not None:
        config.write_text(text)
    process, api = start("-config", str(config))
    try:
        assert api("GET", "/proxies").json == {}
    finally:
        process.terminate()
        assert process.stderr is not None
        process.stderr.close()
        process.wait(5)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_token_file_without_a_token_lets_nobody_in_by_mistake(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "token").write_text(text)
    done = run("-port", "0", "-token-file", str(tmp_path / "token"))
    assert (done.returncode, "cannot start" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert ("No such file" if text is None else "it is empty") in done.stderr


def test_networks_that_cannot_be_read_end_it() -> None:
    done = run("-port", "0", "-upstreams", "10.0.0.1/8")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "-upstreams: 10.0.0.1/8 has host bits set" in done.stderr
