"""A fingerprint as data: equal or not, and as the history holds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.errors import NotMeasured
from harness.events import FingerprintTaken, decode, encode
from harness.fingerprint import Fingerprint, StatePart
from suites.selftest.fingerprint.test_compare import contents, taken


def test_three_things_that_cannot_be_told_are_named_where_equality_is_asked_for() -> None:
    four: Any = {f"web_{n}": {"sockets": {"a": 1}} for n in range(4)}
    one = taken(**four)
    with pytest.raises(NotMeasured) as caught:
        assert one == taken(1.0)
    said = str(caught.value)
    assert said.count("were not taken after") == 3
    assert "every part of every replica in both" in said
    assert "see the events `fingerprint` of the history" in said
    assert one != "a fingerprint"


def test_of_two_that_were_taken_at_once_the_earlier_event_is_what_was_before() -> None:
    def numbered(event: int | None, value: str) -> Fingerprint:
        return Fingerprint({"web-1": {"settings": StatePart({"x": value})}}, 1.0, event=event)

    for early, late in ((numbered(3, "1"), numbered(7, "2")), (numbered(None, "1"), numbered(1, "2"))):
        assert "setting x is 2, before: 1" in late.explain(early)[1]
        assert "setting x is 2, before: 1" in early.explain(late)[1]
    first, second = numbered(None, "1"), numbered(None, "2")
    assert "setting x is 2, before: 1" in first.explain(second)[1], (
        "of events that are not known, the one that is asked"
    )
    assert "setting x is 1, before: 2" in second.explain(first)[1]


@pytest.mark.parametrize(("items", "shared"), [(4, False), (5, True)])
def test_five_items_that_replicas_have_in_common_are_worth_sharing(items: int, shared: bool) -> None:
    packages = {f"package-{n}": "1" for n in range(items)}
    body = taken(web_1={"packages": packages}, web_2={"packages": dict(packages)}).body()
    assert bool(body.contents) is shared
    assert taken(web_1={"packages": packages}).body().contents == {}, "one alone"


def test_all_that_is_said_of_a_part_survives_its_way_through_the_history() -> None:
    many = {f"/srv/{n}": n for n in range(9)}
    parts = {
        "files": StatePart(many, note="by size", partial=True, unseen=("files outside /srv",)),
        "packages": StatePart(None, absent="no package database"),
        "schema": StatePart(None, "no answer"),
        "empty": StatePart({}),
    }
    made = Fingerprint({"web-1": parts, "web-2": parts}, 3.0, "x")
    body = made.body(1.5, {"web-1": 0.5})
    again = Fingerprint.of(decode(FingerprintTaken, json.loads(json.dumps(encode(body))))[0], taken=3.0, event=9)
    assert again.replicas == made.replicas
    assert (again.name, again.taken, again.event, body.seconds, body.took) == ("x", 3.0, 9, 1.5, {"web-1": 0.5})
    bare = FingerprintTaken("x", {"web-1": {"files": {"note": "by size"}}}, {}, None, {})
    assert Fingerprint.of(bare).replicas["web-1"]["files"].error == "the history does not contain it"
    assert Fingerprint.of(bare).taken == 0.0


def test_names_that_are_no_text_are_shared_all_the_same() -> None:
    odd = {f"/srv/\udc80{n}": 1 for n in range(9)}
    assert len(taken(web_1={"files": odd}, web_2={"files": dict(odd)}).body().contents) == 1


def test_the_same_items_are_shared_in_whatever_order_they_were_found() -> None:
    items = {f"package-{n}": "1" for n in range(9)}
    back = dict(reversed(items.items()))
    assert len(taken(web_1={"packages": items}, web_2={"packages": back}).body().contents) == 1


def test_what_the_load_moves_is_known_of_the_later_one() -> None:
    early, late = contents(t="1 row"), contents(t="2 rows")
    told = Fingerprint(late.replicas, 2.0, quiet=((early, early),))
    assert early.explain(told)[0] == "1 difference that was not declared"
    assert early.explain(late)[0] == "0 differences that were not declared"
