"""What stands beside a log and who has it open: rotated parts, open files of processes, the mount, the disk, the clock.

Asked at a mark, at a report, and when the file at the path has become another one; not at every look.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from datetime import datetime

from harness.errors import NotMeasured
from harness.printable import shortened
from harness.probes.digest import TRIES, digested, whole
from harness.probes.logs.file import STAT, FileState
from harness.probes.logs.spec import LogReplica

PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip")
_LINK = re.compile(r"l.(.).*? (/proc/\d+/fd/\d+) -> (.*)")

# Files of another user's process cannot be seen by root without CAP_SYS_PTRACE, but by that user.
_SCRIPT = r"""(LC_ALL=C; export LC_ALL; p={path}
r=$(readlink -f -- "$p" 2>/dev/null); r=${{r:-$p}}; d=${{r%/*}}; d=${{d:-/}}
echo "R $r"; echo "C $(date '+%s.%N %z')"
grep -F -- " $r " /proc/self/mountinfo 2>/dev/null | sed 's/^/M /'
sed -n 's/.*\/containers\/\([0-9a-f]\{{12\}}\)[0-9a-f]*\/.*/K \1/p' /proc/self/mountinfo 2>/dev/null | head -n 1
df -Pk "$d" 2>/dev/null | sed -n '2s/^/D /p'
stat -L -c 'S {stat}|%F|%n' "$d"/* 2>/dev/null | grep '|regular'
b='w=$(stat -L -c "$2 {stat}|%F|%n" $1 2>/dev/null | grep "|regular"); [ -n "$w" ] || exit 0; printf "%s\n" "$w"
o=$(printf "%s\n" "$w" | sed "s/.*|//"); ls -l $o 2>/dev/null | sed "s/^/L /"
for q in $o; do read -r c <"${{q%/fd/*}}/comm" && echo "N $q $c"; done 2>/dev/null'
sh -c "$b" sh '/proc/[0-9]*/fd/*' W
for q in /proc/[0-9]*; do set -- "$q"/fd/*; [ -e "$1" ] && continue
c=; read -r c 2>/dev/null <"$q/cmdline"; [ -n "$c" ] || continue
u=$(stat -c %u "$q" 2>/dev/null) && g=$(stat -c %g "$q") && [ "$u" != 0 ] &&
setpriv --reuid="$u" --regid="$g" --clear-groups sh -c "ls $q/fd >/dev/null && $b" sh "$q/fd/*" X 2>/dev/null ||
echo "U ${{q#/proc/}}"
done; true)"""


@dataclass(frozen=True, slots=True)
class Sibling:
    """A regular file in the log's directory."""

    path: str
    file: FileState


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a file open for writing; `target` is what the file is called now, `fd` where to reach it.
    The files of a `foreign` one, of another user, can be seen and not read.
    """

    pid: int
    process: str
    file: FileState
    target: str
    fd: str
    foreign: bool = False

    @property
    def deleted(self) -> bool:
        """Whether the file has no name any more."""
        return self.target.endswith(" (deleted)")


@dataclass(slots=True)
class DirectoryState:
    """What was found.

    Attributes:
        real: the path with its symbolic links followed.
        now: the replica's clock, Unix time; None where it cannot tell.
        zone: its seconds east of UTC.
        mounted: what of the other side a mount of this single file shows; None where it is no mount.
        container: the beginning of its id, where the replica can tell it.
        free, size: of the file system, bytes; None where it cannot be told.
        siblings: the regular files of the directory, the log itself too.
        holders: who has what open for writing.
        unseen: pids of processes whose files could not be seen.
    """

    real: str = ""
    now: float | None = None
    zone: float = 0.0
    mounted: str | None = None
    container: str = ""
    free: int | None = None
    size: int | None = None
    siblings: list[Sibling] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)


def scan(replica: LogReplica, path: str) -> DirectoryState:
    """Look around. Raises HostError, or NotMeasured where the answer is damaged."""
    question = digested(_SCRIPT.format(path=shlex.quote(path), stat=STAT))
    for _ in range(TRIES):
        answer = replica.ask(question)
        said = whole(answer.stdout)
        if answer.exit_code != 0 or said is not None:
            break
    lines = bytes(said or b"").decode("utf-8", "surrogateescape").split("\n")
    if answer.exit_code != 0 or not lines[0].startswith("R "):
        got = (answer.stderr or answer.stdout[:200]).decode("utf-8", "replace")
        raise NotMeasured(
            "The files beside the log cannot be listed", where=f"{replica.name}:{path}", got=shortened(got)
        )
    found, opened, links, names = DirectoryState(), dict[str, FileState](), dict[str, str](), dict[str, str]()
    foreign = set[str]()
    for line in lines:
        kind, rest = line[:2], line[2:]
        if kind in ("S ", "W ", "X "):
            name = _file(rest, kind, found, opened)
            foreign |= {name} if kind == "X " else set()
        elif kind == "L " and (link := _LINK.fullmatch(rest)) and link[1] == "w":
            links[link[2]] = link[3]
        elif kind == "N ":
            fd, _, name = rest.partition(" ")
            names[fd] = name
        else:
            _one(kind, rest, found)
    for fd, target in links.items():
        if fd in opened:
            found.holders.append(
                Holder(int(fd.split("/")[2]), names.get(fd, "?"), opened[fd], target, fd, fd in foreign)
            )
    return found


def _file(rest: str, kind: str, found: DirectoryState, opened: dict[str, FileState]) -> str:
    fields = rest.split("|", 6)
    try:
        file, name = FileState.of(fields[:5]), fields[6]
    except (ValueError, IndexError):  # a name with a line feed in it
        return ""
    if kind == "S ":
        found.siblings.append(Sibling(name.replace("//", "/", 1), file))
    else:
        opened[name] = file
    return name


def _one(kind: str, rest: str, found: DirectoryState) -> None:
    """A line that tells one thing."""
    words = rest.split()
    if kind == "R ":
        found.real = rest
    elif kind == "C ":
        _clock(words, found)
    elif kind == "M " and len(words) > 4 and words[4] == found.real:
        found.mounted = words[3]
    elif kind == "K ":
        found.container = rest
    elif kind == "U " and rest.isdigit():
        found.unseen.append(int(rest))
    elif kind == "D " and len(words) >= 4 and words[1].isdigit() and words[3].isdigit():
        found.size, found.free = int(words[1]) * 1024, int(words[3]) * 1024


def _clock(words: list[str], found: DirectoryState) -> None:
    try:
        seconds, zone = words
        found.now = float(seconds.removesuffix(".%N"))
        offset = datetime.strptime(zone, "%z").utcoffset()
    except ValueError:
        return
    found.zone = offset.total_seconds() if offset is not None else 0.0


def rotated(path: str, log: str) -> bool:
    """Whether this names a rotated part of a log: `x.log.1`, `x.log-20120404`, `x-2012-04-04.log`, `x.1.log`."""
    directory, _, name = path.rpartition("/")
    of, _, base = log.rpartition("/")
    stem, dot, suffix = base.rpartition(".")
    number = r"[.\-_]\d[\d.\-_:T]*"
    shapes = [re.escape(base) + number] + ([re.escape(stem) + number + re.escape(dot + suffix)] if stem else [])
    plain = next((name[: -len(end)] for end in PACKED if name.endswith(end)), name)
    return directory == of and any(re.fullmatch(shape, plain) for shape in shapes)


def packed(path: str) -> bool:
    """Whether it is compressed, by its name."""
    return path.endswith(PACKED)
