"""Which migrations a release brings, and what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checklist import linter
from harness.checklist.document import Item, State
from harness.checklist.linter import lint
from suites.selftest.checklist.made import CHECKLIST, World, by_key, world

pytest.importorskip("cryptography", reason="the extra `checklist` is not installed")

NO_PATTERN = CHECKLIST.replace('    migrations: ["web/migrations/{release}/*.sql"]\n', "")


def migrations(made: World, *runs: Path) -> dict[str, Item]:
    found = by_key(made.make(*runs))
    return {key: item for key, item in found.items() if key.startswith("release.migration")}


def one(made: World) -> Item:
    [item] = [item for key, item in migrations(made).items() if key != "release.migrations"]
    return item


def test_only_what_the_new_release_brings_is_listed(tmp_path: Path) -> None:
    made = world(tmp_path)
    made.write("web/migrations/1.0/001.sql", "CREATE TABLE a (b bigint);")
    made.write("web/migrations/1.1/001.sql", "CREATE TABLE a (b bigint);")
    made.write("web/migrations/1.1/002_more.sql", "ALTER TABLE a ADD COLUMN c text;")
    assert one(made).title == "Migration 002_more.sql is no one-way door"
    assert migrations(made)["release.migrations"].why == "1 new file where the stack says that migrations are"


def test_none_of_this_release_where_others_have_theirs_is_a_tick(tmp_path: Path) -> None:
    assert migrations(world(tmp_path))["release.migrations"].state is State.TICKED


def test_a_pattern_that_matches_nothing_of_any_release_is_unknown_and_so_is_none_at_all(tmp_path: Path) -> None:
    for root, checklist in ((tmp_path / "a", CHECKLIST.replace("web/", "db/")), (tmp_path / "b", NO_PATTERN)):
        assert migrations(world(root, checklist))["release.migrations"].state is State.UNKNOWN


def test_migrations_that_no_image_holds_are_found_and_their_change_is_seen(tmp_path: Path) -> None:
    made = world(tmp_path, CHECKLIST.replace("web/migrations", "db"))
    made.write("db/1.1/001.sql", "DROP TABLE a;")
    run = made.run()
    assert (one(made).state, one(made).evidence[0].name) == (State.OPEN, "db/1.1/001.sql")
    made.write("db/1.1/002.sql", "DROP TABLE b;")
    assert "db/1.1/002.sql new" in by_key(made.make(run))["gate.deployed"].why


def test_without_a_pattern_directories_named_migrations_are_looked_into(tmp_path: Path) -> None:
    made = world(tmp_path, NO_PATTERN)
    made.write("web/1.1/migrations/001.sql", "ALTER TABLE a ADD COLUMN c text;")
    assert one(made).state is State.TICKED


def test_files_whose_release_cannot_be_told_are_unknown(tmp_path: Path) -> None:
    made = world(tmp_path, NO_PATTERN)
    made.write("web/migrations/001.sql", "DROP TABLE a;")
    item = migrations(made)["release.migrations"]
    assert (item.state, "web/migrations/001.sql" in item.why) == (State.UNKNOWN, True)


def test_a_migration_that_the_old_release_has_otherwise_is_for_a_person(tmp_path: Path) -> None:
    made = world(tmp_path)
    made.write("web/migrations/1.0/001.sql", "CREATE TABLE a (b bigint);")
    made.write("web/migrations/1.1/001.sql", "CREATE TABLE a (b text);")
    assert migrations(made)["release.migrations"].state is State.OPEN


@pytest.mark.parametrize(
    "sql", ["DROP TABLE a;", "ALTER TABLE a DROP COLUMN b;", "ALTER TABLE a RENAME COLUMN b TO c;", "DELETE FROM a;"]
)
def test_a_one_way_door_is_for_a_person(tmp_path: Path, sql: str) -> None:
    made = world(tmp_path)
    made.write("web/migrations/1.1/001.sql", sql)
    item = one(made)
    assert (item.state, item.why.startswith("one-way: line 1 ")) == (State.OPEN, True)


@pytest.mark.parametrize(
    "content", ["ALTER TABEL x;", "DO $$ BEGIN DELETE FROM a; END $$;", "", "-- TODO", "\\i other.sql"]
)
def test_what_the_linter_cannot_look_into_is_no_tick(tmp_path: Path, content: str) -> None:
    made = world(tmp_path)
    made.write("web/migrations/1.1/001.sql", content)
    assert one(made).state is State.OPEN


def test_what_is_no_sql_is_for_a_person(tmp_path: Path) -> None:
    made = world(tmp_path, CHECKLIST.replace("*.sql", "*"))
    made.write("web/migrations/1.1/001.py", "op.drop_table('a')")
    assert one(made).state is State.OPEN


@pytest.mark.parametrize("content", [b"\xff\xfe\x00 DROP", b"x" * (2 << 20)], ids=["no text", "huge"])
def test_a_migration_that_cannot_be_read_is_for_a_person(tmp_path: Path, content: bytes) -> None:
    made = world(tmp_path)
    made.write("web/migrations/1.1/001.sql", "").write_bytes(content)
    assert one(made).state is State.OPEN


def test_without_the_linter_it_is_unknown_and_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_words: None)
    made = world(tmp_path)
    made.write("web/migrations/1.1/001.sql", "ALTER TABLE a ADD COLUMN c text;")
    item = one(made)
    assert (item.state, "rollback-harness[checklist]" in item.why) == (State.UNKNOWN, True)


@pytest.mark.parametrize("answer", ["", "{}", '[{"line": "x"}]', "null"])
def test_a_linter_that_says_nonsense_is_no_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(linter, "_run", lambda *_args: answer)
    made = world(tmp_path)
    made.write("web/migrations/1.1/001.sql", "ALTER TABLE a ADD COLUMN c text;")
    assert one(made).state is State.UNKNOWN


# -- the linter itself -------------------------------------------------------------------------------------------------

DOORS = [
    "DROP TABLE a", "DROP SCHEMA a CASCADE", "drop view v", "DROP TYPE t", "ALTER TABLE a DROP b", "TRUNCATE a",
    "DELETE FROM a",
    "UPDATE a SET b = 1", "ALTER TABLE a RENAME TO b", "ALTER TABLE a ALTER COLUMN b TYPE bigint",
    "MERGE INTO a USING b ON true",
    "ALTER TABLE a ALTER COLUMN b SET NOT NULL", "ALTER TABLE a ADD COLUMN c int NOT NULL",
    "ALTER TYPE t ADD VALUE 'x'",
    "ALTER TABLE a DROP CONSTRAINT k", "REVOKE ALL ON a FROM b", "DROP/**/TABLE a", "DROP\nTABLE a", "DROP DATABASE a",
    "INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET b = 2",
]  # fmt: skip


@pytest.mark.parametrize("sql", DOORS)
def test_it_sees(sql: str) -> None:
    assert lint(f"{sql};").doors


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (b bigint)", "ALTER TABLE a ADD COLUMN c text", "CREATE INDEX CONCURRENTLY i ON a (b)",
        "INSERT INTO a VALUES ('DROP TABLE b; DELETE FROM c')", "-- DROP TABLE a\nCREATE TABLE b (c bigint)",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1", 'CREATE TABLE "delete from" (a bigint)',
    ],
)  # fmt: skip
def test_it_raises_no_false_alarm(sql: str) -> None:
    found = lint(f"{sql};")
    assert (found.doors, found.unread) == ((), "")


@pytest.mark.parametrize(
    "sql",
    [
        "-- squawk-ignore ban-drop-table\nDROP TABLE a;",
        "-- squawk-ignore changing-column-type\nALTER TABLE a ALTER COLUMN b TYPE bigint;",
        "-- squawk-ignore-file\nALTER TABLE a RENAME COLUMN b TO c;",
        "/* -- */ DROP TABLE a; /* */",
        "INSERT INTO a VALUES ('it''s -- '); DROP TABLE a;",
        'CREATE TABLE "a--b" (c bigint); DROP TABLE a;',
        r"INSERT INTO a VALUES (E'\''); DROP TABLE a; --'",
        "/*! DROP TABLE a */;",
        "CREATE TABLE x (y text DEFAULT $a$ -- $a$); DROP TABLE a;",
    ],
)
def test_nothing_in_a_file_hides_a_statement(sql: str) -> None:
    found = lint(sql)
    assert found.doors or found.unread
