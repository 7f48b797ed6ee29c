"""The names of runs."""

from __future__ import annotations

import secrets
import time


def new_run_id() -> str:
    """A name for a run that sorts by time (UTC): `20120404-004500-3f9a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
