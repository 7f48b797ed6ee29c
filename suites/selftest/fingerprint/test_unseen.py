"""What a comparison does not cover is named, and not at length."""

from __future__ import annotations

from harness.fingerprint import Fingerprint, StatePart
from harness.fingerprint.compare import compare
from harness.fingerprint.profiles import SUFFIX
from suites.selftest.fingerprint.test_compare import contents, taken


def test_five_services_are_named_and_many_are_counted() -> None:
    def said(count: int) -> str:
        return compare(
            Fingerprint({f"s{n}-1": {"sockets": StatePart({"a": 1})} for n in range(count)}),
            Fingerprint({f"s{n}-1": {"sockets": StatePart({"a": 1})} for n in range(count)}),
        ).unseen[0]

    assert said(1) == "any file or data of s0"
    assert said(3) == "any file or data of s0, s1 and s2"
    assert said(12).endswith("s10 and s11")
    assert said(13).endswith("s11 and 1 more")


def test_items_that_the_load_moves_are_named_four_at_most() -> None:
    names = [f"t{n}" for n in range(5)]
    one, two = contents(**dict.fromkeys(names, "1 row")), contents(**dict.fromkeys(names, "2 rows"))
    assert (
        "of db-1, table contents that the load moves, too (t0, t1, t2, t3 and 1 more)"
        in compare(two, two, (), [(one, two)]).unseen
    )
    four = contents(**dict.fromkeys(names[:4], "1 row")), contents(**dict.fromkeys(names[:4], "2 rows"))
    assert "(t0, t1, t2 and t3)" in compare(four[1], four[1], (), [four]).unseen[-1]
    assert not any("load moves" in words for words in compare(one, one, (), [(one, one)]).unseen)


def test_what_is_unseen_is_said_of_the_parts_that_both_have() -> None:
    one = taken(web_1={"files": StatePart({"/a": 1}, unseen=("x", "y"))}, web_2={"files": StatePart({}, unseen=("x",))})
    assert compare(one, one).unseen == ("x of web", "y of web")
    values = taken(cache_1={"values": {"a": "1"}})
    assert "of cache-1, values of keys: no two fingerprints before tell what the load moves" in (
        compare(values, values).unseen
    )
    none = taken(cache_1={"values": StatePart(None, "no answer")})
    for before, after in ((none, values), (values, none), (taken(cache_1={}), values), (values, taken(cache_1={}))):
        assert not any("values of keys" in words for words in compare(before, after).unseen)
    assert compare(taken(web_1={"files": {"/a": 1}}), taken(web_1={"sockets": {"a": 1}})).unseen == ()


def test_contents_and_values_are_both_told_and_a_service_is_all_but_the_number() -> None:
    both = taken(web_api_1={"contents": {"t": "1 row"}, "values": {"a": "1"}})
    why = ": no two fingerprints before tell what the load moves"
    assert compare(both, both).unseen == (
        "files of web-api", f"of web-api-1, table contents{why}", f"of web-api-1, values of keys{why}",
    )  # fmt: skip


def test_profiles_of_columns_are_no_items_of_their_own() -> None:
    def told(rows: str, state: str) -> Fingerprint:
        items = {"t": rows, "t/state": state, f"t/state{SUFFIX}": {"rows": 500, "words": {state: 500}}}
        return Fingerprint({"db-1": {"contents": StatePart(items)}})

    one, two = told("1 row", "running"), told("2 rows", "done")
    assert (
        "of db-1, table contents that the load moves, too (t and t/state)" in compare(two, two, (), [(one, two)]).unseen
    )
