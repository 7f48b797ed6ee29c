"""Activities of an experiment of the Chaos Toolkit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from harness.events._body import Body, Number


class ExperimentStart(Body, frozen=True):
    """An experiment of the Chaos Toolkit begins."""

    kind: ClassVar[str] = "experiment.start"

    experiment: Mapping[str, Any]  # its title, description and what else it says of itself
    library: str  # the version of chaostoolkit-lib


class ActivityEnd(Body, frozen=True):
    """An activity of an experiment ended, or could not be run."""

    kind: ClassVar[str] = "activity.end"

    name: str  # the activity's
    part: str  # of the experiment: `before`, `method`, `after` or `rollbacks`
    activity: Mapping[str, Any]  # as the experiment has it; variables are not filled in
    status: str  # `succeeded`, or `failed` where it could not be run
    output: Any  # what it gave; a longer text is cut
    error: str | None  # why it could not be run, or its tolerance not be compared
    within: bool | None  # whether the output is within the tolerance; null where there is none, or that is not known
    began: Number | None  # Unix time
    seconds: Number | None  # how long it took, pauses left out
