"""Answers of a replica, made on this machine or by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from harness.environment.fingerprint.sections import Section, Sections
from harness.environment.open_shell import RawAnswer


def said(stdout: bytes = b"", stderr: bytes = b"", code: int = 0) -> RawAnswer:
    """What a command left."""
    return RawAnswer(code, stdout, stderr, 0.0)


def asked(sections: Sections) -> Mapping[str, Section]:
    """The sections, run by `sh` on this machine."""
    done = subprocess.run(["sh", "-c", sections.command()], capture_output=True, timeout=30, check=False)
    return sections.cut(said(done.stdout, done.stderr, done.returncode))


def section(output: bytes | str, errors: bytes = b"", code: int = 0) -> Section:
    return Section(output.encode() if isinstance(output, str) else output, errors, code)
