"""Ending processes in a container from within, because the engine's API can signal only a container's first process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from harness.engine.gone import Api, gone
from harness.engine.translate import field, translate
from harness.errors import HostError
from harness.signals import hurried
from harness.stalls import Patience
from harness.waiting import poll

KILL_TIMEOUT = 10.0
# Ends every member of a session: the group at once, then whoever made a group of its own (`timeout` does), until only
# zombies are left, for which the container's first process must answer. Only builtins: the image may have no tools.
END = r"""sig=$1 sids=" $2 " pass=0
for sid in $2; do kill -s "$sig" -- "-$sid" 2>/dev/null; done
while [ "$pass" -lt 200 ]; do
  pass=$((pass+1)) found=
  for d in /proc/[0-9]*; do
    read -r line 2>/dev/null <"$d/stat" || continue
    set -- ${line##*) }
    case $sids in *" $4 "*) ;; *) continue ;; esac
    case $1 in Z | X) continue ;; esac
    found=1; kill -s "$sig" "${d#/proc/}" 2>/dev/null
  done
  [ -n "$found" ] && [ "$sig" = KILL ] || exit 0
done
exit 1"""


def end_sessions(
    api: Api,
    container_id: str,
    name: str,
    sessions: Sequence[int],
    *,
    signal: str = "KILL",
    what: str = "what commands left running",
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Send a signal to every member of these sessions in the container. See Process.kill.

    Args:
        what: the command that is ended, for messages.
        meanwhile: called again and again until it is done, to read the output of what is ended: the engine does not
            report the end of any process in a container while it is stuck with output that is not read.
    """
    if not sessions:
        return
    patience = Patience(KILL_TIMEOUT)
    why = partial(gone, api, container_id, name, "end a process")
    with translate(f"A process in {name} cannot be ended", where=name, why=why):
        command = ["/bin/sh", "-c", END, "sh", signal, " ".join(map(str, sessions))]
        ending = field(api.exec_create(container_id, command, user="0"), "Id", where=name)
        api.exec_start(ending, detach=True)

        def ended() -> int | None:
            meanwhile()
            code: int | None = field(api.exec_inspect(ending), "ExitCode", where=name)
            return code

        code = poll(ended, lambda code: code is not None or hurried(), within=patience, every=0.002)
    if code != 0:
        raise HostError(
            f"processes in {name} do not end",
            where=f"{name}: {what if len(what) <= 500 else what[:500] + ' ...'}",
            got=f"no answer after {patience.waited:.1f} s{patience.words}" if code is None else f"exit code {code}",
            expected=f"no member of the sessions {list(sessions)} left within {KILL_TIMEOUT:g} s after SIG{signal}",
            hint="the replica may have had no CPU time for it (a busy machine, a CPU limit, a pause), or a process of "
            "it waits for its disk; they end with the container",
        )
