"""Under pytest: the history's steps as Allure steps, and its files as attachments, where allure-pytest is active."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import allure
from allure_commons import plugin_manager

from harness.events import StepEnd, StepStart
from harness.history import Event, History


@contextmanager
def follow(history: History, directory: Path) -> Iterator[None]:
    """Mirror steps into Allure while the block runs, and attach `events.jsonl` at its end.

    Without `--alluredir` these hooks are not called, and nothing happens.
    """
    open_steps: dict[int | None, str] = {}

    def mirror(event: Event) -> None:
        body = event.body
        if isinstance(body, StepStart):
            open_steps[event.id] = str(uuid4())
            plugin_manager.hook.start_step(uuid=open_steps[event.id], title=body.title, params={})
        elif isinstance(body, StepEnd) and body.start in open_steps:
            failed = None if body.ok else AssertionError
            error = None if body.ok else AssertionError(body.error)
            plugin_manager.hook.stop_step(uuid=open_steps.pop(body.start), exc_type=failed, exc_val=error, exc_tb=None)

    history.listen(mirror)
    try:
        yield
    finally:
        events = directory / "events.jsonl"
        if events.exists():
            allure.attach.file(  # type: ignore[no-untyped-call]
                events, name="events.jsonl", attachment_type=allure.attachment_type.TEXT
            )
