"""`x-harness: logs`: the files that replicas keep writing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.stack.base import AsText, Seconds, Truth, Word, wrong
from harness.stack.patterns import is_pattern
from harness.stack.xharness.base import Block, regex

STREAMS = ("stdout", "stderr")
_OWN_STREAM = re.compile(r"/dev/std(?:out|err)|/dev/fd/[12]|/proc/(?:1|self)/fd/[12]")


def _streams(values: Mapping[str, Any]) -> list[str]:
    return [name for name in STREAMS if values.get(name)]


def _place(path: str) -> str:
    """Where a log is. The names under which a container has its own streams are those of no file."""
    if path in STREAMS:
        return path
    if (own := _OWN_STREAM.fullmatch(path)) is not None:
        name = "stderr" if own[0].endswith(("stderr", "2")) else "stdout"
        raise wrong("a file", f"write {{{name}: true}}: the harness reads it through the engine")
    if not path.startswith("/"):
        raise wrong("an absolute path, or one of stdout: true and stderr: true")
    return path


class Rotation(Block):
    """How the writer of a log is told that its file was renamed, as in logrotate's `postrotate`."""

    signal: Annotated[str, Field(pattern="^[A-Z][A-Z0-9]*$"), AsText] | None = Field(
        default=None, description="The signal that the container's main process gets: HUP, USR1."
    )
    command: tuple[Word, ...] = Field(default=(), description="What is run in the replica: [nginx, -s, reopen].")

    @property
    def told(self) -> str:
        """In words; empty where the writer finds out by itself."""
        return f"SIG{self.signal}" if self.signal else " ".join(self.command)


class Log(Block):
    """A log that every replica of the service keeps writing: a file, or its container's stdout or stderr."""

    stdout: Truth = Field(default=False, description="What the container writes to stdout, instead of a file.")
    stderr: Truth = Field(default=False, description="What the container writes to stderr, instead of a file.")

    path: Annotated[str, AfterValidator(_place), AsText] = Field(
        json_schema_extra={"pattern": "^(/.*|stdout|stderr)$"},
        description="The file in the replica; absolute. `stdout: true` and `stderr: true` are logs without a file.",
    )
    rotate: Rotation | None = Field(
        default=None,
        description="Rotating it is harmless, and a gate does; `{}` where its writer finds out by itself.",
    )
    max_silence: Seconds = Field(
        default=10.0,
        description="How long the file may stay as it is, under load, before the log counts as silent.",
        json_schema_extra={"default": "10s"},
    )
    may_be_silent: Truth | None = Field(
        default=None,
        description="Nothing has to come, and only what does come is judged; left out, that holds for stderr alone.",
    )
    format: Literal["json", "text"] = Field(default="text", description="What a line is: a JSON object, or text.")
    release: Word | None = Field(
        default=None, description="The field of a JSON line that holds the release; left out, it is not looked at."
    )
    time: Word | None = Field(default=None, description="The field of a JSON line that holds its time.")
    tolerance: Seconds = Field(
        default=5.0,
        description="How far a record's time may lie behind the moment it appears, before an earlier record's, "
        "or in the future.",
        json_schema_extra={"default": "5s"},
    )
    sequence: Word | None = Field(
        default=None, description="The field of a JSON line that holds a number which counts the records of the file."
    )
    canary: Word | None = Field(
        default=None, description="The field of a JSON line that holds the key of the request that it tells of."
    )
    canary_within: Seconds = Field(
        default=2.0,
        description="How long after its answer the record of a canary may take.",
        json_schema_extra={"default": "2s"},
    )
    heartbeat: Annotated[str | None, BeforeValidator(regex)] = Field(
        default=None, description="A regular expression (Python's): lines that match it are no proof of work."
    )
    errors: Annotated[str | None, BeforeValidator(regex)] = Field(
        default=None,
        description="A regular expression (Python's): lines that match it tell an error. Left out, the level of a line "
        "says so, in the forms of common loggers.",
    )

    @property
    def may_stay_silent(self) -> bool:
        """Whether it may have no records at all."""
        return self.path == "stderr" if self.may_be_silent is None else self.may_be_silent

    @property
    def is_file(self) -> bool:
        """It stands in a file of the replica."""
        return self.path not in STREAMS

    @classmethod
    def shaped(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A stream is known by its name, as a file by its path."""
        return (
            {"path": next((name for name in STREAMS if values.get(name)), ""), **values} if _streams(values) else values
        )

    @model_validator(mode="after")
    def _is_one(self) -> Log:
        """Either a file or one stream."""
        named = _streams({"stdout": self.stdout, "stderr": self.stderr})
        if named and self.path != named[0]:
            raise wrong(
                "one of path, stdout and stderr", f"two logs: - {{path: {self.path}}} and - {{{named[0]}: true}}"
            )
        if self.rotate is not None and (named or is_pattern(self.path)):
            raise wrong("a log with one file, where it is to be rotated", "remove `rotate`", key="rotate")
        if len(named) > 1:
            raise wrong("one of stdout and stderr", "two logs: - {stdout: true} and - {stderr: true}")
        return self

    @model_validator(mode="after")
    def _has_fields(self) -> Log:
        """A line of text has no fields: what would be looked for in vain is refused."""
        for key in ("release", "time", "sequence", "canary"):
            if self.format != "json" and getattr(self, key) is not None:
                raise wrong("format: json, where a field is named", f"add `format: json`, or remove `{key}`")
        return self
