"""The control's process: `python -m harness.plan.control.process DIRECTORY`, with the pickled `ControlSpec` on stdin.

It brings the environment up, keeps its load going, and takes it down when its owner's process is gone, when it is told
to end (SIGTERM), or when its own load or environment breaks; the reason for the last is left in `failed.txt`.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress
from pathlib import Path

from harness import proc, signals
from harness.engine import Engine
from harness.errors import HarnessError, NotMeasured
from harness.events import RunStart, WorkloadStart
from harness.files import write
from harness.history import EVENTS, History
from harness.plan.control.order import FAILED, ControlSpec, ControlStatus
from harness.plan.judging import CONTROL
from harness.plan.loading import workload_spec
from harness.plan.machine import machine
from harness.plan.subject import Subject
from harness.probes.sampler import Sampler
from harness.redaction import Redactor
from harness.waiting import pause
from harness.workload import Workload
from harness.workload.spec import at_rate

SEEN = "probes.jsonl"  # what the probes say of it
POLL_EVERY = 0.5  # s between two looks at whether it is still wanted
NETWORKS_EVERY = 5.0  # s between two looks at its networks


def run(order: ControlSpec, directory: Path) -> None:
    """Bring it up, and keep it until no run needs it.

    Raises:
        HarnessError: it could not be brought up, or broke.
    """
    redactor = Redactor(order.stack.secrets)
    history = History(directory / EVENTS, redactor=redactor)
    history.record(RunStart(run=order.run, machine=machine(), stack=order.stack.name))
    with Engine.connect() as engine:
        environment = Subject(
            engine, order.stack, order.release, history, run=order.run, worker=CONTROL, test=CONTROL,
            evidence=directory / "evidence",
        )  # fmt: skip
        with history.scope(environment=environment.id), environment:
            spec = workload_spec(environment)
            spec = spec if order.rate is None else at_rate(spec, order.rate)
            samples = directory / f"samples-{environment.id}.bin"
            load = Workload(spec, history, samples=samples, arm=CONTROL)
            # It is looked at as the subject is: what looking costs, on a busy machine above all, is then in both.
            # What is seen is kept apart: the history is read by everybody who compares with it.
            with Sampler(environment, History(directory / SEEN, redactor=redactor)), load:
                load.start()
                _announce(history, environment, load, directory)
                _stand(order, environment, load, history)


def _announce(history: History, environment: Subject, load: Workload, directory: Path) -> None:
    start = history.of(WorkloadStart)[-1]
    ControlStatus(environment.id, proc.identity(), load.began, start.id, start.body).save(directory)


def _stand(order: ControlSpec, environment: Subject, load: Workload, history: History) -> None:
    while proc.is_alive(order.owner) is not False:
        pause(POLL_EVERY)
        environment.check_alive(every=NETWORKS_EVERY)
        history.check()  # what it measures is copied from these files
        if not load.running():
            raise NotMeasured("The load of the control ended", where=environment.id)


def main() -> None:
    """Read the order, and go. What goes wrong is left for those who wait."""
    signals.install()
    directory = Path(sys.argv[1])
    order: ControlSpec = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the parent that started this process
    try:
        run(order, directory)
    except (KeyboardInterrupt, signals.Terminated):
        return
    except Exception as error:
        Redactor(order.stack.secrets).error(error)
        with suppress(OSError):
            write(directory / FAILED, str(error))
        if not isinstance(error, HarnessError):
            raise
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
