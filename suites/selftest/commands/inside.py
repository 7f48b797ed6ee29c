"""The command in the process of the tests: all of it but the start of an interpreter, which takes longest."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.cli import run


def called(words: Sequence[str | Path], directory: Path, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code of a command line, and what it wrote to stdout and stderr.

    For commands that end by themselves: nothing stops one that hangs but the limit of the test.

    Args:
        words: after `harness`.
        directory: where it is called.
        environ: all variables that it has.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        _variables(environ),
        contextlib.chdir(directory),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def _variables(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
