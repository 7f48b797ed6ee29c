"""What became of a log, in words: each of the ways to lose one is told apart from the others.

The functions take the fields of a `probe.log` event, and those that it does not have (an older history) are nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.checks._evidence import counted, listed
from harness.history import Event

Data = Mapping[str, Any]


def clock(time: float) -> str:
    """A Unix time as people write it: 12:03:07 UTC, without the zone."""
    return datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S")


def size(number: float) -> str:
    """Bytes in words."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:.0f} bytes"


def own(data: Data) -> int:
    """Records that prove that the log at the path is written."""
    return int(data.get("records") or 0) - int(data.get("heartbeats") or 0) - int(data.get("elsewhere") or 0)


def writers(data: Data) -> list[str]:
    """Who writes to a file that the path does not name: `backend-2 writes to a deleted file: inode 8123, ...`."""
    said = []
    for one in data.get("writers") or ():
        doing = "writes to" if one.get("grew") else "holds"
        since = one.get("since")
        when = f"opened before the rotation at {clock(since)}" if since else "opened before it was watched"
        grew = f"; {size(one['grew'])} went there" if one.get("grew") else ""
        who = f"{one.get('process')}, pid {one.get('pid')}"
        how = "deleted" if one.get("how") == "deleted" else "renamed"
        name = f" ({one.get('file')})" if how == "renamed" else ""
        said.append(f"{data.get('replica')} {doing} a {how} file{name}: inode {one.get('inode')}, {when}; {who}{grew}")
    return said


def became(data: Data) -> str:
    """What happened to the file last, in words; empty where nothing did."""
    changes = [one for one in data.get("changes") or () if one.get("what") != "restarted"]
    if not changes:
        return {"replaced": "was replaced by another file", "truncated": "was truncated"}.get(
            str(data.get("state")), ""
        )
    one = changes[-1]
    at, was, now = clock(float(one.get("at") or 0.0)), one.get("was"), one.get("now")
    reused = "" if one.get("births") else ", or recreated on the same inode (this file system has no birth times)"
    words = {
        "rotated": f"was rotated at {at}: inode {was} was renamed, and the path is inode {now}",
        "replaced": f"was replaced by another file at {at}: the path is inode {now}, inode {was} is gone",
        "recreated": f"was deleted and recreated on the same inode {now} at {at}",
        "copied": f"was replaced by a copy of itself at {at}: inode {was} became {now}",
        "appeared": f"appeared again at {at} as inode {now}",
        "renamed": f"was renamed at {at}, and no new file was made: inode {was}",
        "deleted": f"was deleted at {at}: inode {was}",
        "new container": f"vanished with its container, which was recreated (seen at {at})",
        "truncated": f"was truncated at {at}, to {size(one.get('size') or 0)}",
        "regrown": f"was truncated and had grown past its old size by {at}{reused}",
    }
    return words.get(str(one.get("what")), "")


def mounted(data: Data) -> str:
    """The file is a mount that shows an old one; empty where it does not."""
    mount = data.get("mount") or {}
    was, shows = str(mount.get("was") or ""), str(mount.get("shows") or "")
    if not shows or (shows == was and "//deleted" not in shows):
        return ""
    what = "deleted" if "//deleted" in shows else f"renamed to {shows}"
    source = was.removesuffix("//deleted")
    return f"is a mounted single file, and the mount still shows the old one: outside, {source} was {what}"


def full(data: Data) -> str:
    """The disk has no room; empty where it has, or where nobody knows."""
    disk = data.get("disk") or {}
    if disk.get("free") is None or disk["free"] >= 4096:
        return ""
    return f"its file system is full ({size(disk['free'])} free of {size(disk.get('size') or 0)})"


def half_line(data: Data) -> str:
    """It ends in half a line; empty where it does not."""
    half = data.get("partial")
    return f"it ends in half a line ({size(half['bytes'])}) since {clock(half['since'])}" if half else ""


def silent(data: Data) -> list[str]:
    """What explains that nothing was written, the most telling first."""
    said = [*writers(data), mounted(data), became(data), full(data)]
    if data.get("heartbeats"):
        said.append(f"it has {counted(int(data['heartbeats']), 'heartbeat')} and no other record")
    if data.get("touched"):
        said.append("it was touched: its time changed, and nothing was written")
    said.append(half_line(data))
    if data.get("open") == 0 and not data.get("writers"):
        said.append("no process has it open for writing")
    return [words for words in said if words]


def late(data: Data) -> list[str]:
    """Records that came later than their times say."""
    found, said = data.get("times") or {}, []
    if found.get("stale"):
        worst = f", e.g. {clock(found['worst'])}" if found.get("worst") is not None else ""
        said.append(
            f"has {counted(found['stale'], 'record')} with a stale time: up to {found['lag']:.1f} s before the look "
            f"that did not have them yet{worst}"
        )
    if found.get("blocks"):
        said.append(
            f"is written in blocks: {counted(found['blocks'], 'record')} appeared up to {found['lag']:.1f} s late, "
            "together with newer ones; the writer holds them back"
        )
    return _skewed(data, said)


def backward(data: Data) -> list[str]:
    """Records that are older than the one before."""
    found = data.get("times") or {}
    if not found.get("backward"):
        return []
    said = f"has {counted(found['backward'], 'record')} whose time goes back, by up to {found['step']:.1f} s"
    return _skewed(data, [said])


def times(data: Data) -> list[str]:
    """What is wrong with the records' times otherwise."""
    found, said = data.get("times") or {}, []
    if found.get("ahead"):
        said.append(f"has {counted(found['ahead'], 'record')} from the future, by up to {found['lead']:.1f} s")
    if found.get("unreadable"):
        said.append(f"has {counted(found['unreadable'], 'record')} without a time that can be read")
    return _skewed(data, said)


def _skewed(data: Data, said: list[str]) -> list[str]:
    skew = data.get("skew")
    if said and skew is not None and abs(skew) > 1.0:
        said[-1] += f" (the replica's clock is {abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the harness's)"
    return said


def numbers(data: Data) -> list[str]:
    """What is wrong with the records' numbers."""
    found, said = data.get("sequence") or {}, []
    shown = f": {listed(found.get('shown') or [])}" if found.get("shown") else ""
    if found.get("missing") or found.get("repeated"):
        parts = []
        if found.get("missing"):
            parts.append(f"{counted(found['missing'], 'number')} missing")
        if found.get("repeated"):
            parts.append(f"{counted(found['repeated'], 'number')} repeated")
        said.append(f"has a sequence with {listed(parts)}{shown}")
    if found.get("unreadable"):
        said.append(f"has {counted(found['unreadable'], 'record')} without a number")
    return said


def other_release(event: Event, name: str, count: int, expected: str) -> str:
    """Records of another release: whether they are stragglers, or go on."""
    data = event.data
    what = f"of {name}" if name else "that name no release"
    said = f"has {counted(count, 'record')} {what}, where {expected} should write"
    span = (data.get("releases") or {}).get(name)
    if not span:
        return said
    first, last = float(span[0]), float(span[1])
    after = float(data.get("seconds") or 0.0) - max(0.0, event.time - last)
    when = f"at {clock(last)}" if first == last else f"from {clock(first)} to {clock(last)}"
    left = event.time - last
    rest = (
        f"{after:.1f} s after the watch began, none in the last {left:.1f} s" if left > 1.0 else "it goes on to the end"
    )
    return f"{said} ({when}; {rest})"


def lost(data: Data) -> list[str]:
    """What cannot be had, in words."""
    said = [str(one.get("what")) for one in data.get("losses") or ()]
    return said + [str(one) for one in data.get("unread_parts") or ()]


def damage(data: Data) -> Sequence[str]:
    """Malformed records."""
    said = []
    if data.get("unparsed"):
        said.append(f"has {counted(int(data['unparsed']), 'record')} that cannot be parsed")
    if data.get("torn"):
        said.append(f"has {counted(int(data['torn']), 'record')} cut off at the end of a rotated part")
    return said


def holes(events: Iterable[Event]) -> str:
    """NUL bytes that a writer without O_APPEND left; empty where there are none."""
    found = sum(int(event.data.get("hole") or 0) for event in events)
    return (
        f"a hole of {size(found)} of NUL bytes, left by a writer without O_APPEND after a truncation" if found else ""
    )
