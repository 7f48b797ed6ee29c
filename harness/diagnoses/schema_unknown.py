"""A release does not know the schema that it finds."""

from __future__ import annotations

import re

from harness.diagnoses._case import Attempt, Case, Diagnosis, ids
from harness.diagnoses._complaints import complaints, said
from harness.diagnoses._kinds import DEPLOYMENT, SCHEMA

# What databases and migration tools say of a schema that is not the expected one.
_SCHEMA = re.compile(
    r"Undefined(Column|Table|Function|Object)|NotNullViolation|CheckViolation|DatatypeMismatch|"
    r"(column|relation|table|function|type) \S+ (of relation \S+ )?(does not|already) exists?|no such (column|table)|"
    r"unknown column|has no column named|null value in column|violates (not-null|check) constraint|"
    r"is of type .+ but expression is of type|can't locate revision|(unknown|missing) (schema )?(revision|migration)",
    re.IGNORECASE,
)
CHECKS = ("errors", "logs", "health", "acknowledged", "queue", "performance", "deployer", "release", "containers")


def diagnose(case: Case) -> Diagnosis | None:
    """A database's, or a migration tool's, own words about the schema are new in a log, or the deployer's last ones."""
    for attempt in case.attempts:
        found = [one for one in complaints(case, attempt) if _SCHEMA.search(one[1])]
        words = said(found[0]) if found else ""
        if not words and not attempt.well and _SCHEMA.search(attempt.words):
            words = f"the deployer says {attempt.words}"
        if words and attempt.after.failing(*CHECKS):
            return Diagnosis(
                f"{_who(case, attempt)} does not know the schema that it finds after {attempt.name}: {words}",
                SCHEMA if attempt.verb == "rollback" else DEPLOYMENT,
                ids(attempt.ids, (event for event, _ in found)),
                "what the migration changes that the other release needs, and when it is taken back",
                ids(attempt.after.failing(*CHECKS)),
                certainty=2,
            )
    return None


def _who(case: Case, attempt: Attempt) -> str:
    return f"release {case.old if attempt.verb == 'rollback' else attempt.release or case.new}"
