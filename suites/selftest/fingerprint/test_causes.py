"""One cause is one difference: what follows from another is told with it, and no cause is hidden behind others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.fingerprint import PARTS
from harness.fingerprint.causes import causes
from harness.fingerprint.compare import Difference
from harness.fingerprint.words import in_words, number_of_causes

FILE = {"type": "file", "mode": "0644", "owner": "0:0", "size": 5, "sha256": "aa"}
DIRECTORY = {"type": "directory", "mode": "0755", "owner": "0:0"}


def link(target: str) -> dict[str, str]:
    return {"type": "link", "owner": "0:0", "target": target}


def found(part: str, *items: tuple[str, Any, Any], replica: str = "web-1") -> list[Difference]:
    return [Difference(replica, part, key, before, after) for key, before, after in items]


def test_a_link_and_the_files_where_it_points_are_one_difference() -> None:
    every = found(
        "files",
        ("/srv/releases/2", None, DIRECTORY),
        ("/srv/releases/2/a.py", None, FILE),
        ("/srv/current", link("releases/1"), link("releases/2")),
        ("/etc/web.conf", FILE, {**FILE, "size": 9}),
    )
    assert number_of_causes(every) == 2
    assert in_words(every) == [
        "web-1: /srv/current points to releases/2, before: releases/1, and with it 1 file more below /srv/releases/2/ "
        "(a.py); /etc/web.conf has other content (9 bytes, before: 5)"
    ]


def test_files_elsewhere_do_not_follow_from_a_link() -> None:
    every = found("files", ("/srv/current", link("releases/1"), link("releases/2")), ("/srv/other/a", None, FILE))
    assert number_of_causes(every) == 2


def test_a_process_is_told_with_its_variables() -> None:
    every = [
        *found("environment", ("LEVEL of python3 -m web", None, "debug"), ("LEVEL of process 1", "a", "b")),
        *found("processes", ("python3 -m web --all (user root, started by init)", None, 1)),
    ]
    (first, second) = causes(every)
    assert [one.key for one in first.followers] == ["LEVEL of python3 -m web"]
    assert second.heads[0].key == "LEVEL of process 1"
    assert "runs now, with its variables (LEVEL)" in in_words(every)[0]


@pytest.mark.parametrize("came", [True, False])
def test_a_table_is_told_with_its_columns_and_indexes(came: bool) -> None:
    items = {
        "column plans.id": "integer", "index plans_pkey": "CREATE INDEX plans_pkey ON public.plans USING btree (id)",
        "table plans": "owner app", "constraint plans.plans_pkey": "PRIMARY KEY (id)", "sequence plans_id_seq": "by 1",
        "column plans_old.id": "integer", "index other": "CREATE INDEX other ON public.plans_old USING btree (id)",
    }  # fmt: skip
    every = found("schema", *((key, *((None, one) if came else (one, None))) for key, one in items.items()))
    first = causes(every)[0]
    assert first.heads[0].key == "table plans"
    assert len(first.followers) == 4
    assert number_of_causes(every) == 3


def test_an_index_that_goes_when_a_table_comes_is_another_cause() -> None:
    index = "CREATE INDEX i ON public.plans USING btree (id)"
    assert number_of_causes(found("schema", ("table plans", None, "owner app"), ("index i", index, None))) == 2


def test_what_explains_most_comes_first() -> None:
    every = [
        *found("schema", ("column plans.tier", None, "text"), replica="db-1"),
        *(one for n in (1, 2) for one in found("settings", ("level", 1, 2), replica=f"web-{n}")),
        *found("files", ("/srv/a", DIRECTORY, None), *((f"/srv/a/{n}", FILE, None) for n in range(9)), replica="web-1"),
    ]
    assert [line.split(": ")[0] for line in in_words(every)] == ["web-1", "web-1, web-2", "db-1"]


def test_a_table_with_more_rows_is_one_difference_whatever_its_columns_hold() -> None:
    every = found("contents", ("releases", "2 rows", "4 rows"), ("releases/id", "1", "2"), ("releases/note", "1", "2"))
    assert in_words(every) == ["web-1: table releases has 4 rows, before: 2 rows"]
    assert in_words(every[1:]) == ["web-1: columns id, note of table releases hold other values"]


def test_no_kind_of_cause_is_only_seen_behind_and_more() -> None:
    every = [
        *found("settings", *((f"s{n}", 1, 2) for n in range(40))),
        *found("schema", ("index i", None, "x"), ("column a.b", None, "text")),
        *found("files", ("/etc/web/a", FILE, {**FILE, "size": 1}), ("/srv/web/a", FILE, {**FILE, "size": 2})),
        *found("roles", ("auditor", None, "login"), replica="db-1"),
    ]
    said = "\n".join(in_words(every, limit=3))
    for words in ("setting s0", "index i", "column a.b", "/etc/web/a", "/srv/web/a", "role auditor"):
        assert words in said
    assert "and 39 more (settings: s1, s2, s3," in said
    assert " and 27 more)" in said


KEYS = st.sampled_from(["table a", "column a.b", "/srv/a", "/srv/a/b", "x (user root)", "LEVEL of x", "a", "a.b"])
ITEMS = st.none() | st.sampled_from([1, "text"])
DIFFERENCES = st.builds(
    Difference, st.sampled_from(["web-1", "db-1"]), st.sampled_from([one for one in PARTS if one != "files"]), KEYS,
    ITEMS, ITEMS,
)  # fmt: skip


@given(st.lists(DIFFERENCES.filter(lambda one: one.part not in ("keys", "queues")), max_size=12, unique=True))
def test_every_difference_has_one_cause(every: list[Difference]) -> None:
    told = [one for cause in causes(every) for one in (*cause.heads, *cause.followers)]
    assert sorted(map(repr, told)) == sorted(map(repr, every))


def led(*every: Difference) -> dict[str, list[str]]:
    """What follows from each head, by their keys."""
    return {cause.heads[0].key: [one.key for one in cause.followers] for cause in causes(every)}


def test_an_image_is_told_with_its_packages_and_nothing_else() -> None:
    packages = found("packages", ("curl", "7", "8"), ("zlib", None, "1"))
    settings = found("settings", ("packages", 1, 2))
    assert led(*found("image", ("image", "sha256:1", "sha256:2")), *packages, *settings) == {
        "image": ["curl", "zlib"], "packages": [],
    }  # fmt: skip
    assert led(*found("sockets", ("image", None, 1)), *packages)["image"] == []


@pytest.mark.parametrize(("before", "after"), [(None, "x"), ("x", None)])
def test_a_server_and_a_role_are_told_with_their_settings(before: Any, after: Any) -> None:
    server = led(
        *found("servers", ("main", before, after)),
        *found("settings", ("main work_mem", before, after), ("mainly work_mem", 1, 2), ("x of role main", 1, 2)),
        *found("queues", ("main jobs", 1, 2)),
    )
    assert server["main"] == ["main work_mem"]
    role = led(
        *found("roles", ("app", before, after)),
        *found("settings", ("work_mem of role app", before, after), ("app work_mem", 1, 2)),
        *found("queues", ("x of role app", 1, 2)),
    )
    assert role["app"] == ["work_mem of role app"]
    other = led(*found("sockets", ("main", before, after)), *found("settings", ("main work_mem", 1, 2)))
    assert other["main"] == []


def test_what_only_changed_leads_nothing_but_a_link() -> None:
    assert led(*found("servers", ("main", "a", "b")), *found("settings", ("main work_mem", 1, 2)))["main"] == []
    process = "python3 -m web (user root)"
    variables = found("environment", ("LEVEL of python3 -m web", None, "debug"))
    for before, after, follows in ((0, 2, True), (2, 0, True), (None, 1, True), (1, 2, False), (2, 1, False)):
        one = led(*found("processes", (process, before, after)), *variables)[process]
        assert bool(one) is follows, (before, after)


def test_only_a_table_of_the_schema_is_told_with_its_columns() -> None:
    column = found("schema", ("column plans.id", None, "integer"))
    assert led(*found("schema", ("table plans", None, "x")), *column)["table plans"] == ["column plans.id"]
    assert led(*found("contents", ("table plans", None, "x")), *column)["table plans"] == []
    assert led(*found("schema", ("view plans", None, "x")), *column)["view plans"] == []


def test_a_directory_is_told_with_what_came_below_it_and_nothing_else() -> None:
    for came in (True, False):

        def change(key: str, item: Any, came: bool = came) -> tuple[str, Any, Any]:
            return (key, None, item) if came else (key, item, None)

        every = found(
            "files", change("/srv/a", DIRECTORY), change("/srv/a/x", FILE), change("/srv/ab", FILE),
            ("/srv/a/y", *((FILE, None) if came else (None, FILE))), ("/srv/a/z", FILE, {**FILE, "size": 9}),
        )  # fmt: skip
        assert led(*every)["/srv/a"] == ["/srv/a/x"]
    file = found("files", ("/srv/a", None, FILE), ("/srv/a/x", None, FILE))
    assert led(*file)["/srv/a"] == [], "it is no directory"


def test_a_link_that_points_where_it_did_leads_nothing() -> None:
    owned = found(
        "files", ("/srv/current", link("releases/1"), {**link("releases/1"), "owner": "9:9"}),
        ("/srv/releases/1/a", None, FILE),
    )  # fmt: skip
    assert led(*owned)["/srv/current"] == []
    became = found("files", ("/srv/current", FILE, link("releases/1")), ("/srv/releases/1/a", None, FILE))
    assert led(*became)["/srv/current"] == ["/srv/releases/1/a"], "a file became a link"


def test_files_that_came_in_one_directory_are_one_cause_and_directories_are_one_each() -> None:
    files = found(
        "files", ("/srv/a", None, FILE), ("/srv/b", None, FILE), ("/srv/c", FILE, None), ("/etc/d", None, FILE),
    )  # fmt: skip
    assert number_of_causes(files) == 3
    assert number_of_causes(found("files", ("/srv/a", None, DIRECTORY), ("/srv/b", None, DIRECTORY))) == 2
    assert number_of_causes(found("settings", ("/srv/a", None, 1), ("/srv/b", None, 1))) == 2


def test_of_causes_that_explain_as_much_the_more_telling_part_comes_first() -> None:
    parts = [part for part in PARTS if part != "image"]  # which explains its packages, too
    every = [one for part in reversed(parts) for one in found(part, ("/x", None, 1))]
    assert [cause.part for cause in causes([*found("of ours", ("/x", None, 1)), *every])] == [*parts, "of ours"]
