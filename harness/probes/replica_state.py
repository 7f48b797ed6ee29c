"""How one replica is, once a second: processes, sockets, deleted files, CPU, memory, pressure, and the release it runs.

Which processes there are and what the cgroup counts is looked at every second. What costs more is asked when a process
began or ended, and else every few seconds: what each process is, the release, the listening sockets, the open files.
They change with the process that has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.events import ProbeReplica
from harness.events.probe import ProcessRow
from harness.history import Event, History
from harness.kept import KeptShell, Response, Startable, code_and_text
from harness.probes import kernel, opened
from harness.probes._base import Sampled
from harness.probes.open_files import OpenFiles
from harness.probes.replica import ProbeReply, picked

PROCESSES_EVERY = 10  # looks; one may have become another program meanwhile, or a zombie
RELEASE_EVERY = 5  # looks
SCAN_EVERY = 15  # looks
MAX_NAMED = 20  # sockets that an event names


def every_second(environment: Sampled, history: History) -> Iterator[ReplicaState]:
    """Every replica."""
    declared = environment.stack.harness.probes
    for number, replica in enumerate(environment.replicas):
        asked = declared.release.get(replica.service)
        yield ReplicaState(
            history,
            replica,
            environment.id,
            release=(asked.command, asked.field) if asked else None,
            main=declared.main.get(replica.service),
            cpus=environment.stack.services[replica.service].cpus,
            number=number,
        )


class ReplicaState:
    """Looks at one replica; records a `probe.replica` at every look.

    Args:
        replica: where.
        environment: its environment's name, for the events.
        release: the command that prints the release it runs, and the field of a JSON answer; None asks none.
        main: the name of the process that is the service; None watches none.
        cpus: processors that the stack allows it; None for all.
        number: of this one among its fellows, so that not all of them ask the costly part at the same second.
    """

    def __init__(
        self,
        history: History,
        replica: Startable,
        environment: str,
        *,
        release: tuple[Sequence[str], str | None] | None = None,
        main: str | None = None,
        cpus: float | None = None,
        number: int = 0,
    ) -> None:
        self.name, self._cpus = replica.name, cpus
        self._history, self._environment, self._main, self._number = history, environment, main, number
        self._shell = KeptShell(replica, kernel.FUNCTIONS)
        self._release = release
        self._asker = KeptShell(replica) if release else None
        self._asking, self._said, self._said_at = False, ProbeReply(None, "it was not asked yet"), 0.0
        self._files = OpenFiles(replica)
        self._booted: float | None = None
        self._listening: tuple[str, ...] | None = None
        self._unheard = "it was not looked at yet"
        self._sockets: frozenset[int] = frozenset()
        self._scans = 0  # of which the event is recorded
        self._seen = kernel.KernelSnapshot()
        self._processes: tuple[tuple[int, int, str], ...] = ()
        self._changed = self._began_or_ended = True

    def begin(self, tick: int) -> None:
        """Send this second's questions."""
        turn = tick + self._number
        scan = self._began_or_ended or turn % SCAN_EVERY == 0
        every = "all" if self._changed or turn % PROCESSES_EVERY == 0 else ""
        boot = ":" if self._booted else "boot"
        sockets = "sockets" if scan or self._listening is None else ":"
        self._shell.call(f"look {every}; part; {sockets}; part; {boot}")
        self._files.begin(scan, [pid for pid, _, _ in self._processes])
        due = self._began_or_ended or self._said.text is None or turn % RELEASE_EVERY == 0
        if self._asker is not None and self._release is not None and (due or self._asking):
            self._asking = True
            self._asker.command(self._release[0])
        self._began_or_ended = False

    def finish(self, until: float) -> Event[ProbeReplica]:
        """Take the answers that are there by `until`, and record them."""
        heard = self._shell.answer(until)
        if self._asking and self._asker is not None and self._release is not None:
            self._take_release(self._asker.answer(until))
        if heard.text is None:
            self._changed = True  # what happened meanwhile is not known
            return self._record(kernel.KernelSnapshot(), None, None, heard.error or "no answer")
        return self._take(heard.text, until)

    def _take_release(self, heard: Response) -> None:
        if heard.text is None and heard.error and "being started" in heard.error:
            return
        plain = code_and_text(heard)
        self._said = picked(ProbeReply(plain.text, plain.error), self._release[1] if self._release else None)
        self._said_at = self._history.clock.monotonic()
        self._asking = heard.text is None

    def _take(self, text: str, until: float) -> Event[ProbeReplica]:
        text, sockets, booted = [*text.split(kernel.PART), "", ""][:3]
        if booted.strip().isdigit():
            self._booted = float(booted)
        try:
            seen = kernel.read(text)
            if sockets:
                self._listening, self._unheard = kernel.listening(sockets)
                self._sockets = opened.listening(sockets)
        except ValueError as wrong:
            return self._record(kernel.KernelSnapshot(), None, None, f"the kernel's files cannot be read: {wrong}")
        if seen.same:
            seen = replace(seen, processes=self._seen.processes, entered=self._seen.entered)
        self._seen = seen
        found = seen.processes or ()
        self._files.finish(until, [one.pid for one in found if one.state != "Z"])
        every = tuple((one.pid, one.started, one.name) for one in found)
        self._began_or_ended = self._began_or_ended or every != self._processes
        rows = [self._row(one) for one in found] if self._changed or every != self._processes else None
        self._changed, self._processes = False, every
        named = [one for one in found if one.name == self._main]
        main = min(named, key=lambda one: one.started, default=None)
        return self._record(seen, rows, self._row(main) if main else None, None)

    def _row(self, one: kernel.ProcessEntry) -> ProcessRow:
        started = None if self._booted is None else round(self._booted + one.started / kernel.TICK, 2)
        return one.pid, one.parent, one.name, started, one.state

    def _record(
        self,
        seen: kernel.KernelSnapshot,
        processes: list[ProcessRow] | None,
        main: ProcessRow | None,
        error: str | None,
    ) -> Event[ProbeReplica]:
        missing = dict(seen.missing) if error is None else {}
        if self._unheard and error is None:
            missing["listening"] = self._unheard
        if self._files.unseen and error is None:
            missing["deleted"] = self._files.unseen
        if self._main is not None and main is None and error is None:
            missing["main"] = f"no process is named {self._main}"
        if self._release is not None and self._said.text is None:
            missing["release"] = self._said.error or "no answer"
        files = self._files.files if error is None and self._files.scans > self._scans else None
        self._scans = self._files.scans if files is not None else self._scans
        own = {one.pid for one in seen.processes or ()}
        files = None if files is None else {pid: one for pid, one in files.items() if pid in own}
        age = round(self._history.clock.monotonic() - self._said_at, 1) if self._said.text is not None else None
        body = ProbeReplica(
            replica=self.name,
            release=self._said.text,
            release_age=age,
            processes=None if seen.processes is None else len(seen.processes),
            rows=processes,
            entered=seen.entered,
            main=main,
            listening=None if self._listening is None or error is not None else list(self._listening[:MAX_NAMED]),
            deleted=self._files.rows() if error is None else None,
            cpu=seen.cpu,
            throttled=seen.throttled,
            throttled_seconds=seen.throttled_seconds,
            cpu_limit=seen.cpu_limit,
            cpu_declared=self._cpus,
            memory=seen.memory,
            memory_limit=seen.limit,
            shared=seen.shared,
            oom_kills=seen.oom_kills,
            pressure=seen.pressure,
            missing=missing,
            error=error,
            places=None if files is None else [(pid, one.program, one.directory) for pid, one in files.items()],
            serving=None if files is None else opened.serving(files, self._sockets),
            replaced=None
            if files is None or not self._files.mapped
            else [(pid, path) for pid, one in files.items() for path in sorted(one.replaced)],
            # Of some processes only is not of all: the next scan may see more, which would look like growth.
            descriptors=None if files is None or self._files.unseen else sum(one.descriptors for one in files.values()),
            threads=None if seen.processes is None else sum(one.threads for one in seen.processes),
            resident=None if seen.processes is None else sum(one.resident for one in seen.processes),
        )
        return self._history.record(body, environment=self._environment)

    def close(self) -> None:
        """End what was kept running."""
        self._shell.close()
        self._files.close()
        if self._asker is not None:
            self._asker.close()
