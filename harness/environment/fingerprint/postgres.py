"""PostgreSQL: schema, contents of declared tables, roles, settings that differ from the default, migrations."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from harness import redaction
from harness.environment.fingerprint.sections import Section, Sections
from harness.fingerprint import Part
from harness.stack import Postgres

PARTS = ("schema", "tables", "roles", "settings", "migrations")
# Where the usual tools keep what was applied: table, and the column or expression that names it.
KNOWN = {
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
# One statement for the first known table that is there.
FIND = """
SELECT format('SELECT coalesce(json_object_agg(m::text, '''' ORDER BY m::text), ''{{}}'')
    FROM (SELECT %I AS m FROM %s) AS found', a.attname, c.oid::regclass)
FROM (VALUES {values}) AS known(priority, relation, field)
JOIN pg_class c ON c.relname = known.relation AND c.relkind IN ('r', 'p')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = known.field AND a.attnum > 0
ORDER BY priority LIMIT 1
\\gexec
"""
DECLARED = "SELECT coalesce(json_object_agg(m::text, '' ORDER BY m::text), '{{}}') FROM (\n{query}\n) AS m;\n"
# The sum does not depend on the order of the rows, and needs no sorting.
TABLE = """SELECT json_build_object({name}, count(*) || ' rows, hash ' || to_hex(
    mod(coalesce(sum(hashtextextended(row(of.*)::text, 0)::numeric), 0), 9223372036854775807)::bigint))
FROM (SELECT {columns} FROM {table}) AS of;
"""


def ask(sections: Sections, declared: Postgres) -> None:
    """Add what asks the database."""
    word = shlex.join(["psql", "-X", "-w", "-U", declared.user, "-d", declared.database, "-v", "mark=:::"])
    text = "export PGPASSWORD=\"${PGPASSWORD:-$POSTGRES_PASSWORD}\" PGOPTIONS='-c default_transaction_read_only=on'\n"
    sections.add("postgres", f"{text}{word} -f - <<'END_OF_QUESTIONS'\n{script(declared)}\nEND_OF_QUESTIONS")


def script(declared: Postgres) -> str:
    """The questions as psql reads them."""
    text = files("harness.environment.fingerprint").joinpath("postgres.sql").read_text(encoding="utf-8")
    text += "SET search_path = DEFAULT;\n"
    if declared.migrations:
        text += DECLARED.format(query=declared.migrations.rstrip().removesuffix(";"))
    else:
        rows = [(table, column) for table, columns in KNOWN.items() for column in columns]
        values = ", ".join(f"({at}, {_quoted(table)}, {_quoted(column)})" for at, (table, column) in enumerate(rows))
        text += FIND.format(values=values)
    for number, declaration in enumerate(declared.tables):
        table, columns = declared.table_and_columns(declaration)
        chosen = ", ".join(map(_name, columns)) or "*"
        query = TABLE.format(name=_quoted(table), columns=chosen, table=".".join(map(_name, table.split("."))))
        text += f"\\echo :mark tables.{number}\n{query}"
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def read(found: Mapping[str, Section], declared: Postgres) -> dict[str, Part]:
    """What the database answered."""
    section = found.get("postgres")
    if section is None or (section.exit_code and b":::" not in section.output):
        why = "not answered" if section is None else f"psql: {section.complaint()}"
        return {name: Part(None, why) for name in PARTS}
    pieces: dict[str, str] = {}
    for piece in section.output.decode("utf-8", "replace").split("::: ")[1:]:
        name, _, body = piece.partition("\n")
        pieces[name] = body.strip()
    complaint = section.complaint()
    parts = {name: _part(pieces.get(name), complaint) for name in ("schema", "roles", "settings")}
    pending = _part(pieces.get("pending"), complaint)
    parts["settings"] = _settings(parts["settings"], pending)
    no_table = not declared.migrations and pieces.get("migrations") == ""
    failed = b"gexec" in section.errors or b"ERROR" in section.errors
    if no_table and not failed:
        parts["migrations"] = Part(None, absent="no table of a migration tool that is known")
    else:
        parts["migrations"] = _part(pieces.get("migrations"), complaint)
    parts["tables"] = _tables(pieces, declared, complaint)
    return parts


def _part(text: str | None, complaint: str) -> Part:
    try:
        found = json.loads(text or "")
        return Part({str(key): "" if value is None else str(value) for key, value in found.items()})
    except (ValueError, AttributeError):
        return Part(None, f"psql: {complaint}")


def _settings(settings: Part, pending: Part) -> Part:
    if settings.items is None or pending.items is None:
        return settings if settings.items is None else pending
    items = {name: redaction.setting(name, value) for name, value in settings.items.items()}
    items |= {f"{name} in its file": redaction.setting(name, value) for name, value in pending.items.items()}
    return Part(items)


def _tables(pieces: Mapping[str, str], declared: Postgres, complaint: str) -> Part:
    items: dict[str, Any] = {}
    for number, declaration in enumerate(declared.tables):
        part = _part(pieces.get(f"tables.{number}"), complaint)
        if part.items is None:
            return Part(None, f"table {declaration}: {complaint}")
        items |= part.items
    return Part(items) if declared.tables else Part(None, absent="no tables are declared")
