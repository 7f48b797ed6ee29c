"""A person who was not there reads what differs: what, where, now and before."""

from __future__ import annotations

from typing import Any

import pytest

from harness.fingerprint.compare import Difference, compare
from harness.fingerprint.model import Fingerprint
from harness.fingerprint.parts import StatePart
from harness.fingerprint.words import explained, in_words
from harness.fingerprint.words_of_files import files, shown

FILE = {"type": "file", "mode": "0644", "owner": "0:0", "size": 5, "sha256": "aa"}
LINK = {"type": "link", "owner": "0:0", "target": "releases/4.1.0"}
DIRECTORY = {"type": "directory", "mode": "0755", "owner": "0:0"}


def said(part: str, key: str, before: Any, after: Any) -> str:
    (line,) = in_words([Difference("web-1", part, key, before, after)])
    assert line.startswith("web-1: ")
    return line.removeprefix("web-1: ")


@pytest.mark.parametrize(
    ("part", "key", "before", "after", "words"),
    [
        ("schema", "column plans.tier", None, "text", "column plans.tier exists now (text)"),
        ("schema", "column plans.tier", "text", None, "column plans.tier is gone (it was text)"),
        ("schema", "column plans.tier", "text", "integer", "column plans.tier is integer, before: text"),
        ("schema", "index x", None, True, "index x exists now"),
        ("schema", "index x", True, None, "index x is gone"),
        ("schema", "rows", None, 1, "rows exists now"),
        ("schema", "rows", None, 2, "rows exists now (2)"),
        ("schema", "rows", 2, None, "rows is gone (it was 2)"),
        ("schema", "public", None, False, "public exists now (False)"),
        ("processes", "nginx (user root)", None, 1, "nginx (user root) runs now"),
        ("processes", "nginx (user root)", None, 2, "nginx (user root) runs now, 2 times"),
        ("processes", "nginx (user root)", None, 3, "nginx (user root) runs now, 3 times"),
        ("processes", "nginx (user root)", 2, None, "nginx (user root) does not run any more"),
        ("processes", "nginx (user root)", 2, 4, "nginx (user root) runs 4 times, before: 2"),
        ("sockets", "tcp 0.0.0.0:80", None, 1, "something listens on tcp 0.0.0.0:80 now"),
        ("sockets", "tcp 0.0.0.0:80", 1, None, "nothing listens on tcp 0.0.0.0:80 any more"),
        ("environment", "LEVEL of process 1", "a", "b", "variable LEVEL of process 1 is b, before: a"),
        ("image", "image", "sha256:1", "sha256:2", "the image is sha256:2, before: sha256:1"),
        ("servers", "web/one", "UP", "MAINT", "server web/one is MAINT, before: UP"),
        ("roles", "app", None, "login", "role app exists now (login)"),
        ("values", "flag:new_ui", "off", "on", "value of key flag:new_ui is on, before: off"),
        ("contents", "releases", "2 rows", "4 rows", "table releases has 4 rows, before: 2 rows"),
        ("contents", "plans/name", "1f", "2f", "column name of table plans holds other values"),
        ("something new", "x", 1, 2, "x is 2, before: 1"),
    ],
)
def test_a_difference_of_any_part_is_a_sentence(part: str, key: str, before: Any, after: Any, words: str) -> None:
    assert said(part, key, before, after) == words


def test_keys_are_told_with_type_format_and_time_to_live() -> None:
    was, now = ({"type": "string", "format": [kind], "ttl": "none"} for kind in ("json", "pickle"))
    assert said("keys", "plan:*", None, now) == "keys like plan:* exist now (string of pickle, time to live: none)"
    assert said("keys", "plan:*", was, now).endswith("before: string of json, time to live: none")
    assert said("queues", "jobs", was, now) == "queue jobs holds pickle, before: json"


def test_a_long_value_is_cut_and_says_so() -> None:
    assert said("schema", "x", None, "a" * 160) == f"x exists now ({'a' * 160})"
    assert said("schema", "x", None, "a" * 161) == f"x exists now ({'a' * 160}...)"


def test_a_queue_that_was_empty_held_nothing() -> None:
    now = {"type": "list", "format": ["json"], "ttl": "none"}
    assert said("queues", "jobs", None, now) == "queue jobs holds json, before: nothing"
    assert said("queues", "jobs", now, {}) == "queue jobs holds nothing, before: json"


@pytest.mark.parametrize(("number", "rest"), [(5, ""), (6, "; and 1 more"), (7, "; and 2 more")])
def test_five_packages_are_named_and_the_others_counted(number: int, rest: str) -> None:
    (line,) = in_words([Difference("web-1", "packages", f"p{n}", None, "1") for n in range(number)])
    assert line == f"web-1: {number} packages more (p0 1; p1 1; p2 1; p3 1; p4 1{rest})"


@pytest.mark.parametrize(("number", "names"), [(4, "0, 1, 2, 3"), (5, "0, 1, 2, 3, ...")])
def test_four_files_of_a_directory_are_named(number: int, names: str) -> None:
    assert list(files((f"/srv/{n}", None, FILE) for n in range(number))) == [
        f"{number} files more below /srv/ ({names})"
    ]
    below = [("/srv/a", None, DIRECTORY), ("/srv/a/b", None, FILE)]
    assert list(files(below)) == ["1 file more below /srv/a/ (b)"]
    gone = [(path, after, before) for path, before, after in below]
    assert list(files(gone)) == ["1 file fewer below /srv/a/ (b)"]


def test_packages_are_one_sentence_for_each_direction_however_many_they_are() -> None:
    found = [Difference("web-1", "packages", f"p{n}", None, "1") for n in range(30)]
    found.append(Difference("web-1", "packages", "curl", "7", "8"))
    (line,) = in_words(found)
    assert line == (
        "web-1: 1 package changed (curl 8, before: 7); 30 packages more (p0 1; p1 1; p2 1; p3 1; p4 1; and 25 more)"
    )


def test_replicas_of_which_the_same_is_said_share_a_line_and_the_limit_counts_what_is_left_out() -> None:
    found = [Difference(f"web-{n}", "settings", f"s{k}", 1, 2) for n in (1, 2) for k in range(20)]
    found.append(Difference("db-1", "settings", "other", 1, 2))
    lines = in_words(found, limit=6)
    assert [line.split(":")[0] for line in lines] == ["web-1, web-2", "db-1"]
    assert lines[0].count("is 2, before: 1") == 5
    assert "; and 15 more (settings: s5, s6, " in lines[0]


def test_what_a_replica_wrote_cannot_break_out_of_its_line() -> None:
    words = said("settings", "a\nb\x1b[31m", "x" * 500, "\r\n")
    assert "\n" not in words
    assert "\x1b" not in words
    assert "x" * 161 not in words


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({**FILE, "sha256": "bb"}, "has other content (5 bytes, before: 5)"),
        ({**FILE, "sha256": "bb", "size": 9}, "has other content (9 bytes, before: 5)"),
        ({**FILE, "mode": "0600"}, "has mode 0600, before: 0644"),
        ({**FILE, "owner": "7:7"}, "belongs to 7:7, before: 0:0"),
        ({**FILE, "mode": "0600", "owner": "7:7"}, "has mode 0600, before: 0644; belongs to 7:7, before: 0:0"),
        (LINK, "is a link, before: a file"),
    ],
)
def test_a_file_that_changed_says_in_what(after: Any, words: str) -> None:
    assert list(files([("/srv/x", FILE, after)])) == [f"/srv/x {words}"]


def test_links_are_told_first_because_they_say_what_runs() -> None:
    moved = {**LINK, "target": "releases/4.1.1"}
    lines = list(files([("/a", FILE, {**FILE, "size": 6}), ("/srv/current", LINK, moved)]))
    assert lines[0] == "/srv/current points to releases/4.1.1, before: releases/4.1.0"


def test_a_directory_that_is_new_is_told_once_with_what_is_below_it() -> None:
    new = [(f"/srv/r/{name}", None, FILE) for name in "abcdef"]
    (line,) = files([("/srv/r", None, DIRECTORY), *new])
    assert line == "6 files more below /srv/r/ (a, b, c, d, ...)"


def test_loose_files_are_grouped_by_their_directory_and_one_alone_is_named() -> None:
    lines = list(files([("/etc/a", None, FILE), ("/etc/b", None, FILE), ("/var/c", FILE, None)]))
    assert lines == ["2 files more below /etc/ (a, b)", "file /var/c is gone"]


def test_a_path_that_is_not_printable_is_shown_on_one_line() -> None:
    assert shown("/srv/it's") == "/srv/it's"
    assert shown("/srv/a\nb\x07") == "/srv/a\\nb\\x07"
    assert shown("/srv/it's\n") == "/srv/it's\\n"


def test_keys_that_are_gone_or_of_another_number_are_told_with_what_they_were() -> None:
    was = {"type": "string", "format": ["json", "text"], "ttl": "none", "count": 30}
    assert said("keys", "plan:*", was, None) == (
        "keys like plan:* are gone (they were string of json or text, time to live: none)"
    )
    assert said("keys", "plan:*", was, {**was, "count": 90}) == "there are 90 keys like plan:*, before: 30"
    bare = {**was, "format": []}
    assert said("keys", "plan:*", None, bare) == "keys like plan:* exist now (string of nothing, time to live: none)"


def test_a_value_is_told_by_itself_or_by_what_it_holds() -> None:
    assert said("values", "flag", {"value": "off"}, {"value": "on"}) == "value of key flag is on, before: off"
    assert said("values", "flag", {"value": "off"}, "on") == "value of key flag is on, before: off"


def test_nothing_in_brackets_is_told_of_what_is_empty() -> None:
    assert said("schema", "view v", None, "") == "view v exists now"
    assert said("schema", "view v", "", None) == "view v is gone"
    assert said("schema", "rows", 1, None) == "rows is gone"
    assert said("schema", "rows", False, None) == "rows is gone (it was False)"


def test_an_image_is_told_with_how_many_packages() -> None:
    for many, words in ((1, "1 package"), (2, "2 packages")):
        every = [Difference("web-1", "image", "image", "1", "2")]
        every += [Difference("web-1", "packages", f"p{n}", "1", "2") for n in range(many)]
        assert in_words(every) == [f"web-1: the image is 2, before: 1, and with it {words}"]


def test_what_follows_is_counted_and_six_of_it_are_named() -> None:
    table = Difference("db-1", "schema", "table plans", None, "owner app")
    for many in (6, 7):
        columns = [Difference("db-1", "schema", f"column plans.{n} of x", None, "text") for n in range(many)]
        names = ", ".join(f"column plans.{n} of x" for n in range(6)) + (" and 1 more" if many > 6 else "")
        assert in_words([table, *columns]) == [f"db-1: table plans exists now (owner app), with {many} more ({names})"]
    variable = Difference("db-1", "environment", "A of x of python3", None, "1")
    process = Difference("db-1", "processes", "python3 (user root)", None, 1)
    assert in_words([process, variable]) == ["db-1: python3 (user root) runs now, with its variables (A)"]


@pytest.mark.parametrize(
    ("many", "head"), [(1, "1 difference that was not declared"), (2, "2 differences that were not")]
)
def test_a_comparison_is_explained_with_how_much_was_not_declared(many: int, head: str) -> None:
    one, two = (
        Fingerprint({"web-1": {"settings": StatePart({f"s{n}": value for n in range(many)})}}) for value in (1, 2)
    )
    assert explained(compare(one, two))[0].startswith(head)


def test_sixty_differences_are_spelt_out_where_a_comparison_is_explained() -> None:
    one, two = (
        Fingerprint({"web-1": {"settings": StatePart({f"s{n:02}": value for n in range(61)})}}) for value in (1, 2)
    )
    line = explained(compare(one, two))[1]
    assert line.count("is 2, before: 1") == 60
    assert line.endswith("; and 1 more (settings: s60)")
    twelve = in_words(compare(one, two).differences)
    assert twelve[0].count("is 2, before: 1") == 12


def test_a_directory_alone_and_a_link_are_told_as_what_they_are() -> None:
    assert list(files([("/srv/a", None, DIRECTORY)])) == ["directory /srv/a is new"]
    assert list(files([("/srv/a", LINK, None), ("/etc/b", {}, None)])) == ["link /srv/a is gone", "file /etc/b is gone"]


def test_a_link_says_where_it_pointed_only_where_that_changed() -> None:
    (line,) = files([("/srv/current", LINK, {**LINK, "owner": "7:7"})])
    assert line == "/srv/current belongs to 7:7, before: 0:0"


def test_a_path_with_a_backslash_is_shown_as_it_is() -> None:
    assert shown("/srv/a\\b") == "/srv/a\\b"


def test_a_package_that_is_gone_is_told_with_its_version() -> None:
    assert said("packages", "curl", "7.88", None) == "1 package fewer (curl 7.88)"


def test_a_path_with_both_kinds_of_quotes_is_shown_as_it_is_written() -> None:
    assert shown('/srv/it\'s "here"\n') == '/srv/it\'s "here"\\n'
