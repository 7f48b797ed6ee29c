"""The harness's own server without what is beyond the original: it stands in for a Toxiproxy of Shopify's make, whose
image is not to be had where no registry is reached.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from harness.proxy import api
from harness.proxy.__main__ import main

BEYOND = {"stats", "connections"}


class Stock(api.Api):
    """Knows no path of the extensions."""

    def _find(self, path: str) -> tuple[dict[str, Callable[..., Any]] | None, list[str]]:
        return (None, []) if path.rpartition("/")[2] in BEYOND else super()._find(path)


if __name__ == "__main__":
    vars(api)["VERSION"] = "2.12.0"
    vars(api)["Api"] = Stock
    sys.exit(main(sys.argv[1:]))
