"""The `harness` command with something of itself spoilt: `python -m harness.selftest.sabotage SPEC COMMAND ...`.

SPEC is JSON: `touches`, the file that gets a line each time that something was spoilt, and the fields of
`harness.selftest.seams.trigger.Spec`; without these, nothing is spoilt. The end of stdin, which is the end of the
process that started this one, ends the command as SIGTERM does.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
from typing import Any

from harness.history import EVENTS, History
from harness.selftest.seams import answers, files, processes, streams
from harness.selftest.seams.trigger import SeamSpec, Trigger


def main() -> None:
    """Spoil, and be the command."""
    told = json.loads(sys.argv[1])
    touches = told.pop("touches")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if told:
        trigger = Trigger(SeamSpec.of(told), touches)
        _follow(trigger)
        for seams in (answers, streams, files, processes):
            seams.install(trigger)
    sys.argv = ["harness", *sys.argv[2:]]
    # The layers forbid to import the command from here, and so they should: it is run as it is.
    runpy.run_module("harness.cli", run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _follow(trigger: Trigger) -> None:
    """Have the trigger hear the phases of the run."""
    original = History.__init__

    def init(self: History, path: Any = None, *args: Any, **more: Any) -> None:
        original(self, path, *args, **more)
        if path is not None and path.name == EVENTS:
            self.listen(trigger.heard)

    History.__init__ = init  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
