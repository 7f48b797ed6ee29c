"""What the engine says that cannot be understood is an error of the engine, by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.engine.gone import Api, own_words
from harness.errors import EngineError


@pytest.mark.parametrize("answer", [{}, {"Runninh": True}, None, 7])
def test_an_answer_without_what_was_asked_for_is_no_error_of_ours(answer: Any) -> None:
    api = cast(Api, SimpleNamespace(exec_inspect=lambda _: answer))
    with pytest.raises(EngineError, match="cannot be understood, while trying to ask whether it runs") as caught:  # noqa: SIM117
        with own_words(api, "c1", "web-1", "ask whether it runs"):
            bool(cast(Any, api).exec_inspect("e1")["Running"])
    assert caught.value.where == "web-1"
