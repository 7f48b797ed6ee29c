"""What `verify` says: what has changed since, what has expired, who signed what. Nothing of it holds by mistake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.checklist.document import Checklist, Evidence, State
from harness.checklist.findings import Verified
from harness.checklist.signing import generate, known, sign
from harness.checklist.tags import Lookup
from harness.checklist.ticking import tick
from harness.checklist.verifying import verify
from harness.stack import load
from harness.verdict import Outcome
from suites.selftest.checklist.made import CHECKLIST, NOW, VOUCHED, world

pytest.importorskip("cryptography", reason="the extra `checklist` is not installed")
DAY = 86400.0
RAN = "sha256:" + "ab" * 32  # what the runs of `made` had
ENGINE = {"redis:7": RAN, RAN: RAN}


class Signed:
    """A stack, a document of it of which everything holds, and keys."""

    def __init__(self, root: Path, checklist: str = CHECKLIST) -> None:
        self.world = world(root, checklist)
        self.keys = root / "keys"
        for name in ("ada", "bob"):
            generate(name, self.keys)
        self.run = self.world.run()
        self.results = self.world.write("vouched.json", json.dumps(VOUCHED))
        self.bare = self.world.make(self.run, suites=[self.results])
        self.ticked = tick(self.bare, "support-knows", "bob", "told them", NOW + 30)
        self.document = self.sign(self.ticked)

    def sign(self, checklist: Checklist, name: str = "ada", *items: str, now: float = NOW + 60) -> Checklist:
        return sign(checklist, name, self.keys / f"{name}.key", now, items)

    def verify(
        self, checklist: Checklist | None = None, now: float = NOW + 120, keys: Mapping[str, str] | None = None,
        connect: Callable[[], Lookup | None] = lambda: ENGINE.get,
    ) -> Verified:  # fmt: skip
        names = known(self.keys) if keys is None else keys
        return verify(checklist or self.document, self.world.out, load, names, connect, now)


@pytest.fixture
def signed(tmp_path: Path) -> Signed:
    return Signed(tmp_path)


def said(verified: Verified, outcome: Outcome) -> str:
    return "\n".join(f"{one.about}: {one.text}" for one in verified.findings if one.outcome is outcome)


def edited(checklist: Checklist, key: str, **changes: Any) -> Checklist:
    items = tuple(msgspec.structs.replace(one, **changes) if one.key == key else one for one in checklist.items)
    return msgspec.structs.replace(checklist, items=items)


def test_what_is_ticked_signed_and_unchanged_holds_and_who_signed_is_named(signed: Signed) -> None:
    found = signed.verify()
    assert found.outcome is Outcome.PASS, found.findings
    many = len(signed.document.items)
    assert f"signed {many} of {many} items" in said(found, Outcome.PASS)
    assert "nothing changed: 5 files of the stack, 2 of runs and tests" in said(found, Outcome.PASS)


def test_a_tag_that_has_moved_keeps_the_document_from_holding(signed: Signed) -> None:
    found = signed.verify(connect=lambda: {"redis:7": "sha256:" + "cd" * 32, RAN: RAN}.get)
    assert (found.outcome, "the tag has moved" in said(found, Outcome.FAIL)) == (Outcome.FAIL, True)
    found = signed.verify(connect=lambda: None)
    assert (found.outcome, "not asked" in said(found, Outcome.UNKNOWN)) == (Outcome.UNKNOWN, True)


def test_a_document_that_nobody_signed_is_unknown(signed: Signed) -> None:
    found = signed.verify(signed.ticked)
    assert (found.outcome, said(found, Outcome.UNKNOWN)) == (Outcome.UNKNOWN, "signature: nobody signed any of it")


def test_a_document_without_items_is_not_one_that_holds(signed: Signed) -> None:
    assert signed.verify(msgspec.structs.replace(signed.document, items=())).outcome is Outcome.FAIL


# -- items -------------------------------------------------------------------------------------------------------------


def test_an_open_item_is_not_ticked_by_a_signature(signed: Signed) -> None:
    found = signed.verify(signed.sign(signed.bare))
    assert (found.outcome, "support-knows is open" in said(found, Outcome.FAIL)) == (Outcome.FAIL, True)


def test_an_unknown_item_is_not_ticked_by_a_signature(signed: Signed) -> None:
    made = tick(signed.world.make(signed.run), "support-knows", "ada", "told them", NOW + 30)
    found = signed.verify(signed.sign(made))
    assert (found.outcome, "runbook is unknown" in said(found, Outcome.UNKNOWN)) == (Outcome.UNKNOWN, True)


@pytest.mark.parametrize(("after", "outcome"), [(DAY - 700, Outcome.PASS), (DAY, Outcome.FAIL)])
def test_what_has_expired_is_named(signed: Signed, after: float, outcome: Outcome) -> None:
    found = signed.verify(now=NOW + after)
    assert found.outcome is outcome
    assert ("gate.deployed has expired" in said(found, Outcome.FAIL)) is (outcome is Outcome.FAIL)


def test_an_item_may_expire_before_the_others(tmp_path: Path) -> None:
    text = CHECKLIST.replace('why: "customers call them"', 'why: "customers call them", valid_for: 1h')
    found = Signed(tmp_path, text).verify(now=NOW + 3700)
    assert said(found, Outcome.FAIL).startswith("expired: support-knows has expired")
    assert "gate.deployed" not in said(found, Outcome.FAIL)


@pytest.mark.parametrize("ago", [3600.0, NOW])
def test_a_clock_before_the_document_is_no_pass(signed: Signed, ago: float) -> None:
    found = signed.verify(now=NOW - ago)
    assert (found.outcome, "clock" in said(found, Outcome.UNKNOWN)) == (Outcome.UNKNOWN, True)


def test_a_clock_that_is_a_little_late_is_not_alarming(signed: Signed) -> None:
    assert signed.verify(now=NOW - 100).outcome is Outcome.PASS


# -- signatures --------------------------------------------------------------------------------------------------------


def test_a_key_that_nobody_named_is_unknown_and_named_as_such(signed: Signed) -> None:
    found = signed.verify(keys={})
    assert found.outcome is Outcome.UNKNOWN
    assert "the key of ada" in said(found, Outcome.UNKNOWN)
    assert "is unknown" in said(found, Outcome.UNKNOWN)


def test_a_name_with_the_key_of_another_does_not_hold(signed: Signed) -> None:
    found = signed.verify(sign(signed.ticked, "ada", signed.keys / "bob.key", NOW + 60))
    assert (found.outcome, "with the key of bob" in said(found, Outcome.FAIL)) == (Outcome.FAIL, True)


def test_an_item_that_was_changed_after_it_was_signed_is_covered_by_nobody(signed: Signed) -> None:
    found = signed.verify(edited(signed.document, "gate.all", why="all is well"))
    assert found.outcome is not Outcome.PASS
    assert "nobody whose key is known signed gate.all as it is" in said(found, Outcome.UNKNOWN)


def test_a_later_tick_leaves_the_other_items_signed_and_says_which_is_not(signed: Signed) -> None:
    first = signed.sign(signed.bare)
    later = tick(first, "support-knows", "bob", "told them", NOW + 70)
    found = signed.verify(later)
    assert "not as they are now: support-knows" in said(found, Outcome.PASS)
    assert "nobody whose key is known signed support-knows as it is" in said(found, Outcome.UNKNOWN)
    both = signed.verify(signed.sign(later, "bob", "support-knows", now=NOW + 80))
    assert both.outcome is Outcome.PASS
    assert "bob" in said(both, Outcome.PASS)


@pytest.mark.parametrize(
    "change",
    [
        {"files": ()}, {"runs": ()}, {"images": ()}, {"suites": ()}, {"made": NOW + 1}, {"harness": "9.9"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_the_document_rests_on_cannot_be_changed_after_it_was_signed(
    signed: Signed, change: dict[str, Any]
) -> None:
    found = signed.verify(msgspec.structs.replace(signed.document, **change))
    assert "was changed after ada" in said(found, Outcome.FAIL)


def test_a_signature_of_another_document_does_not_hold(signed: Signed, tmp_path: Path) -> None:
    other = msgspec.structs.replace(signed.bare, made=NOW + 5)
    stolen = msgspec.structs.replace(other, signatures=signed.document.signatures)
    assert signed.verify(stolen).outcome is Outcome.FAIL


# -- what changed ------------------------------------------------------------------------------------------------------


def test_a_file_that_changed_is_named_and_so_is_one_that_is_new_or_gone(signed: Signed) -> None:
    made = signed.world
    made.write("web/app.py", "print('another')\n")
    made.write("web/more.py", "")
    (made.root / "web/gone.py").unlink(missing_ok=True)
    found = said(signed.verify(), Outcome.FAIL)
    assert "changed: of the stack: web/app.py changed; web/more.py new" in found


def test_a_stack_that_cannot_be_read_any_more_is_unknown(signed: Signed) -> None:
    (signed.world.root / "compose.yaml").write_text("services: [")
    found = signed.verify()
    assert (found.outcome, "the stack cannot be read any more" in said(found, Outcome.UNKNOWN)) == (
        Outcome.UNKNOWN, True,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["runs/run/events.jsonl", "vouched.json"])
def test_evidence_that_changed_fails_and_evidence_that_is_gone_is_unknown(signed: Signed, name: str) -> None:
    path = signed.world.root / name
    path.write_bytes(path.read_bytes() + b"\n")
    assert "changed: " in said(signed.verify(), Outcome.FAIL)
    path.unlink()
    found = signed.verify()
    assert (found.outcome, "is not there any more" in said(found, Outcome.UNKNOWN)) == (Outcome.UNKNOWN, True)


# -- made again from the same evidence ---------------------------------------------------------------------------------


def lie(signed: Signed, key: str, **changes: Any) -> str:
    """What is said of a document that was edited by hand, and signed by somebody who believed it."""
    found = signed.verify(signed.sign(edited(signed.ticked, key, **changes)))
    assert found.outcome is Outcome.FAIL
    return said(found, Outcome.FAIL)


def test_a_tick_that_the_evidence_does_not_give_is_seen_even_if_it_is_signed(tmp_path: Path) -> None:
    signed = Signed(tmp_path)
    bad = signed.world.run("bad", {("deployed", "release"): Outcome.FAIL})
    made = tick(signed.world.make(bad, suites=[signed.results]), "support-knows", "ada", "told", NOW + 30)
    for key in ("gate.deployed", "gate.all"):
        made = edited(made, key, state=State.TICKED, expires=NOW + DAY, evidence=(Evidence("run", "passed"),))
    found = signed.verify(signed.sign(made))
    assert found.outcome is Outcome.FAIL
    assert "gate.deployed is ticked, and the evidence says failed" in said(found, Outcome.FAIL)


def test_an_item_that_is_left_out_by_hand_is_seen(signed: Signed) -> None:
    assert "the evidence says ticked" in lie(signed, "gate.logs", state=State.LEFT_OUT)


def test_a_tick_that_holds_longer_by_hand_is_seen(signed: Signed) -> None:
    assert "longer than its evidence" in lie(signed, "gate.logs", expires=NOW + 100 * DAY)
    assert "longer than its evidence" in lie(signed, "support-knows", expires=NOW + 100 * DAY)


def test_another_title_or_another_person_is_seen(signed: Signed) -> None:
    assert "another title" in lie(signed, "support-knows", title="All is well")
    assert "another who" in lie(signed, "support-knows", who="anybody")


def test_an_item_that_was_taken_off_the_list_is_seen(signed: Signed) -> None:
    items = tuple(one for one in signed.ticked.items if one.key != "support-knows")
    found = signed.verify(signed.sign(msgspec.structs.replace(signed.ticked, items=items)))
    assert (found.outcome, "support-knows is not in the document" in said(found, Outcome.FAIL)) == (Outcome.FAIL, True)


def test_an_item_that_nothing_asks_for_is_seen(signed: Signed) -> None:
    more = msgspec.structs.replace(signed.ticked.items[0], key="more")
    made = msgspec.structs.replace(signed.ticked, items=(*signed.ticked.items, more))
    assert "nothing asks for it" in said(signed.verify(signed.sign(made)), Outcome.FAIL)


def test_an_image_that_no_run_saw_is_seen(signed: Signed) -> None:
    image = msgspec.structs.replace(signed.ticked.images[0], digest="sha256:" + "cd" * 32)
    made = signed.sign(msgspec.structs.replace(signed.ticked, images=(image,)))
    assert "images is not what they are" in said(signed.verify(made), Outcome.FAIL)


def test_a_document_without_its_evidence_moved_elsewhere_is_unknown(signed: Signed, tmp_path: Path) -> None:
    found = verify(signed.document, tmp_path / "far" / "away", load, known(signed.keys), lambda: ENGINE.get, NOW + 120)
    assert found.outcome is Outcome.UNKNOWN
