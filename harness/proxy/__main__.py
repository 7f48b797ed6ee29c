"""`python -m harness.proxy`."""

from __future__ import annotations

import sys

from . import VERSION
from .errors import ApiError
from .flags import USAGE, UsageError, level, parse
from .log import LOG, Log


def main(arguments: list[str]) -> int:
    try:
        flags = parse(arguments)
    except UsageError as error:
        sys.stderr.write(f"{error}\n{USAGE}")
        return 2
    if flags.help:
        sys.stdout.write(USAGE)
        return 0
    if flags.version:
        sys.stdout.write(f"toxiproxy-server version {VERSION}\n")
        return 0
    LOG.threshold = Log(level()).threshold
    from .server import run, serve

    try:
        run(serve(flags))
    except UsageError as error:
        LOG.write("error", "cannot start", error=str(error))
        return 2
    except ApiError as error:
        LOG.write("error", "cannot listen", error=error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
