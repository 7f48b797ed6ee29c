"""Whether what was saved of a workload agrees with itself: windows with samples, samples with promises.

What the history counts and hashes agrees anyway. This finds what is missing in histories of earlier versions, which
counted their windows alone; and what no version may write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from harness.events import WorkloadWindow
from harness.history import Event
from harness.samples.codes import FINAL, OK, SHED
from harness.samples.records import Records


def windows_against(records: Records, windows: Iterable[Event[WorkloadWindow]], name: str) -> str:
    """What the windows counted and the samples do not hold, in words; empty where they hold it all.

    A window may have been counted while some of its last answers were still under way: the file may hold more.
    """
    final = records[records["flags"] & FINAL != 0]
    order = np.argsort(final["n"], kind="stable")
    numbers, final = final["n"][order], final[order]
    twice = numbers[1:][numbers[1:] == numbers[:-1]]
    if len(twice):
        return f"{name} was changed: request {int(twice[0])} ends twice in it"
    shed = final["outcome"] == SHED
    kinds = {"sent": ~shed, "ok": final["flags"] & OK != 0, "shed": shed}
    sums = {kind: np.concatenate([[0], np.cumsum(which)]) for kind, which in kinds.items()}
    for window in windows:
        body = window.body
        if body.first is None or body.last is None:
            continue
        low, high = np.searchsorted(numbers, [body.first, body.last])
        for kind, so_far in sums.items():
            held, counted = int(so_far[high] - so_far[low]), getattr(body, kind)
            if held < counted:
                said = {"sent": "requests", "ok": "good answers", "shed": "requests that were not sent"}[kind]
                where = f"in the phase {window.phase}"
                return f"{name} holds {held} of the {counted} {said} that the history counted {where}"
    return ""


def promises_against(records: Records, promises: Sequence[tuple[int, str]], promising: Collection[int] | None) -> str:
    """What was promised without a good answer, or answered well without its promise, in words; empty where all agree.

    Args:
        promising: the requests of the mix whose good answers promise something; None: those that some promise is of.
    """
    good = records[(records["flags"] & (OK | FINAL)) == (OK | FINAL)]
    promised = np.array([number for number, _ in promises], np.int64)
    if len(np.unique(promised)) != len(promised):
        return "a request has more than one promise: the promises were changed"
    lonely = promised[~np.isin(promised, good["n"])]
    if len(lonely):
        return f"the samples hold no good answer for {len(lonely)} of {len(promised)} promises{_such(lonely)}"
    kept = np.isin(good["n"], promised)
    of = np.unique(good["request"][kept]) if promising is None else np.array(sorted(promising), np.int64)
    silent = good["n"][np.isin(good["request"], of) & ~kept]
    if len(silent):
        return f"{len(silent)} of {len(good)} good answers have no promise, and each made one{_such(silent)}"
    return ""


def _such(numbers: np.ndarray) -> str:
    return f" (request {int(numbers.min())}{' and others' if len(numbers) > 1 else ''})"
