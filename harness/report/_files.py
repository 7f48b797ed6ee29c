"""Reports are written whole or not at all, and for their owner only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from allure_commons.model2 import TestResult
from attr import asdict

from harness.files import write

__all__ = ["AllureFiles", "write"]


class AllureFiles:
    """Writes Allure's results into a folder, as `AllureFileLogger` does; but that one's files are open to everybody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def result(self, result: TestResult) -> None:
        """Write a test with its steps."""
        found: dict[str, Any] = asdict(result, filter=lambda _, value: value or value is False)
        write(self._folder / result.file_pattern.format(prefix=uuid4()), json.dumps(found, ensure_ascii=False))

    def attached_file(self, source: Path, name: str) -> None:
        """Copy a file there."""
        write(self._folder / name, source.read_bytes())

    def attached_data(self, body: str, name: str) -> None:
        """Write a file there."""
        write(self._folder / name, body)
