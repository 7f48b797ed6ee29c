from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.engine import apt, base
from harness.errors import EngineError, ImageError, NoSpace


@pytest.mark.parametrize(
    ("environ", "program", "user", "reason"),
    [
        ({"HARNESS_INSTALL": "never"}, "/usr/bin/apt-get", 0, "HARNESS_INSTALL=never"),
        ({}, None, 0, "no apt-get"),
        ({}, "/usr/bin/apt-get", 1000, "needs root"),
    ],
)
def test_why_nothing_can_be_installed_is_said(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], program: str | None, user: int, reason: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: program)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert reason in str(apt.cannot_install(environ))


def test_root_with_apt_may_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert apt.cannot_install({}) is None


def fake_apt(directory: Path, script: str) -> dict[str, str]:
    program = directory / "apt-get"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}


def test_packages_are_installed_after_an_update_and_without_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = fake_apt(tmp_path, 'echo "$DEBIAN_FRONTEND $*"')
    monkeypatch.setenv("PATH", environ["PATH"])
    lines: list[str] = []
    apt.install(["one", "two"], lines.append, environ)
    assert lines[0] == "noninteractive update -q"
    assert lines[1].startswith("noninteractive install -y -q --no-install-recommends")
    assert lines[1].endswith(" one two")


def test_what_apt_said_is_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = fake_apt(tmp_path, "echo E: no such package; exit 100")
    monkeypatch.setenv("PATH", environ["PATH"])
    with pytest.raises(EngineError, match="cannot be installed") as caught:
        apt.install(["one"], lambda _: None, environ)
    assert caught.value.got == "exit code 100"
    assert caught.value.detail == "E: no such package"


def test_a_step_of_the_base_image_that_fails_shows_its_words_and_a_full_disk_is_told_apart() -> None:
    with pytest.raises(ImageError) as caught:
        base._run(["sh", "-c", "echo E: mirror; exit 1"], lambda *_: None)
    assert caught.value.detail == "E: mirror"
    with pytest.raises(NoSpace):
        base._run(["sh", "-c", "echo tar: No space left on device; exit 1"], lambda *_: None)
