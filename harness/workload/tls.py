"""The TLS that a workload speaks."""

from __future__ import annotations

import ssl

from harness.errors import UsageError
from harness.workload.spec import Tls


def context(tls: Tls | None) -> ssl.SSLContext | None:
    """What a connection needs; None for none.

    Raises:
        UsageError: the file of certificates cannot be read.
    """
    if tls is None:
        return None
    try:
        made = ssl.create_default_context(cafile=tls.ca or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError("The certificates to trust cannot be read", where=tls.ca, got=str(error)) from error
    if not tls.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
