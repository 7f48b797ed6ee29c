"""What may not be.

A gate of a defect may not pass, and one of the clean stack may not fail: neither while it runs nor when its history is
judged again. Unknown, and an error that the harness names, are honest answers to a run that was spoilt. What else is
found is a fault too: a traceback, no end, an exit code that the history does not have, and what is left behind.
"""

from __future__ import annotations

import re
import signal

from harness.errors import FAIL, INTERNAL, PASS, UNKNOWN
from harness.selftest.examining import Left
from harness.selftest.gating import GateResult
from harness.selftest.seams.trigger import KILLED
from harness.selftest.table import Case

VERDICTS = (PASS, FAIL, UNKNOWN)
HONEST = (*VERDICTS, INTERNAL)
# One of ours stands at the beginning of a line; one that an application has logged is quoted within a line.
TRACEBACK = re.compile(r"^Traceback \(most recent call last\):", re.MULTILINE)
UNNAMED = "the harness itself failed"  # how an error begins that the harness does not know


def findings(case: Case, ended: GateResult, left: Left, *, killed: bool = False) -> tuple[str, ...]:
    """Everything about a run that may not be, each beginning with its kind and a colon.

    Args:
        killed: the gate was killed on purpose, so it has no exit code of its own and no end.
    """
    return (
        *_verdict(case, ended),
        *_judged_again(case, left),
        *_end(ended, left, killed=killed),
        *_words(ended, left),
        *(f"left behind: {what}" for what in left.objects),
        *(f"still running: {what}" for what in left.processes),
    )


def _verdict(case: Case, ended: GateResult) -> list[str]:
    name, code = case.variant.name, ended.exit_code
    if case.variant.defect and code == PASS:
        return [f"false pass: the gate of the defect {name} passed"]
    if not case.variant.defect and code == FAIL:
        return [f"false alarm: the gate of {name} failed"]
    if case.undisturbed and code != (FAIL if case.variant.defect else PASS):
        return [f"no verdict: nothing was done to it, and the gate of {name} ended with exit code {code}"]
    return []


def _judged_again(case: Case, left: Left) -> list[str]:
    if left.judged is None:
        return []
    if case.variant.defect and left.judged.exit_code == PASS:
        return [f"false pass: judged again, the defect {case.variant.name} passes"]
    if not case.variant.defect and left.judged.exit_code == FAIL:
        return [f"false alarm: judged again, {case.variant.name} fails"]
    if left.judged.exit_code < 0:
        return ["hang: judging it again did not end"]
    return []


def _end(ended: GateResult, left: Left, *, killed: bool) -> list[str]:
    if ended.hung:
        return [f"hang: it did not end within {ended.seconds:g} s"]
    if killed:
        return [] if ended.exit_code == -signal.SIGKILL else [f"exit code: {ended.exit_code} of a gate that was killed"]
    if ended.exit_code not in HONEST:
        return [f"exit code: {ended.exit_code}"]
    if ended.exit_code not in VERDICTS:
        return []
    if left.unreadable:
        return [f"no history: exit code {ended.exit_code}, and the history cannot be read: {left.unreadable}"]
    if left.end is None:
        return [f"no history: exit code {ended.exit_code}, and the history has no end"]
    said = left.end.exit_code
    return [] if said == ended.exit_code else [f"exit code: {ended.exit_code}, and the history says {said}"]


def _words(ended: GateResult, left: Left) -> list[str]:
    texts = {"the gate": ended.out + ended.err, "judging it again": left.judged.text if left.judged else ""}
    found = []
    for who, text in texts.items():
        if TRACEBACK.search(text):
            found.append(f"traceback: of {who}: {_last_line(text)}")
        elif UNNAMED in text and KILLED not in _line_with(text, UNNAMED):
            found.append(f"unnamed error: of {who}: {_line_with(text, UNNAMED)}")
    return found


def _last_line(text: str) -> str:
    """The line that names the exception: the first one after a traceback that is not indented."""
    after = TRACEBACK.split(text)[-1].splitlines()[1:]
    return next((line.strip() for line in after if line.strip() and not line.startswith(" ")), "")[:200]


def _line_with(text: str, words: str) -> str:
    return next(line for line in text.splitlines() if words in line).strip()[:200]
