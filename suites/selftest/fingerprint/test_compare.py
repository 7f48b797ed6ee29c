"""Two fingerprints are compared item by item; what is declared is told apart, and what cannot be told is said."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environment.fingerprint import ALWAYS, _without_shell
from harness.errors import NotMeasured
from harness.events import FingerprintTaken, decode, encode
from harness.fingerprint import Fingerprint, StatePart
from harness.fingerprint.allow import Allowance
from harness.fingerprint.compare import compare

ITEMS = st.dictionaries(st.text(max_size=8), st.integers(0, 3) | st.text(max_size=4), max_size=8)
PARTS = st.builds(StatePart, ITEMS) | st.builds(StatePart, st.none(), st.text(min_size=1), st.none())
REPLICAS = st.dictionaries(
    st.sampled_from(["web-1", "web-2", "db-1"]),
    st.dictionaries(st.sampled_from(["sockets", "packages", "settings"]), PARTS, min_size=1),
    min_size=1,
)


def taken(at: float = 0.0, allow: tuple[Allowance, ...] = (), **replicas: Any) -> Fingerprint:
    """`web_1={"sockets": {...}}` or a Part."""
    made = {
        replica.replace("_", "-"): {
            name: part if isinstance(part, StatePart) else StatePart(part) for name, part in parts.items()
        }
        for replica, parts in replicas.items()
    }
    return Fingerprint(made, at, f"at {at:g}", allow)


@given(REPLICAS)
def test_a_fingerprint_differs_in_nothing_from_itself(replicas: Any) -> None:
    assert compare(Fingerprint(replicas), Fingerprint(replicas)).differences == ()


@given(REPLICAS, REPLICAS)
def test_the_same_items_differ_whichever_comes_first(one: Any, two: Any) -> None:
    there, back = compare(Fingerprint(one), Fingerprint(two)), compare(Fingerprint(two), Fingerprint(one))
    assert {(d.replica, d.part, d.key, d.before, d.after) for d in there.differences} == {
        (d.replica, d.part, d.key, d.after, d.before) for d in back.differences
    }
    assert len(there.untold) == len(back.untold)


@given(REPLICAS)
def test_a_fingerprint_survives_its_way_through_the_history(replicas: Any) -> None:
    made = Fingerprint(replicas, name="x")
    again = Fingerprint.of(decode(FingerprintTaken, json.loads(json.dumps(encode(made.body()))))[0])
    assert again.replicas == made.replicas
    assert again.name == "x"


def test_what_several_replicas_have_in_common_is_stored_once() -> None:
    packages = {f"package-{n}": "1" for n in range(50)}
    body = taken(web_1={"packages": packages}, web_2={"packages": dict(packages)}).body()
    assert len(body.contents) == 1
    assert json.dumps(encode(body)).count("package-7") == 1
    lost = Fingerprint.of(msgspec.structs.replace(body, contents={})).replicas["web-1"]["packages"]
    assert (lost.items, lost.error) == (None, "the history does not contain it")


def test_the_most_telling_differences_come_first() -> None:
    before = taken(web_1={"packages": {"a": "1"}, "schema": {"t": 1}, "files": {"/x": {"type": "file"}}})
    after = taken(web_1={"packages": {}, "schema": {}, "files": {}})
    assert [one.part for one in compare(before, after).differences] == ["schema", "files", "packages"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"web_1": {"sockets": {"a": 1}}}, {}, "the sockets of web-1 were not taken after"),
        ({}, {"web_1": {"sockets": {"a": 1}}}, "the sockets of web-1 were not taken before"),
        (
            {"web_1": {"sockets": StatePart(None, "no answer")}}, {"web_1": {"sockets": {"a": 1}}},
            "the sockets of web-1 could not be taken before: no answer",
        ),
        ({}, {}, "nothing was compared: the fingerprints are empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_said_and_is_neither_equal_nor_different(before: Any, after: Any, words: str) -> None:
    one, two = taken(**before), taken(1.0, **after)
    found = compare(one, two)
    assert (found.differences, found.untold) == ((), (words,))
    with pytest.raises(NotMeasured, match="cannot be told"):
        assert one == two


def test_what_differs_is_unequal_whatever_else_cannot_be_told() -> None:
    one = taken(web_1={"sockets": {"a": 1}}, web_2={"sockets": StatePart(None, "no answer")})
    two = taken(1.0, web_1={"sockets": {}}, web_2={"sockets": {}})
    assert one != two
    assert one.explain(two)[:2] == ["1 difference that was not declared", "web-1: nothing listens on a any more"]


def test_the_earlier_one_is_what_was_before_however_they_are_written_down() -> None:
    early, late = taken(1.0, web_1={"settings": {"x": "1"}}), taken(2.0, web_1={"settings": {"x": "2"}})
    assert early.explain(late) == late.explain(early)
    assert "setting x is 2, before: 1" in early.explain(late)[1]


def test_a_part_that_no_replica_has_on_either_side_is_no_difference() -> None:
    none = StatePart(None, absent="no package database")
    found = compare(
        taken(web_1={"packages": none, "settings": {"x": 1}}), taken(web_1={"packages": none, "settings": {"x": 1}})
    )
    assert (found.differences, found.untold, found.items) == ((), (), 1)


ALLOWED = Allowance("web", "settings:log.*", "the level is set by hand")


def test_a_declared_difference_is_told_with_its_exception_and_another_is_not_covered() -> None:
    before = taken(web_1={"settings": {"log.level": "1", "size": 1}}, db_1={"settings": {"log.level": "1"}})
    after = taken(web_1={"settings": {"log.level": "2", "size": 2}}, db_1={"settings": {"log.level": "2"}})
    idle = Allowance("web", "files:/tmp/**", "scratch")
    found = compare(before, after, [ALLOWED, idle])
    assert [(one.replica, one.key) for one in found.differences] == [("web-1", "size"), ("db-1", "log.level")]
    assert [one.key for one in found.allowed[ALLOWED]] == ["log.level"]
    assert found.stale == (idle,)


def test_fingerprints_bring_their_own_exceptions() -> None:
    before = taken(0.0, (ALLOWED,), web_1={"settings": {"log.level": "1"}})
    assert before == taken(1.0, web_1={"settings": {"log.level": "2"}})


@pytest.mark.parametrize(
    ("what", "key", "covered"),
    [
        ("files:/srv/*", "/srv/a", True),
        ("files:/srv/*", "/srv/a/b", False),
        ("files:/srv/**", "/srv/a/b", True),
        ("files:/srv/**", "/srv", True),
        ("files:/srv/**", "/srvx", False),
        ("files:/srv/a?c", "/srv/abc", True),
        ("files:/srv/a?c", "/srv/ac", False),
        ("files:/srv/a.c", "/srv/abc", False),
        ("files:/srv/**/x", "/srv/a/b/x", True),
        ("files:*", "a\nb", True),
        ("sockets:/srv/*", "/srv/a", False),
    ],
)
def test_a_pattern_covers_what_it_says(what: str, key: str, covered: bool) -> None:
    assert Allowance("web", what, "why").covers("web-1", "files", key) is covered


def test_an_exception_of_a_service_holds_for_its_replicas_alone() -> None:
    one = Allowance("web", "files:**", "why")
    assert [one.covers(name, "files", "/x") for name in ("web-1", "web-12", "web-api-1", "api-1")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert Allowance("web-api", "files:**", "why").covers("web-api-1", "files", "/x")


def of_keys(partial: bool, **counts: int) -> StatePart:
    items = {
        f"{name}:<n>": {"type": "string", "ttl": "none", "format": ["text"], "count": n} for name, n in counts.items()
    }
    return StatePart(items, partial=partial, note="a sample" if partial else None)


@pytest.mark.parametrize(
    ("was", "now", "gone"),
    [
        (of_keys(False, a=5, b=900), of_keys(True, a=5), False),  # 251 of 1010 keys were looked at
        (of_keys(True, a=5), of_keys(False, a=5, b=900), False),
        (of_keys(True, a=5), of_keys(True, a=5, b=900), False),
        (of_keys(True, a=5, b=900), of_keys(False, a=5), True),
        (of_keys(False, a=5), of_keys(True, a=5, b=900), True),
    ],
)
def test_nothing_is_gone_or_new_on_the_strength_of_a_sample(was: StatePart, now: StatePart, gone: bool) -> None:
    found = compare(taken(cache_1={"keys": was}), taken(cache_1={"keys": now}))
    assert bool(found.differences) is gone
    assert any("a sample" in note for note in found.notes)


def contents(**values: str) -> Any:
    return taken(db_1={"contents": {name.replace("__", "/"): one for name, one in values.items()}})


def test_contents_count_where_they_stood_still_under_the_load_alone() -> None:
    before, after = contents(t="2 rows", t__a="1", t__b="1"), contents(t="2 rows", t__a="2", t__b="2")
    assert compare(before, after).differences == ()
    assert (
        "of db-1, table contents: no two fingerprints before tell what the load moves" in compare(before, after).unseen
    )
    quiet = [(contents(t="2 rows", t__a="1", t__b="0"), before)]
    found = compare(before, after, (), quiet)
    assert [one.key for one in found.differences] == ["t/a"]
    assert "of db-1, table contents that the load moves, too (t/b)" in found.unseen
    moved = [*quiet, (before, contents(t="2 rows", t__a="3", t__b="0"))]
    assert compare(before, after, (), moved).differences == ()


def test_an_exception_of_a_table_covers_its_columns_and_one_of_a_column_that_alone() -> None:
    before, after = contents(t="2 rows", t__a="1", t__b="1"), contents(t="2 rows", t__a="2", t__b="2")
    for what, left in (("contents:t/**", []), ("contents:t/a", ["t/b"])):
        found = compare(before, after, [Allowance("db", what, "why")], [(before, before)])
        assert [one.key for one in found.differences] == left


def test_what_is_not_looked_at_is_named_by_service() -> None:
    every = {"sockets": {"a": 1}}
    one = taken(web_1={**every, "files": StatePart({"/a": 1}, unseen=("files outside /a",))},
                web_2={**every, "files": StatePart({"/a": 1}, unseen=("files outside /a",))},
                db_1={**every, "settings": {"a": 1}}, lb_1=every)  # fmt: skip
    assert compare(one, one).unseen == ("any file or data of lb", "files of db", "files outside /a of web")


def test_a_replica_without_a_shell_is_named_among_what_is_not_looked_at() -> None:
    bare = {"image": StatePart({"image": "sha256:1"}), **_without_shell(ALWAYS)}
    one = taken(web_1=bare, lb_1={"files": {"/a": 1}})
    assert "processes, sockets and packages of web" in compare(one, one).unseen


def test_an_exception_may_be_of_a_name_with_a_colon() -> None:
    assert Allowance("cache", "keys:session:*", "why").covers("cache-1", "keys", "session:<n>")


def test_a_part_that_cannot_be_told_hides_no_other() -> None:
    before = taken(web_1={"files": StatePart(None, "no answer"), "settings": {"x": 1}}, web_2={"settings": {"x": 1}})
    after = taken(web_1={"files": {"/a": 1}, "settings": {"x": 2}}, web_2={"settings": {"x": 2}})
    found = compare(before, after)
    assert [(one.replica, one.key) for one in found.differences] == [("web-1", "x"), ("web-2", "x")]
    assert (found.items, found.replicas, len(found.untold)) == (2, 2, 1)


def test_a_note_of_both_is_told_once_and_one_of_the_later_first() -> None:
    def noted(before: str | None, after: str | None) -> tuple[str, ...]:
        one, two = (taken(web_1={"files": StatePart({"/a": 1}, note=note)}) for note in (before, after))
        return compare(one, two).notes

    assert noted("large files by size", "large files by size") == ("files of web-1: large files by size",)
    assert noted("was", "is") == ("files of web-1: is",)
    assert noted("was", None) == ("files of web-1: was",)


def test_a_part_of_another_package_is_compared_too_and_comes_last() -> None:
    found = compare(
        taken(web_1={"of ours": {"a": 1}, "packages": {"a": 1}}), taken(web_1={"of ours": {}, "packages": {}})
    )
    assert [one.part for one in found.differences] == ["packages", "of ours"]


def test_what_is_new_or_gone_of_what_moves_is_for_other_parts_to_tell() -> None:
    """A table that came is in the schema; its rows are none to compare."""
    before, after = contents(t="2 rows"), contents(t="2 rows", u="1 row")
    assert compare(before, after, (), [(before, before)]).differences == ()
    assert compare(after, before, (), [(after, after)]).differences == ()
    changed = contents(t="3 rows")
    assert [one.key for one in compare(before, changed, (), [(before, before)]).differences] == ["t"]


def test_how_many_keys_there_are_counts_where_a_witness_saw_the_number_stand_still() -> None:
    few, many = taken(cache_1={"keys": of_keys(False, a=5)}), taken(cache_1={"keys": of_keys(False, a=6)})
    assert compare(few, many, (), [(few, few)]).differences
    assert not compare(few, many, (), [(few, many)]).differences
    assert not compare(few, many).differences
    other = taken(cache_1={"queues": of_keys(False, a=5)})
    more = taken(cache_1={"queues": of_keys(False, a=6)})
    assert not compare(other, more, (), [(few, few)]).differences, "of keys alone"


def test_a_sample_may_lack_a_type_that_the_whole_has() -> None:
    def typed(kind: str, *, partial: bool) -> Fingerprint:
        item = {"type": kind, "ttl": "none", "format": ["text"], "count": 9}
        return taken(cache_1={"keys": StatePart({"a": item}, partial=partial)})

    whole, part = typed("hash or string", partial=False), typed("string", partial=True)
    assert not compare(whole, part).differences
    assert compare(whole, typed("string", partial=False)).differences


def test_a_profile_is_not_compared_with_what_is_none() -> None:
    profile, odd = (
        Fingerprint({"db-1": {"contents": StatePart({"t": "5 rows", "t/a (values)": what})}}, taken)
        for what, taken in (({"rows": 5, "words": {"x": 5}}, 6.0), ("1a", 36.0))
    )
    for first, last in ((profile, odd), (odd, profile)):
        assert not compare(first, last, (), [(first, first)]).differences
