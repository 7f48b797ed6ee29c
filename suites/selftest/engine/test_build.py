from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.build import _follow
from harness.engine.context import BuildSpec
from harness.engine.labels import BEGUN, BUILD
from harness.errors import ImageError, NoSpace

SPEC = BuildSpec("x", Path("/context"), service="web")


def test_lines_are_handed_on_without_colours_and_empty_ones() -> None:
    lines: list[tuple[str, str]] = []
    output = [
        {"stream": "Step 1/2 : FROM a\n"},
        {"stream": "\n"},
        {"stream": "\x1b[91mwarning\x1b[0m\ntwo"},
        {"aux": ""},
    ]
    _follow(output, SPEC, lambda name, line: lines.append((name, line)), "failed")
    assert lines == [("x", "Step 1/2 : FROM a"), ("x", "warning"), ("x", "two")]


def test_the_error_has_the_step_and_the_last_twenty_lines() -> None:
    numbers = [{"stream": f"{i}\n"} for i in range(30)]
    output: list[dict[str, str]] = [{"stream": "Step 1/2 : RUN x\n"}, *numbers, {"error": "code 3"}]
    with pytest.raises(ImageError, match="failed") as caught:
        _follow(output, SPEC, lambda *_: None, "failed")
    assert caught.value.where == "/context/Dockerfile, Step 1/2 : RUN x"
    assert str(caught.value.detail).splitlines() == [*(str(i) for i in range(10, 30)), "code 3"]


def test_a_full_disk_within_a_step_is_told_as_such() -> None:
    output = [{"stream": "E: write: No space left on device\n"}, {"error": "code 100"}]
    with pytest.raises(NoSpace):
        _follow(output, SPEC, lambda *_: None, "failed")


def test_the_label_of_a_stage_is_no_step_of_the_users() -> None:
    lines: list[str] = []
    output = [
        {"stream": "Step 1/5 : FROM a\n"},
        {"stream": " ---> 1\n"},
        {"stream": f'Step 2/5 : LABEL {BUILD}="{BEGUN}"\n'},
        {"stream": " ---> Running in 2\n"},
        {"stream": "Step 3/5 : RUN x\n"},
        {"stream": "Step 4/5 : FROM b\n"},
        {"stream": f'Step 5/5 : LABEL {BUILD}="{BEGUN}"\n'},
        {"stream": " ---> 3\n"},
    ]
    _follow(output, SPEC, lambda _, line: lines.append(line), "failed", stages=2)
    assert lines == ["Step 1/3 : FROM a", " ---> 1", "Step 2/3 : RUN x", "Step 3/3 : FROM b"]
