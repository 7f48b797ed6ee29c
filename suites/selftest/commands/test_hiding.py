"""What commands show while they work, and what they end with, tells no secret and steers no terminal."""

from __future__ import annotations

import pytest

from harness.commands.running import hiding, hiding_errors
from harness.errors import ImageError
from harness.redaction import Redactor

REDACTOR = Redactor(["Zx9secretPw"])


def test_a_line_of_a_build_is_shown_without_secrets_and_commands() -> None:
    said: list[tuple[str, str]] = []
    hiding(REDACTOR, lambda image, line: said.append((image, line)))("web", "##vso[x]y \x1b[2J Zx9secretPw")
    ((image, line),) = said
    assert image == "web"
    assert line.startswith("## vso[x]y  hidden:")


def test_an_error_that_passes_through_keeps_its_kind_and_tells_no_secret() -> None:
    with pytest.raises(ImageError, match="cannot be built") as caught, hiding_errors(REDACTOR):
        raise ImageError("web cannot be built", detail="RUN login Zx9secretPw")
    assert "Zx9secretPw" not in str(caught.value)
    assert "RUN login hidden:" in str(caught.value)
