"""What became of a log, in words: each of the ways to lose one is told apart from the others.

The functions take the body of a `probe.log` event. What an older history does not have is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from harness.checks._evidence import counted, listed
from harness.events import ProbeLog
from harness.history import Event


def clock(time: float) -> str:
    """A Unix time as people write it: 12:03:07 UTC, without the zone."""
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S")


def size(number: float) -> str:
    """Bytes in words."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.0f} bytes"


def own(log: ProbeLog) -> int:
    """Records that prove that the log at the path is written."""
    return log.records - log.heartbeats - log.elsewhere


def writers(log: ProbeLog) -> list[str]:
    """Who writes to a file that the path does not name: `backend-2 writes to a deleted file: inode 8123, ...`."""
    said = []
    for one in log.writers:
        doing = "writes to" if one.grew else "holds"
        when = f"opened before the rotation at {clock(one.since)}" if one.since else "opened before it was watched"
        grew = f"; {size(one.grew)} went there" if one.grew else ""
        who = f"{one.process}, pid {one.pid}"
        how = "deleted" if one.how == "deleted" else "renamed"
        name = f" ({one.file})" if how == "renamed" else ""
        said.append(f"{log.replica} {doing} a {how} file{name}: inode {one.inode}, {when}; {who}{grew}")
    return said


def became(log: ProbeLog) -> str:
    """What happened to the file last, in words; empty where nothing did."""
    changes = [one for one in log.changes if one.what != "restarted"]
    if not changes:
        return {"replaced": "was replaced by another file", "truncated": "was truncated"}.get(log.state or "", "")
    one = changes[-1]
    at, was, now = clock(one.at), one.was, one.now
    reused = "" if one.births else ", or recreated on the same inode (this file system has no birth times)"
    words = {
        "rotated": f"was rotated at {at}: inode {was} was renamed, and the path is inode {now}",
        "replaced": f"was replaced by another file at {at}: the path is inode {now}, inode {was} is gone",
        "recreated": f"was deleted and recreated on the same inode {now} at {at}",
        "copied": f"was replaced by a copy of itself at {at}: inode {was} became {now}",
        "appeared": f"appeared again at {at} as inode {now}",
        "renamed": f"was renamed at {at}, and no new file was made: inode {was}",
        "deleted": f"was deleted at {at}: inode {was}",
        "new container": f"vanished with its container, which was recreated (seen at {at})",
        "truncated": f"was truncated at {at}, to {size(one.size or 0)}",
        "regrown": f"was truncated and had grown past its old size by {at}{reused}",
    }
    return words.get(one.what, "")


def mounted(log: ProbeLog) -> str:
    """The file is a mount that shows an old one; empty where it does not."""
    was, shows = (log.mount.was or "", log.mount.shows or "") if log.mount else ("", "")
    if not shows or (shows == was and "//deleted" not in shows):
        return ""
    what = "deleted" if "//deleted" in shows else f"renamed to {shows}"
    source = was.removesuffix("//deleted") or "the file"
    return f"is a mounted single file, and the mount still shows the old one: outside, {source} was {what}"


def full(log: ProbeLog) -> str:
    """The disk has no room; empty where it has, or where that is unknown."""
    disk = log.disk
    if disk is None or disk.free is None or disk.free >= 4096:
        return ""
    return f"its file system is full ({size(disk.free)} free of {size(disk.size or 0)})"


def half_line(log: ProbeLog) -> str:
    """It ends in half a line; empty where it does not."""
    half = log.partial
    return f"it ends in half a line ({size(half.bytes)}) since {clock(half.since)}" if half else ""


def silent(log: ProbeLog) -> list[str]:
    """What explains that nothing was written, the most telling first."""
    said = [*writers(log), mounted(log), became(log), full(log)]
    if log.heartbeats:
        said.append(f"it has {counted(log.heartbeats, 'heartbeat')} and no other record")
    if log.touched:
        said.append("it was touched: its time changed, and nothing was written")
    said.append(half_line(log))
    if log.open == 0 and not log.writers:
        said.append("no process has it open for writing")
    return [words for words in said if words]


def late(log: ProbeLog) -> list[str]:
    """Records that came later than their times say."""
    found, said = log.times, list[str]()
    if found.stale:
        worst = f", e.g. {clock(found.worst)}" if found.worst is not None else ""
        said.append(
            f"has {counted(found.stale, 'record')} with a stale time: up to {found.lag:.1f} s before the look "
            f"that did not have them yet{worst}"
        )
    if found.blocks:
        said.append(
            f"is written in blocks: {counted(found.blocks, 'record')} appeared up to {found.lag:.1f} s late, "
            "together with newer ones; the writer holds them back"
        )
    return _skewed(log, said)


def backward(log: ProbeLog) -> list[str]:
    """Records that are older than the one before."""
    found = log.times
    if not found.backward:
        return []
    said = f"has {counted(found.backward, 'record')} whose time goes back, by up to {found.step:.1f} s"
    return _skewed(log, [said])


def times(log: ProbeLog) -> list[str]:
    """What is wrong with the records' times otherwise."""
    found, said = log.times, list[str]()
    if found.ahead:
        said.append(f"has {counted(found.ahead, 'record')} from the future, by up to {found.lead:.1f} s")
    if found.unreadable:
        said.append(f"has {counted(found.unreadable, 'record')} without a time that can be read")
    return _skewed(log, said)


def _skewed(log: ProbeLog, said: list[str]) -> list[str]:
    skew = log.skew
    if said and skew is not None and abs(skew) > 1.0:
        said[-1] += f" (the replica's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the harness's)"
    return said


def numbers(log: ProbeLog) -> list[str]:
    """What is wrong with the records' numbers."""
    found, said = log.sequence, list[str]()
    shown = f": {listed(found.shown)}" if found.shown else ""
    if found.missing or found.repeated:
        parts = []
        if found.missing:
            parts.append(f"{counted(found.missing, 'number')} missing")
        if found.repeated:
            parts.append(f"{counted(found.repeated, 'number')} repeated")
        said.append(f"has a sequence with {listed(parts)}{shown}")
    if found.unreadable:
        said.append(f"has {counted(found.unreadable, 'record')} without a number")
    return said


def other_release(event: Event[ProbeLog], name: str, count: int, expected: str) -> str:
    """Records of another release: whether they are stragglers, or go on."""
    log = event.body
    what = f"of {name}" if name else "that name no release"
    said = f"has {counted(count, 'record')} {what}, where {expected} should write"
    span = log.releases.get(name)
    if not span:
        return said
    first, last = span
    when = f"at {clock(last)}" if first == last else f"from {clock(first)} to {clock(last)}"
    left = event.time - last
    rest = "it goes on to the end"
    if left > 1.0:
        rest = f"{log.seconds - left:.1f} s after the watch began, none in the last {left:.1f} s"
    return f"{said} ({when}; {rest})"


def lost(log: ProbeLog) -> list[str]:
    """What cannot be had, in words."""
    return [*(one.what for one in log.losses), *log.unread_parts]


def damage(log: ProbeLog) -> Sequence[str]:
    """Malformed records."""
    said = []
    if log.unparsed:
        said.append(f"has {counted(log.unparsed, 'record')} that cannot be parsed")
    if log.torn:
        said.append(f"has {counted(log.torn, 'record')} cut off at the end of a rotated part")
    return said


def holes(events: Iterable[Event[ProbeLog]]) -> str:
    """NUL bytes that a writer without O_APPEND left; empty where there are none."""
    found = sum(event.body.hole for event in events)
    return (
        f"a hole of {size(found)} of NUL bytes, left by a writer without O_APPEND after a truncation" if found else ""
    )
