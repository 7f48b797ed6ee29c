"""Reports are written whole or not at all, and for their owner only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from allure_commons.logger import AllureFileLogger
from attr import asdict

from harness.files import write

__all__ = ["AllureFiles", "write"]


class AllureFiles(AllureFileLogger):  # type: ignore[misc]
    """Allure's own writer of results, over ours: its files are open to everybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _report_item(self, item: Any) -> None:
        found = asdict(item, filter=lambda _, value: value or value is False)
        write(self._folder / item.file_pattern.format(prefix=uuid4()), json.dumps(found, ensure_ascii=False))

    def report_attached_file(self, source: Path, file_name: str) -> None:
        """Copy a file there."""
        write(self._folder / file_name, source.read_bytes())

    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        """Write a file there."""
        write(self._folder / file_name, body)
