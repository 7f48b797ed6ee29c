"""The ledger: one SQLite file that keeps every plan of every campaign, before it runs and after.

A plan is written down before it begins. So a process that ends in the middle of one leaves a trace: the next campaign
on the file finds a plan that was started and whose process is gone. It is lost, which is unknown. Several campaigns may
write to one file, and so may two processes of the same campaign: the one that wrote a plan down first runs it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness import proc
from harness.chaos.records import UNNAMED, About, Element, Finding, Kept, Shrunk, State, Tried
from harness.chaos.schema import connected, translated
from harness.errors import UsageError
from harness.plan.signature import Signature
from harness.verdict import Outcome

COLUMNS = "number, seed, elements, steps, state, outcome, failed, cause, role, reason, run, began, seconds, plan"
LOST = "the process that ran it ended first; it is not run again by itself"


class Ledger:
    """A ledger that is open. Safe to use from several threads, and by several processes.

    Args:
        path: the file. new: make it where there is none, and write to it; else it is only read.

    Raises:
        UsageError, NoSpace, Unwritable: as `harness.chaos.schema.connected`.
    """

    def __init__(self, path: Path, *, new: bool = True) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._made = connected(path, new=new)
        self._owner = proc.identity()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._made.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block, or nothing of it."""
        with self._lock, translated(self.path):
            self._made.execute("BEGIN IMMEDIATE")
            try:
                yield self._made
                self._made.execute("COMMIT")
            except BaseException:
                if self._made.in_transaction:
                    self._made.execute("ROLLBACK")
                raise

    # -- writing -------------------------------------------------------------------------------------------------------

    def begin(self, about: About) -> tuple[Tried, ...]:
        """Keep a campaign, unless it is kept already, and call those of its plans lost whose process is gone. Returns
        these. One whose process cannot be looked at from here, because it ran on another machine, is lost too.
        """
        with self._writing() as made:
            made.execute("INSERT OR IGNORE INTO campaign VALUES (?, ?)", (about.id, _text(asdict(about))))
            rows = made.execute(
                "SELECT number, owner FROM plan WHERE campaign = ? AND state = 'started'", (about.id,)
            ).fetchall()
            gone = [number for number, owner in rows if not proc.is_alive(owner)]
            for number in gone:
                made.execute(
                    "UPDATE plan SET state = 'lost', reason = ? WHERE campaign = ? AND number = ?",
                    (LOST, about.id, number),
                )
        return tuple(one for one in self.campaign(about.id).plans if one.number in gone)

    def claim(self, campaign: str, plan: Tried) -> bool:
        """Write down that a plan begins. False where it was begun before, by whomever: then it must not be run."""
        with self._writing() as made:
            found = made.execute(
                f"INSERT OR IGNORE INTO plan (campaign, owner, {COLUMNS}) "  # noqa: S608 - a constant
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (campaign, self._owner, *_row(plan)),
            )
            return found.rowcount == 1

    def finish(self, campaign: str, plan: Tried) -> None:
        """Write down what came of it."""
        with self._writing() as made:
            made.execute(
                "UPDATE plan SET state = ?, outcome = ?, failed = ?, cause = ?, role = ?, reason = ?, run = ?, "
                "seconds = ?, plan = ? WHERE campaign = ? AND number = ?",
                (*_row(plan)[4:11], plan.seconds, _row(plan)[13], campaign, plan.number),
            )

    def keep_shrunk(self, campaign: str, signature: Signature, shrunk: Shrunk) -> None:
        """Keep what a failing plan was cut down to, in the place of what was kept for this signature before."""
        with self._writing() as made:
            made.execute(
                "INSERT OR REPLACE INTO shrunk VALUES (?, ?, ?, ?, ?)",
                (campaign, signature.check, signature.cause, signature.role, _text(asdict(shrunk))),
            )

    def put(self, kept: Kept) -> None:
        """Keep a campaign of another ledger, or what it has more. A plan that both have keeps the worse outcome."""
        known = {one.number: one for one in self.campaign(kept.about.id).plans} if kept.about.id in self.ids() else {}
        with self._writing() as made:
            made.execute("INSERT OR IGNORE INTO campaign VALUES (?, ?)", (kept.about.id, _text(asdict(kept.about))))
            for plan in kept.plans:
                chosen = worse(known.get(plan.number), plan)
                if chosen is not known.get(plan.number):
                    made.execute(
                        f"INSERT OR REPLACE INTO plan (campaign, owner, {COLUMNS}) "  # noqa: S608 - a constant
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (kept.about.id, "another ledger", *_row(chosen)),
                    )
            for finding in kept.findings:
                if finding.shrunk is not None:
                    made.execute(
                        "INSERT OR IGNORE INTO shrunk VALUES (?, ?, ?, ?, ?)",
                        (kept.about.id, finding.signature.check, finding.signature.cause, finding.signature.role,
                         _text(asdict(finding.shrunk))),
                    )  # fmt: skip

    # -- reading -------------------------------------------------------------------------------------------------------

    def ids(self) -> tuple[str, ...]:
        """The campaigns, in the order in which they were begun."""
        return tuple(row[0] for row in self._ask("SELECT id FROM campaign ORDER BY rowid"))

    def numbers(self, campaign: str) -> frozenset[int]:
        """The plans of a campaign that were begun."""
        return frozenset(row[0] for row in self._ask("SELECT number FROM plan WHERE campaign = ?", campaign))

    def campaign(self, name: str) -> Kept:
        """A campaign.

        Raises:
            UsageError: there is none of this name, or what is kept of it cannot be read.
        """
        about = self._ask("SELECT about FROM campaign WHERE id = ?", name)
        if not about:
            raise UsageError(
                "There is no such campaign", where=str(self.path), got=name, expected=", ".join(self.ids()) or "none"
            )
        rows = self._ask(
            f"SELECT {COLUMNS} FROM plan WHERE campaign = ? ORDER BY number",  # noqa: S608 - a constant
            name,
        )
        cut = self._ask("SELECT failed, cause, role, shrunk FROM shrunk WHERE campaign = ?", name)
        try:
            plans = tuple(_plan(row) for row in rows)
            shrunk = {Signature(*row[:3]): Shrunk(**json.loads(row[3])) for row in cut}
            return Kept(_about(json.loads(about[0][0])), plans, _findings(plans, shrunk))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UsageError(
                "What the ledger holds of a campaign cannot be read", where=f"{self.path}: {name}", got=str(error),
                hint="it was written by something else than this harness; name another ledger",
            ) from error  # fmt: skip

    def _ask(self, question: str, *values: str) -> list[Any]:
        with self._lock, translated(self.path):
            return self._made.execute(question, values).fetchall()


def worse(one: Tried | None, other: Tried) -> Tried:
    """Of the same plan, run in two places, the one that counts: what has ended rather than what has not, a failure
    rather than an unknown, and that rather than a pass. So no failure is lost by merging.
    """
    if one is None:
        return other
    order = {Outcome.PASS: 0, Outcome.UNKNOWN: 1, Outcome.FAIL: 2}
    states: dict[State, int] = {"started": 0, "lost": 1, "done": 2}
    rank = [(states[plan.state], order[plan.outcome]) for plan in (one, other)]
    return other if rank[1] > rank[0] else one


def _text(data: Mapping[str, Any] | Sequence[Element]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _row(plan: Tried) -> tuple[Any, ...]:
    said = plan.signature
    return (
        plan.number, plan.seed, _text(plan.elements), plan.steps, plan.state, plan.outcome.value,
        said.check if said else None, said.cause if said else None, said.role if said else None,
        plan.reason, plan.run, plan.began, plan.seconds, None if plan.plan is None else _text(plan.plan),
    )  # fmt: skip


def _plan(row: Sequence[Any]) -> Tried:
    number, seed, elements, steps, state, outcome, failed, cause, role, reason, run, began, seconds, plan = row
    if state not in ("started", "done", "lost"):
        raise ValueError(f"plan {number}: its state is {state!r}")
    found = Tried(
        number=number, seed=seed, elements=_elements(json.loads(elements)), steps=steps, state=state,
        outcome=Outcome(outcome), signature=None if failed is None else Signature(failed, cause or "", role or ""),
        reason=reason, run=run, began=began, seconds=seconds, plan=None if plan is None else json.loads(plan),
    )  # fmt: skip
    # Whatever the file says: what has not ended has no verdict, and what failed is never without a signature.
    if found.state != "done":
        found = replace(found, outcome=Outcome.UNKNOWN)
    if found.outcome is Outcome.FAIL and found.signature is None:
        found = replace(found, signature=UNNAMED)
    return found


def _elements(data: Any) -> tuple[Element, ...]:
    return tuple((str(fault), str(stage), str(strategy)) for fault, stage, strategy in data)


def _about(data: Mapping[str, Any]) -> About:
    return About(**{**data, "space": _elements(data["space"])})


def _findings(plans: Sequence[Tried], shrunk: Mapping[Signature, Shrunk]) -> tuple[Finding, ...]:
    failed = [one for one in plans if one.outcome is Outcome.FAIL and one.signature is not None]
    by: dict[Signature, list[Tried]] = {}
    for one in sorted(failed, key=lambda plan: plan.began):
        assert one.signature is not None
        by.setdefault(one.signature, []).append(one)
    return tuple(Finding(said, tuple(found), shrunk.get(said)) for said, found in by.items())
