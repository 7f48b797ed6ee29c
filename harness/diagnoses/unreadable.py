"""The old release cannot read what the new one wrote: into the cache, the queue or the database."""

from __future__ import annotations

import re

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._complaints import Complaint, complaints, said
from harness.diagnoses._kinds import CACHE, QUEUE, RECORDS
from harness.diagnoses._shared import back

# What programs say when they read what they do not know: of formats, and of values.
_READING = re.compile(
    r"pickle|unmarshal|deseriali|decod(e|ing)|pars(e|ing)|unsupported|schema.?version|JSONDecode|"
    r"(Key|Value|Type|Attribute|Lookup|Index|Validation|Unicode\w+)(Error|Exception)|ClassCast|NoSuchField|NumberFormat|"
    r"not a valid|is no |invalid|unrecogni[sz]ed|"
    r"(unknown|missing|unexpected) \w*.?(field|version|format|type|enum|literal|key|tag|column|value|state|attribute)",
    re.IGNORECASE,
)
PLACES = {  # where it lies: the words that say so, the parts of a fingerprint, the class, and what was done there
    "cache": (
        re.compile(r"\b(cached?|redis|valkey|memcache\w*)\b", re.IGNORECASE),
        ("keys", "values"), CACHE, "cached",
    ),
    "queue": (
        re.compile(r"\b(queued?|jobs?|messages? from|tasks?|consumer|amqp)\b", re.IGNORECASE),
        ("queues",), QUEUE, "queued",
    ),
    "database": (
        re.compile(r"\b(rows?|records?|columns?|tables?|relation|sql|postgres\w*|mysql|psycopg\w*)\b", re.IGNORECASE),
        ("tables", "contents"), RECORDS, "stored",
    ),
}  # fmt: skip
CHECKS = ("errors", "logs", "health", "performance", "queue", "acknowledged")


def diagnose(case: Case) -> Diagnosis | None:
    """After a rollback the old release complains about what it reads, which it did not before the deployment, and its
    words, or what differs from before, say where that lies.
    """
    for attempt in case.rollbacks:
        if not back(case, attempt) or not attempt.after.failing(*CHECKS):
            continue
        found = [one for one in complaints(case, attempt) if _READING.search(one[1])]
        if found and (named := _placed(case, attempt, found)):
            return named
    return None


def _placed(case: Case, attempt: Attempt, found: list[Complaint]) -> Diagnosis | None:
    """By the words of the lines, else by what differs from before the deployment. None where neither tells."""
    differences = case.differences(attempt.after, "trace")
    parts = {one.part for every in differences.values() for one in every}
    for by_words in (True, False):
        for place, (words, of_place, kind, verb) in PLACES.items():
            lines = [one for one in found if words.search(one[1])] if by_words else found if parts & {*of_place} else []
            if lines:
                return Diagnosis(
                    f"the old release cannot read what the new one {verb}: {said(lines[0])}",
                    kind,
                    ids(attempt.ids, (event for event, _ in lines)),
                    f"what {case.new} writes into the {place}, and whether {case.old} was made to read it",
                    ids(attempt.after.failing(*CHECKS), differences),
                    certainty=2,
                )
    return None
