"""Reports: what a history says, for people and for pipelines. Each can be made again from a saved `events.jsonl`.

Each is a module, found by name; to add one is to add a file, here or in a package of your own (docs/extending.md). It
has a function `make(report, directory, samples)`, which writes files into the run's directory and returns their names.
It may have `ORDER`, a number: those with a smaller one are made before it (`html` 10, `allure` 90).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from harness.printable import shortened
from harness.registry import Registry
from harness.report.model import Judged, Report
from harness.report.timed import Step
from harness.samples import Samples

__all__ = ["Judged", "Maker", "Report", "Step", "find", "names", "write_reports"]

# Modules here that no file comes from by itself: what reports share, and what is shown while a run lasts.
HELPERS = {
    "attribution",
    "cases",
    "changes",
    "github",
    "model",
    "pytest_allure",
    "reproduce",
    "retried",
    "since",
    "steps",
    "summary",
    "terminal",
    "timed",
    "timeline",
}
ORDER = 50  # of a report that does not say


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes a report.

    Attributes:
        make: writes it into the directory of the run; returns the names of what it wrote, relative to that.
        order: those with a smaller one are made before.
        own: it is one of ours.
    """

    make: Callable[[Report, Path, Samples], Sequence[str]]
    order: float
    own: bool

    @classmethod
    def of(cls, module: ModuleType) -> Maker:
        """The maker of a module. AttributeError where it has none."""
        return cls(module.make, getattr(module, "ORDER", ORDER), module.__name__.startswith(f"{__name__}."))


_REGISTRY: Registry[Maker] = Registry("report", sys.modules[__name__], Maker.of, besides=HELPERS)
names, find = _REGISTRY.names, _REGISTRY.find


def write_reports(report: Report, directory: Path, samples: Samples | None = None) -> list[str]:
    """Write every report of a run (`report.html`, `junit.xml`, ...). Returns what was written, relative to `directory`;
    of a report from elsewhere that failed, why.
    """
    written: list[str] = []
    for name, maker in sorted(((name, find(name)) for name in names()), key=lambda one: (one[1].order, one[0])):
        try:
            written += maker.make(report, directory, samples or Samples())
        except Exception as error:
            if maker.own:
                raise
            # It takes nothing from the verdict, and not from the other reports either.
            written.append(shortened(f"{name} (not written: {type(error).__name__}: {error})"))
    return written
