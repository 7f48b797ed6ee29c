"""A replica that is asked the same question many times, so that each of its workers is heard."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence

from harness.errors import HostError
from harness.events import ProbeRelease
from harness.printable import shortened
from harness.probes.replica import ProbeReply, Replica, ask, picked
from harness.workers import enough

WITHIN = 3.0  # s for all questions to one replica; what is not asked by then stays unasked, and is told
BATCH = 0.7  # s that one command of several questions is to take
END = "\x1e"


def ask_many(
    replica: Replica,
    command: Sequence[str],
    field: str | None,
    workers: int,
    clock: Callable[[], float],
) -> ProbeRelease:
    """Ask a replica for its release, over as many connections as it takes.

    Args:
        command, field: as `harness.probes.release.one` takes them.
        workers: processes that may answer; 0 where that is not known.
        clock: seconds.
    """
    wanted, began = enough(workers), clock()
    replies = [picked(ask(replica, command), field)]
    each = max(clock() - began, 1e-3)
    while len(replies) < wanted and (left := WITHIN - (clock() - began)) > 0.0:
        if all(one.text is None for one in replies):
            break  # it does not answer at all: asked again and again, it would not say more
        count = max(1, min(wanted - len(replies), int(min(BATCH, left) / each)))
        before, heard = clock(), _batch(replica, command, field, count)
        replies += heard
        each = max((clock() - before) / count, 1e-3)
    return _told(replica.name, replies, workers)


def _batch(replica: Replica, command: Sequence[str], field: str | None, count: int) -> list[ProbeReply]:
    """So many questions in one command of its shell."""
    one = f"( {shlex.join(command)} ) </dev/null; printf '\\036%s\\036' $?"
    try:
        heard = replica.run(f"__i=0; while [ $__i -lt {count} ]; do __i=$((__i+1)); {one}; done")
    except HostError as error:
        return [ProbeReply(None, shortened(str(error)))] * count
    parts = heard.stdout.split(END)
    return [_reply(said.strip(), code, field) for said, code in zip(parts[::2], parts[1::2], strict=False)]


def _reply(said: str, code: str, field: str | None) -> ProbeReply:
    if code != "0":
        return ProbeReply(None, shortened(f"exit code {code}" + (f": {said}" if said else "")))
    return picked(ProbeReply(said) if said else ProbeReply(None, "exit code 0 and no answer"), field)


def _told(replica: str, replies: Sequence[ProbeReply], workers: int) -> ProbeRelease:
    counts = Counter(one.text for one in replies if one.text is not None)
    error = next((one.error for one in replies if one.text is None), None)
    if len(replies) == 1:
        return ProbeRelease(replica, replies[0].text, error, workers=workers)
    return ProbeRelease(
        replica,
        " and ".join(sorted(counts)) or None,
        None if counts else error,
        answers=dict(sorted(counts.items())),
        unanswered=sum(one.text is None for one in replies),
        workers=workers,
    )
