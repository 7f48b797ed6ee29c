"""`x-harness: state`: what services keep, and a rollback has to restore."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.fingerprint import PARTS, Allowance
from harness.stack.base import AsText, AsWhole, Word, wrong
from harness.stack.xharness.base import Block

TABLE = r"[\w$.]+(\([\w$]+(, *[\w$]+)*\))?"
WHAT = f"({'|'.join(PARTS)}):.+"
STATS = r"[A-Za-z0-9.-]+:[0-9]{1,5}|/.+|https?://.+"


def _of_form(pattern: str, expected: str) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.DOTALL):
            raise wrong(expected)
        return value

    return BeforeValidator(validate)


class Postgres(Block):
    """A PostgreSQL database."""

    user: Word = Field(description="Who connects.")
    database: Word = Field(description="The database's name.")
    tables: tuple[
        Annotated[
            str,
            _of_form(TABLE, "a table, such as plans, billing.plans or plans(id, name)"),
            WithJsonSchema({"type": "string", "pattern": f"^{TABLE}$"}),
        ],
        ...,
    ] = Field(
        default=(),
        description="Tables whose rows a rollback has to restore; of plans(id, name) only these columns count.",
    )
    migrations: Word | None = Field(
        default=None, description="A query for the migrations that were applied; left out, a known tool's table."
    )

    @staticmethod
    def table_and_columns(declared: str) -> tuple[str, tuple[str, ...]]:
        """The table, and the columns that count; none for all of them."""
        table, _, columns = declared.partition("(")
        return table, tuple(one.strip() for one in columns.removesuffix(")").split(",") if one.strip())


class Redis(Block):
    """A Redis server."""

    database: Annotated[int, Field(ge=0), AsWhole] = Field(default=0, description="The database's number.")
    queues: tuple[Word, ...] = Field(
        default=(),
        description="Patterns of keys that are queues: they may be empty, and only their elements' form counts.",
    )


class HAProxy(Block):
    """An HAProxy."""

    stats: Annotated[
        str,
        _of_form(
            STATS, "the address of the runtime API (127.0.0.1:9999), the path of its socket, or a page (http://...;csv)"
        ),
        WithJsonSchema({"type": "string", "pattern": f"^({STATS})$"}),
    ] = Field(
        description="Where it is asked, in the replica: host:port or the path of its runtime API; or the CSV page."
    )


class Allow(Block):
    """A difference that is meant to be there after a rollback."""

    what: Annotated[
        str,
        _of_form(WHAT, f"a part and a pattern, such as files:/srv/releases/**; the parts are {', '.join(PARTS)}"),
        WithJsonSchema({"type": "string", "pattern": f"^{WHAT}$"}),
    ] = Field(description="The part, a colon and a pattern of its items. * stops at a slash, ** does not.")
    because: Annotated[str, Field(min_length=1, pattern=r"\S"), AsText] = Field(description="The reason, in words.")


class State(Block):
    """What a service keeps, and a rollback has to restore."""

    files: tuple[Word, ...] = Field(default=(), description="Files and directories in every replica.")
    ignore: tuple[Word, ...] = Field(default=(), description="Patterns of file names below them that do not count.")
    postgres: Postgres | None = Field(default=None, description="The service is a PostgreSQL server.")
    redis: Redis | None = Field(default=None, description="The service is a Redis server.")
    haproxy: HAProxy | None = Field(default=None, description="The service is an HAProxy.")
    allow: tuple[Allow, ...] = Field(default=(), description="Differences that are meant to be there, with the reason.")

    def allowances(self, service: str) -> tuple[Allowance, ...]:
        """The exceptions, as the comparison takes them."""
        return tuple(Allowance(service, one.what, one.because) for one in self.allow)
