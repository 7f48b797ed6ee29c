"""The contents of the tables of a MySQL or MariaDB, by table and column, small enough to be compared.

Each column is a sum of hashes that does not depend on the order of the rows; the primary key is part of each hash. Rows
with a key of the load in them are the load's own, and are left out. Columns of states and of numbers have a profile
beside that (`harness/fingerprint/profiles.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness import redaction
from harness.fingerprint import StatePart, profiles
from harness.servers._sql import MIGRATION_TABLES, quoted, rows

MIB = 1024 * 1024
WHOLE, TOGETHER = 4 * MIB, 16 * MIB  # bytes of a table that is read, and of all that are, the smallest first
MOST = 300  # tables that are read
UNSEEN = ("other databases, the next number of AUTO_INCREMENT",)
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json")
WORDS = (*TEXTS[:-1], "enum", "set")
TIMES = ("date", "datetime", "timestamp")
NUMBERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double")
PROFILED = 40  # columns of a table that have a profile
# How rows begin that are part of one.
KINDS = WORD, NUMBER, MAGNITUDE, SUM, AGE, AHEAD = (
    ":::word",
    ":::number",
    ":::magnitude",
    ":::sum",
    ":::age",
    ":::ahead",
)

# What there is to read: a line for each column.
COLUMNS = """SELECT c.table_name, coalesce(t.data_length, 0), c.column_name, c.data_type, c.column_key
FROM information_schema.columns c JOIN information_schema.tables t
    ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
WHERE c.table_schema = database() ORDER BY 2, 1, c.ordinal_position;
"""

ROWS = "SELECT {name}, count(*), {sums} FROM {table}{where};\n"
# As bytes: a collation may take `On` for `on`, and would name now the one and now the other.
OF_WORDS = """(SELECT '{kind}', {name}, {told}, left(cast({column} AS binary), 60), count(*) FROM {table}{where}
GROUP BY 4 LIMIT {most})"""
OF_NUMBERS = """(SELECT '{kind}', {name}, {told}, min(nullif(abs({column}), 0)), max(abs({column})) FROM {table}{where})
UNION ALL (SELECT '{magnitude}', {name}, {told}, floor(log10(abs({column}))), count(*) FROM {table}{where}
AND abs({column}) BETWEEN 1e-12 AND 1e18 GROUP BY 4)
UNION ALL (SELECT '{sum}', {name}, {told}, sum({column}), NULL FROM {table}{where})"""
OF_TIMES = """(SELECT if({age} > -1, '{past}', '{ahead}'), {name}, {told}, floor(log10(greatest(abs({age}), 1))),
count(*) FROM {table}{where} AND {age} IS NOT NULL GROUP BY 1, 4)"""
AGE_OF = "timestampdiff(SECOND, {column}, now())"


@dataclass(slots=True)
class Table:
    """A table that may be read.

    Attributes:
        columns: by name, their type.
        key: the columns of its primary key.
    """

    name: str
    size: int
    columns: dict[str, str] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)


def tables(text: str) -> list[Table]:
    """The tables of an answer to `COLUMNS`, the smallest first."""
    found: dict[str, Table] = {}
    for row in (line.split("\t") for line in text.splitlines()):
        if len(row) == 5 and row[1].isdigit():
            name, size, column, kind, key = row
            table = found.setdefault(name, Table(name, int(size)))
            table.columns[column] = kind
            if key == "PRI":
                table.key.append(column)
    return list(found.values())


def chosen(every: Sequence[Table], declared: Collection[str]) -> tuple[list[Table], list[Table]]:
    """The tables that are read, and those that are too large. Those that are looked at otherwise are neither."""
    read: list[Table] = []
    left: list[Table] = []
    total = 0
    for table in every:
        if table.name in declared or table.name in MIGRATION_TABLES:
            continue
        total += table.size
        small = table.size <= WHOLE and total <= TOGETHER and len(read) < MOST
        (read if small else left).append(table)
    return read, left


def statement(table: Table, own: Collection[str]) -> str:
    """What asks for one table: its name, its rows, a sum for each column; then for the profiles of its columns."""
    key = ", ".join(f"quote({_name(one)})" for one in table.key) or "''"
    sums = ", ".join(
        f"coalesce(sum(cast(conv(left(md5(concat_ws(',', {key}, quote({_name(one)}))), 15), 16, 10) AS unsigned)), 0)"
        for one in table.columns
    )
    texts = [_name(one) for one, kind in table.columns.items() if kind in TEXTS]
    hits = [f"locate({quoted(f'{key}-')}, {one})" for key in sorted(own) for one in texts]
    where = f" WHERE NOT coalesce({' + '.join(f'coalesce({hit}, 0)' for hit in hits)}, 0)" if hits else ""
    asked = ROWS.format(name=quoted(table.name), sums=sums, table=_name(table.name), where=where)
    profiled = list(filter(None, (_profile(table, column, where) for column in list(table.columns)[:PROFILED])))
    return asked + ("\nUNION ALL ".join(profiled) + ";\n" if profiled else "")


def _profile(table: Table, column: str, where: str) -> str:
    """What asks for the profile of a column; empty where it has none."""
    kind = table.columns[column]
    if column in table.key or kind not in (*WORDS, *NUMBERS, *TIMES):
        return ""
    words = {
        "name": quoted(table.name), "told": quoted(column), "column": _name(column), "table": _name(table.name),
        "where": f"{where or ' WHERE true'} AND {_name(column)} IS NOT NULL",
    }  # fmt: skip
    if kind in WORDS:
        return OF_WORDS.format(kind=WORD, most=profiles.WORDS + 1, **words)
    if kind in TIMES:
        return OF_TIMES.format(past=AGE, ahead=AHEAD, age=AGE_OF.format(**words), **words)
    return OF_NUMBERS.format(kind=NUMBER, magnitude=MAGNITUDE, sum=SUM, **words)


def part(text: str, read: Sequence[Table], left: Sequence[Table], words: str) -> StatePart:
    """The part `contents`; an error of these words where a table did not answer."""
    lines = [line.split("\t") for line in text.splitlines()]
    answers: Mapping[str, list[str]] = {row[0]: row[1:] for row in lines}
    items: dict[str, Any] = {}
    for table in read:
        told = answers.get(table.name, [])
        if len(told) != 1 + len(table.columns):
            return StatePart(None, words)
        items[table.name] = rows(told[0])
        items |= {f"{table.name}/{column}": one for column, one in zip(table.columns, told[1:], strict=True)}
        items |= _profiles(table.name, int(told[0]), [row for row in lines if len(row) == 5 and row[1] == table.name])
    names = [table.name for table in left]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    note = f"the rows of {', '.join(names[:5])}{more}, which are large, were not looked at" if names else None
    return StatePart(items, note=note, unseen=UNSEEN)


def _profiles(table: str, number: int, lines: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The profile of each column that has few different words, or numbers, or times."""
    found: dict[str, Any] = {}
    if number < profiles.ROWS:
        return found
    for column in dict.fromkeys(row[2] for row in lines):
        told = {kind: [row[3:] for row in lines if row[0] == kind and row[2] == column] for kind in KINDS}
        name = f"{table}/{column}{profiles.SUFFIX}"
        if told[WORD] and len(told[WORD]) <= min(profiles.WORDS, number // profiles.SHARE):
            words = {redaction.setting(column, word): _count(count) for word, count in told[WORD]}
            found[name] = {"rows": number, "words": words}
        for low, high in told[NUMBER]:
            limits = {key: None if one == "NULL" else float(one) for key, one in (("low", low), ("high", high))}
            in_all = next((float(one) for one, _ in told[SUM] if one != "NULL"), None)
            found[name] = {"rows": number, **limits, "magnitudes": _counts(told[MAGNITUDE]), "sum": in_all}
        if told[AGE] or told[AHEAD]:
            found[name] = {"rows": number, "ages": _counts(told[AGE]), "ahead": _counts(told[AHEAD])}
    return found


def _counts(told: Sequence[Sequence[str]]) -> dict[str, int] | None:
    return {str(_count(size)): _count(count) for size, count in told} or None


def _name(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


def _count(text: str) -> int:
    """A whole number; a column of a union is written as the widest of its rows, such as `20.000`."""
    return int(float(text))
