"""Several ledgers made one: those of the shards of a campaign, or of a week's nights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness import files
from harness.chaos.ledger import Ledger
from harness.errors import UsageError, unwritable


def merge(sources: Sequence[Path], into: Path) -> tuple[str, ...]:
    """Make one ledger of several. A plan that several have keeps the worst outcome. What is at `into` is replaced when
    all were read, and is lost unless it is one of them. Returns the campaigns.

    Raises:
        UsageError: one of them is no ledger, or `into` is there and none of them. Nothing was written then.
        NoSpace, Unwritable: it cannot be written.
    """
    same = any(into.exists() and one.exists() and one.samefile(into) for one in sources)
    if into.exists() and not same:
        raise UsageError(
            "The merged ledger is there already", where=str(into), expected="a name that is free, or one of those that "
            "are merged", hint="name it among the ledgers to add to it, or another with --into",
        )  # fmt: skip
    half = into.with_name(f".{into.name}.{os.getpid()}.merging")
    try:
        files.directory(into.parent)
        with Ledger(half) as made:
            for source in sources:
                with Ledger(source, new=False) as found:
                    for name in found.ids():
                        made.put(found.campaign(name))
            names = made.ids()
        half.replace(into)
    except OSError as error:
        raise unwritable("The merged ledger cannot be written", into, error) from error
    finally:
        half.unlink(missing_ok=True)
    return names
