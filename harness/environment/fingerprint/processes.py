"""Processes and the environment of the main ones, from /proc: images lack `ps` more often than not.

A process is known by its command line, its user and its parent's name, never by its number; those that are the same are
counted. What lives for less than the time between two looks, what the harness itself runs, and the sessions that
servers open for their clients are left out: they come and go with traffic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness import redaction
from harness.environment.fingerprint.sections import Section, Sections, decode
from harness.fingerprint import StatePart

PARTS = ("processes", "environment")
MAX_PROCESSES = 3000
# Reads each process's files with as few forks as can be. Root may not read the environment of another user's process
# (that takes CAP_SYS_PTRACE), but may become that user.
ASK = rf"""
cd /proc; n=0
for p in [0-9]*; do
    n=$((n+1)); [ $n -le {MAX_PROCESSES} ] || break
    read -r s 2>/dev/null <$p/stat || continue
    u=; g=
    while read -r k v _; do case $k in Uid:) u=$v;; Gid:) g=$v; break;; esac; done 2>/dev/null <$p/status
    printf '%s%s\n%s\n%s\n' "$M" "$p" "$s" "$u"
    cat $p/cmdline 2>/dev/null
    printf '%s' "$M"
    cat $p/environ 2>/dev/null && printf '%sread' "$M" && continue
    if command -v setpriv >/dev/null; then
        setpriv --reuid "$u" --regid "$g" --clear-groups cat $p/environ 2>/dev/null && printf '%sread' "$M" && continue
    else
        who=; while IFS=: read -r a _ b _; do [ "$b" = "$u" ] && who=$a && break; done </etc/passwd
        [ -n "$who" ] && su -s /bin/sh "$who" -c "cat /proc/$p/environ" 2>/dev/null && printf '%sread' "$M" && continue
    fi
    printf '%sunread' "$M"
done
"""
AGAIN = "cat /proc/[0-9]*/stat 2>/dev/null; true"
SESSIONS = re.compile(
    r"postgres: ([\w-]+: )?\S+ \S+ (\[local\]|[0-9a-f.:]+\(\d+\))( |$)"
    r"|postgres: ([\w-]+: )?(autovacuum worker|parallel worker|walsender|startup)"
    r"|sshd(-session)?: (?!.*\[listener\])"
)
TITLES = re.compile(r"^(sshd: .*\[listener\]) .*")
VARIABLE = re.compile(r"[^=\s]+=")
BY_CHANCE = {"HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_"}


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process. `environment` is None where it could not be read."""

    pid: int
    parent: int
    started: str
    name: str
    user: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] | None


def ask(sections: Sections) -> None:
    """Add what asks for processes."""
    sections.add("users", "cat /etc/passwd 2>/dev/null; true")
    sections.add("processes", ASK)


def read(found: Mapping[str, Section], mark: str, again: bytes) -> dict[str, StatePart]:
    """The processes and the environment of the main ones.

    Args:
        again: the answer to AGAIN, a while later.
    """
    section = found.get("processes")
    if section is None:
        return dict.fromkeys(PARTS, StatePart(None, "not answered"))
    users = {
        fields[2]: fields[0]
        for line in found["users"].output.decode("utf-8", "replace").splitlines()
        if len(fields := line.split(":")) > 3
    }
    every = {one.pid: one for one in _parsed(section.output, mark.encode(), users)}
    if len(every) >= MAX_PROCESSES:
        return dict.fromkeys(PARTS, StatePart(None, f"more than {MAX_PROCESSES} processes run"))
    stayed = {(pid, started) for pid, _, started, _ in map(_stat, again.splitlines()) if pid}
    lasting = [
        one
        for one in every.values()
        if (one.pid, one.started) in stayed
        and one.argv
        and not _is_ours(one, every)
        and not SESSIONS.match(" ".join(one.argv))
    ]
    if not lasting:
        return dict.fromkeys(PARTS, StatePart(None, "no process was seen"))
    counted = Counter(_identity(one, every) for one in lasting)
    return {"processes": StatePart(dict(sorted(counted.items()))), "environment": _environment(lasting, every)}


def _parsed(output: bytes, mark: bytes, users: Mapping[str, str]) -> Iterator[ProcessState]:
    pieces = output.split(mark)[1:]
    for head, environ, state in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
        _, stat, user, argv = [*head.split(b"\n", 3), b"", b"", b""][:4]
        pid, parent, started, name = _stat(stat)
        if not pid:
            continue
        words_of = [decode(one) for one in environ.split(b"\0") if one]
        # A program that writes a title over its command line writes it over its environment, too.
        written_over = not all(VARIABLE.match(one) for one in words_of)
        variables = {} if written_over else dict(one.partition("=")[::2] for one in words_of)
        words = tuple(decode(word) for word in argv.removesuffix(b"\0").split(b"\0")) if argv.strip(b"\0") else ()
        who = users.get(user.decode(), user.decode())
        yield ProcessState(pid, parent, started, name, who, words, variables if state == b"read" else None)


def _stat(line: bytes) -> tuple[int, int, str, str]:
    """(pid, parent, start time, name) of a line of /proc/PID/stat; the pid is 0 for a malformed line or a zombie."""
    head, opened, rest = line.partition(b" (")
    name, closed, tail = rest.rpartition(b") ")
    fields = tail.split()
    if not opened or not closed or not head.isdigit() or len(fields) < 20 or fields[0] == b"Z":
        return 0, 0, "", ""
    return int(head), int(fields[1]), fields[19].decode(), decode(name)


def _is_ours(one: ProcessState, every: Mapping[int, ProcessState]) -> bool:
    """Whether it came in from outside by exec, as the harness's shells and clients do, or descends from what did: an
    exec's first process has no parent in here. What a deployer leaves behind has the first process for one.
    """
    while one.parent in every:
        one = every[one.parent]
    return one.pid != 1 and one.parent == 0


def _identity(one: ProcessState, every: Mapping[int, ProcessState]) -> str:
    command = redaction.text(TITLES.sub(r"\1", " ".join(one.argv).strip()))
    parent = every[one.parent].name if one.parent in every else "nothing"
    return f"{command} (user {one.user}, started by {parent})"


def _environment(lasting: Collection[ProcessState], every: Mapping[int, ProcessState]) -> StatePart:
    """Every variable of the first process, and of each other command those that differ from the first one's."""
    unread = sorted({one.name for one in lasting if one.environment is None})
    if unread:
        return StatePart(None, f"the environment of {', '.join(unread)} cannot be read: no setpriv or su, or forbidden")
    items: dict[str, str] = {}
    first = every[1].environment if 1 in every else None
    for one in sorted(lasting, key=lambda one: one.pid):
        variables = one.environment or {}
        who = " ".join(one.argv[:4])[:80] if one.pid != 1 else "process 1"
        for name in sorted(variables):
            if name not in BY_CHANCE and (one.pid == 1 or (first or {}).get(name) != variables[name]):
                items.setdefault(f"{name} of {redaction.text(who)}", redaction.setting(name, variables[name]))
    return StatePart(items)
