"""`x-harness: state`: what services keep, and a rollback has to restore."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.stack.base import AsWhole, Word
from harness.stack.xharness.base import Block


class Postgres(Block):
    """A PostgreSQL database."""

    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")


class Redis(Block):
    """A Redis server."""

    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")


class State(Block):
    """What a service keeps, and a rollback has to restore."""

    files: tuple[Word, ...] = Field(default=(), description="Files and directories in every replica.")
    ignore: tuple[Word, ...] = Field(default=(), description="Patterns of file names below them that do not count.")
    postgres: Postgres | None = Field(default=None, description="The service is a PostgreSQL server.")
    redis: Redis | None = Field(default=None, description="The service is a Redis server.")
