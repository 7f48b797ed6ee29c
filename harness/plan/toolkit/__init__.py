"""Plans from experiments of the Chaos Toolkit, and experiments from plans."""

from __future__ import annotations

from harness.plan.toolkit.exporting import experiment_of
from harness.plan.toolkit.importing import Imported, imported
from harness.plan.toolkit.toxiproxy import ProxiedLink

__all__ = ["Imported", "ProxiedLink", "experiment_of", "imported"]
