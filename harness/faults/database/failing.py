"""A database in which some statements fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.faults._server_links import ServerLinkFault
from harness.faults.database._postgres import KINDS
from harness.proxy.client_shapes import Toxic


class Failing(ServerLinkFault):
    """Statements that match fail with an SQLSTATE of choice; the server itself raises the error, so a transaction is
    aborted as by any other. Connections that are open are ended first, for what was prepared on them is not known.

    Attributes:
        statements: patterns as in a shell, whatever the case and white space: `INSERT*`, `*resumes*`; left out, all.
        sqlstate: five digits or capital letters.
        fraction: of these statements, above 0 to 1.
        message: what the error says.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS
    reconnects: ClassVar[bool] = True  # what was prepared before cannot be told
    simulates: ClassVar[str] = (
        "statements that a server refuses: a key that ran out, a constraint, a serialisation failure"
    )
    how: ClassVar[str] = "the proxy puts a statement that raises the error in the place of the one that was sent"
    needs: ClassVar[str] = "a PostgreSQL in `x-harness: servers`, reached over its link without TLS"
    outage: ClassVar[str] = (
        "Strava, July 2014: a primary key reached its limit, and every upload failed "
        "(engineering.strava.com/the-upload-outage-of-july-29-2014)"
    )

    statements: tuple[str, ...] = ()
    sqlstate: str = Field(default="XX000", pattern=r"^[0-9A-Z]{5}$")
    fraction: float = Field(default=1.0, gt=0, le=1)
    message: str = Field(default="injected fault", min_length=1)

    def toxics(self) -> Sequence[Toxic]:
        """One."""
        given = {
            "statements": list(self.statements), "sqlstate": self.sqlstate, "message": self.message,
            "fraction": self.fraction,
        }  # fmt: skip
        return [Toxic("", "postgres_error", "upstream", given)]

    def what(self) -> str:
        """In words."""
        share = "" if self.fraction == 1 else f"{self.fraction:.0%} of "
        which = f" ({', '.join(self.statements)})" if self.statements else ""
        return f"{share}statements{which} failing with {self.sqlstate}"
