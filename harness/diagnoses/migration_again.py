"""A migration is applied a second time, because the rollback forgot it and did not take it back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._complaints import complaints, said
from harness.diagnoses._kinds import SECOND
from harness.event import Event, of
from harness.events import DeployerLine
from harness.printable import excerpt

# What databases, and the libraries that reach them, say where something that is to be made is there: of schemas alone.
_THERE = re.compile(
    r"\b(column|relation|table|view|index|sequence|constraint|trigger|type|function|schema|policy|role)\b[^\n]{0,80}"
    r"\balready exists\b|duplicate (column|key) name|multiple primary keys? (for table|defined)|"
    r"there is already an object named|name is already used by an existing object|"
    r"Duplicate(Column|Table|Object|Alias|Function|Schema)\b|\b(42701|42P07|42710|42723|42P06|42S01|42S21)\b",
    re.IGNORECASE,
)


def diagnose(case: Case) -> Diagnosis | None:
    """A deployment after a rollback that ended well says, in a database's words, that something is there already, and
    the first deployment did not.
    """
    for place, attempt in enumerate(case.attempts):
        first = [at for at, one in enumerate(case.attempts[:place]) if one.verb == "deploy" and one.well]
        back = [one for one in case.attempts[first[-1] : place] if one.verb == "rollback" and one.well] if first else []
        if attempt.verb != "deploy" or not back or any(_told(case, case.attempts[at]) for at in first):
            continue
        told = _told(case, attempt)
        if told:
            return Diagnosis(
                f"{attempt.name} applies a migration again that {back[0].name} did not take back: {told[0][1]}",
                SECOND,
                ids(back[0].ids, attempt.ids, (event for event, _ in told)),
                "the way down of the migration, and what the rollback does to the list of those that are applied",
                ids(attempt.after.failed),
            )
    return None


def _told(case: Case, attempt: Attempt) -> list[tuple[Event, str]]:
    """What the deployer, or a log after it, says of something that is there already."""
    return [*_lines(case, attempt), *((one[0], said(one)) for one in complaints(case, attempt) if _says(one[1]))]


def _lines(case: Case, attempt: Attempt) -> Iterator[tuple[Event, str]]:
    for event in of(case.events, DeployerLine):
        if event.body.start == attempt.start.id and _says(event.body.text):
            yield event, f"the deployer says {excerpt(event.body.text)}"


def _says(text: str) -> bool:
    return bool(_THERE.search(text))
