"""One build: the context sent, the output followed line by line, a failure told by its step."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import docker

from harness.engine import context
from harness.engine import dockerfile as dockerfiles
from harness.engine.context import BuildSpec
from harness.engine.labels import BEGUN, BUILD, DONE
from harness.engine.translate import no_space, translate
from harness.errors import EngineError, ImageError

TAIL_LINES = 20  # lines of output in the error
QUIET = 1800.0  # seconds that a step may be silent; a large package's unpacking says nothing for long
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_LINE = re.compile(r"\bline (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # the engine colours what a step writes to its stderr
_NO_SPACE = re.compile(r"no space left on device", re.IGNORECASE)

Progress = Callable[[str, str], None]


def run(
    api: docker.APIClient,
    spec: BuildSpec,
    tag: str,
    *,
    dockerfile: str,
    labels: Mapping[str, str],
    progress: Progress,
) -> None:
    """Build an image with the engine's own builder, on the engine's host network.

    All that it makes carries the label BUILD from its first step on, so that what a killed build leaves can be told
    from what is not ours; the finished image says that it is done, and so does whatever is built upon it.

    Args:
        dockerfile: the text to build from, substitutions done.
        progress: called with the image's name and a line of output.

    Raises:
        ImageError: a step failed; the message has the step and the last lines of output.
        NoSpace: a disk is full. EngineGone: the engine went away.
    """
    failed = f"The image of {spec.title} cannot be built"
    with (
        _own_lines(dockerfile),
        translate(failed, where=str(spec.dockerfile_path)),
        tempfile.TemporaryFile() as archive,
    ):
        context.pack(spec, dockerfiles.labelled(dockerfile, BUILD, BEGUN), archive)
        archive.seek(0)
        output = api.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=context.DOCKERFILE,
            tag=tag,
            buildargs=dict(spec.args),
            target=spec.target or "",
            labels={**labels, BUILD: DONE},
            network_mode="host",
            use_config_proxy=True,
            rm=True,
            forcerm=True,
            timeout=int(QUIET),
            decode=True,
        )
        _follow(output, spec, progress, failed, dockerfiles.stages(dockerfile))


@contextmanager
def _own_lines(dockerfile: str) -> Iterator[None]:
    """Make the line that the engine's parser complains of that of the user's own Dockerfile."""
    try:
        yield
    except EngineError as error:
        if not isinstance(error, ImageError) and error.got and "parse error" in error.got:
            number = partial(dockerfiles.line_before, dockerfile)
            error.got = _LINE.sub(lambda match: f"line {number(int(match[1]))}", error.got)
        raise


def _follow(
    output: Iterable[Mapping[str, Any]], spec: BuildSpec, progress: Progress, failed: str, stages: int = 0
) -> None:
    step, tail = "", list[str]()
    told = _steps(stages)
    for message in output:
        for given in _COLOUR.sub("", str(message.get("stream") or "")).splitlines():
            line = told(given)
            if not line.strip():
                continue
            step = line if _STEP.match(line) else step
            tail = [*tail[1 - TAIL_LINES :], line]
            progress(spec.name, line)
        if "error" in message:
            said = str(message["error"])
            evidence = "\n".join([*tail, said])
            if _NO_SPACE.search(evidence):
                raise no_space(failed, said, where=step or str(spec.dockerfile_path))
            raise ImageError(
                failed,
                where=f"{spec.dockerfile_path}{', ' + step if step else ''}",
                got=said,
                hint="fix the step; the end of its output is below",
                detail=evidence,
            )


def _steps(stages: int) -> Callable[[str], str]:
    """A function that makes lines of output those of the user's own Dockerfile: our label of each stage is left out,
    and the other steps are counted without it.
    """
    seen, ours = 0, False

    def told(line: str) -> str:
        nonlocal seen, ours
        if match := _STEP.match(line):
            ours = match[3].startswith(f'LABEL {BUILD}="{BEGUN}"')
            seen += ours
            line = f"Step {int(match[1]) - seen}/{int(match[2]) - stages} : {match[3]}"
        return "" if ours else line

    return told
