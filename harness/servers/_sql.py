"""What databases that speak SQL have in common: what is declared of their queues and tables, and known migrations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WithJsonSchema

from harness.servers._base import DeclaredQueue
from harness.stack.base import Word, of_form

TABLE = r"[\w$.]+(\([\w$]+(, *[\w$]+)*\))?"
Table = Annotated[
    str,
    of_form(TABLE, "a table, such as plans, billing.plans or plans(id, name)"),
    WithJsonSchema({"type": "string", "pattern": f"^{TABLE}$"}),
]
# Where the usual tools keep what was applied: table, and the columns that may name it.
MIGRATION_TABLES = {
    "schema_migrations": ("name", "version", "filename"),
    "flyway_schema_history": ("version",),
    "alembic_version": ("version_num",),
    "django_migrations": ("name",),
    "goose_db_version": ("version_id",),
    "knex_migrations": ("name",),
    "databasechangelog": ("id",),
    "__EFMigrationsHistory": ("MigrationId",),
    "_prisma_migrations": ("migration_name",),
    "SequelizeMeta": ("name",),
    "migrations": ("name", "migration"),
}


class SqlQueue(DeclaredQueue):
    """A queue that is a table."""

    depth: Word = Field(description="The SELECT that gives the number of jobs.")
    oldest: Word | None = Field(
        default=None, description="The SELECT that gives the time or age of the oldest job, or nothing."
    )

    def questions(self) -> tuple[str, ...]:
        """Both as statements."""
        return tuple(statement(one) for one in (self.depth, self.oldest) if one)


def statement(text: str) -> str:
    """A statement with exactly one semicolon at its end."""
    return f"{text.strip().rstrip(';')};"


def table_and_columns(declared: str) -> tuple[str, tuple[str, ...]]:
    """The table, and the columns that count; none for all of them."""
    table, _, columns = declared.partition("(")
    return table, tuple(one.strip() for one in columns.removesuffix(")").split(",") if one.strip())


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def rows(number: object) -> str:
    """`1 row`, `2 rows`."""
    return f"{number} row{'' if str(number) == '1' else 's'}"


def pieces(text: str, mark: str) -> dict[str, str]:
    """An answer cut up at lines `<mark> name`."""
    found: dict[str, str] = {}
    for piece in text.split(f"{mark} ")[1:]:
        name, _, body = piece.partition("\n")
        found[name.strip()] = body.strip()
    return found
