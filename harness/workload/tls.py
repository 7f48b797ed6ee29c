"""The TLS that a workload speaks."""

from __future__ import annotations

import ssl
from pathlib import Path

from harness import reading
from harness.errors import UsageError
from harness.workload.spec import Tls

MAX_BYTES = 4 << 20  # bytes; the certificates that a machine trusts are some 200 KiB


def context(tls: Tls | None) -> ssl.SSLContext | None:
    """What a connection needs; None for none.

    Raises:
        UsageError: the file of certificates cannot be read.
    """
    if tls is None:
        return None
    trusted = None
    if tls.ca:
        found = reading.data(Path(tls.ca), "The file of certificates to trust", most=MAX_BYTES)
        trusted = found.decode("ascii", "ignore")  # certificates are ASCII; the comments between them may be anything
    try:
        made = ssl.create_default_context(cadata=trusted)
    except (ValueError, ssl.SSLError) as error:
        raise UsageError(
            "The certificates to trust cannot be read", where=tls.ca, got=str(error), expected="certificates in PEM"
        ) from error
    if not tls.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
