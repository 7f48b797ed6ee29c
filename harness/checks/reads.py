"""What was acknowledged can be read as it was written, whichever release wrote it and whichever is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.checks._evidence import Findings, counted
from harness.checks._reads import of_subject, unanswered, wrong
from harness.history import Event
from harness.verdict import Verdict

NAME = "reads"


def check(
    events: Iterable[Event], *, phase: str, changing: Collection[str] = (), disturbed: Collection[str] = ()
) -> Verdict:
    """Every read beside the load of this phase found what was written.

    While a release changes a read may go unanswered for as long as `availability` allows. What is answered must be
    right even then.

    Args:
        events: the history (`workload.reads`, `workload`, `witness`).
        phase: the phase.
        changing: the phases of the deployment or rollback before it.
        disturbed: those of them in which a fault was on, or had just been: work that is done later may come too late
            there and in the phase itself, so what is not found does not count. Whether it came is for `reads-forward`,
            or the read of everything afterwards.
    """
    events = tuple(events)
    findings = Findings(NAME)
    settled = of_subject(events, phase, every=False)
    while_changing = [one for name in changing for one in of_subject(events, name, every=False)]
    findings.saw(*settled, *while_changing)
    asked = late = 0
    for found in (*while_changing, *settled):
        # What a fault held up is still being done in the phase that follows, however long that lasts.
        late_work = found.phase in disturbed or (bool(disturbed) and found in settled)
        wrong(findings, events, found, f"in the phase {found.phase}", absent=not late_work)
        asked, late = asked + found.body.asked, late + found.body.late
    for found in settled:
        unanswered(findings, events, found, f"in the phase {found.phase}")
    if not sum(one.body.good + one.body.wrong + one.body.unanswered for one in settled):
        findings.missing(f"nothing was read in the phase {phase}")
    said = f"; {late} only when asked again" if late else ""
    return findings.verdict(
        f"{counted(asked, 'read')} found what was written{said}",
        look="what the release that answered makes of what the other one wrote: records, cache, format; "
        "work that is done later needs `within` at its `read`",
        look_unknown="x-harness: workload: read, and whether any request was acknowledged",
    )
