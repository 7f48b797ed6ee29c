"""Files: path, type, mode, owner, size, hash and the target of links, below declared paths."""

from __future__ import annotations

import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from harness.environment.fingerprint.sections import Section, Sections, decode
from harness.fingerprint import StatePart

MAX_FILES = 20_000  # files of a replica
LARGE_KIB = 64 * 1024  # KiB; files from this size on are not read
KINDS = {"d": "directory", "f": "file", "l": "link", "p": "pipe", "s": "socket", "b": "device", "c": "device"}


def ask(sections: Sections, paths: Sequence[str], ignore: Sequence[str]) -> None:
    """Add what asks for files: GNU's find where there is one, else what busybox has."""
    names = " -o ".join(f"-{'path' if '/' in one else 'name'} {shlex.quote(one)}" for one in ignore)
    prune = f"\\( {names} \\) -prune -o" if names else ""
    before = f"""set --
for p in {shlex.join(paths)}; do
    if [ -e "$p" ] || [ -L "$p" ]; then set -- "$@" "$p"; fi
done
[ $# -gt 0 ] || exit 0
many() {{
  [ "$(find "$@" {prune} -print0 2>/dev/null | tr -dc '\\000' | head -c {MAX_FILES + 1} | wc -c)" -gt {MAX_FILES} ]
}}
gnu() {{ find /proc/version -printf '' 2>/dev/null; }}
"""
    sections.add(
        "files.missing", f'for p in {shlex.join(paths)}; do [ -e "$p" ] || [ -L "$p" ] || printf "%s\\n" "$p"; done'
    )
    sections.add(
        "files.gnu",
        before
        + f'gnu || exit 0; many "$@" && exit 99\nfind "$@" {prune} -printf \'%y\\0%m\\0%U:%G\\0%s\\0%l\\0%p\\0\'',
    )
    sections.add(
        "files.hashes",
        before
        + f"""many "$@" && exit 0
if sha256sum -z /proc/version >/dev/null 2>&1; then z=-z; else z=; fi
find "$@" {prune} -type f -size -{LARGE_KIB}k -print0 | xargs -0 -r sha256sum $z""",
    )
    listed = f'find "$@" {prune} -print0'
    skip = 'if gnu || many "$@"; then exit 0; fi\n'
    sections.add("files.names", before + 'gnu && exit 0; many "$@" && exit 99\n' + listed)
    sections.add("files.stats", before + skip + f"{listed} | xargs -0 -r stat -c '%f %u:%g %s'")
    link = 'sh -c \'printf "%s\\0" "$0"; readlink "$0"; printf "\\0"\''
    sections.add("files.links", before + skip + f'find "$@" {prune} -type l -print0 | xargs -0 -r -n1 {link}')


def read(found: Mapping[str, Section]) -> StatePart:
    """The files that were found."""
    needed = ("files.missing", "files.gnu", "files.hashes", "files.names", "files.stats", "files.links")
    if missing := [name for name in needed if name not in found]:
        return StatePart(None, f"{missing[0]} was not answered")
    if 99 in (found["files.gnu"].exit_code, found["files.names"].exit_code):
        return StatePart(
            None, f"there are more than {MAX_FILES} files below the declared paths: declare fewer, or ignore some"
        )
    for name in ("files.gnu", "files.names", "files.stats", "files.links"):
        if found[name].exit_code:
            return StatePart(None, f"the files could not be listed: {found[name].complaint()}")
    items = _from_gnu(found["files.gnu"].output) or _from_busybox(found)
    if items is None:
        return StatePart(None, "files came and went while they were listed: ignore what changes all the time")
    if problem := _add_hashes(items, found["files.hashes"]):
        return StatePart(None, problem)
    missing_paths = found["files.missing"].output.decode("utf-8", "replace").split("\n")[:-1]
    large = [path for path, one in items.items() if one.get("sha256") == ""]
    notes = [f"{', '.join(missing_paths)} is not there"] if missing_paths else []
    notes += [f"of files of 64 MiB and more only the size is compared ({', '.join(large[:3])})"] if large else []
    return StatePart(dict(sorted(items.items())), note="; ".join(notes) or None)


def _from_gnu(output: bytes) -> dict[str, dict[str, Any]]:
    fields = output.split(b"\0")[:-1]
    items = {}
    for at in range(0, len(fields) - 5, 6):
        kind, mode, owner, size, target, path = fields[at : at + 6]
        items[decode(path)] = _item(KINDS.get(kind.decode(), "thing"), mode.decode().zfill(4), owner, size, target)
    return items


def _from_busybox(found: Mapping[str, Section]) -> dict[str, dict[str, Any]] | None:
    names = found["files.names"].output.split(b"\0")[:-1]
    stats = [line.split() for line in found["files.stats"].output.splitlines()]
    if len(names) != len(stats):
        return None
    linked = found["files.links"].output.split(b"\0")[:-1]
    targets = {path: target.removesuffix(b"\n") for path, target in zip(linked[::2], linked[1::2], strict=False)}
    items = {}
    for path, (mode, owner, size) in zip(names, stats, strict=True):
        bits = int(mode, 16)
        kind = KINDS.get({"-": "f"}.get(letter := stat.filemode(bits)[0], letter), "thing")
        items[decode(path)] = _item(kind, f"{stat.S_IMODE(bits):04o}", owner, size, targets.get(path, b""))
    return items


def _item(kind: str, mode: str, owner: bytes, size: bytes, target: bytes) -> dict[str, Any]:
    item: dict[str, Any] = {"type": kind, "owner": owner.decode()}
    if kind == "link":
        item["target"] = decode(target)
    else:  # the mode of a link, and the size of a directory, say nothing
        item["mode"] = mode
    if kind == "file":
        item["size"] = int(size)
    return item


def _add_hashes(items: dict[str, dict[str, Any]], section: Section) -> str | None:
    """Add `sha256` to each file; a large one gets an empty one. What could not be read, in words."""
    end = rb"\0" if b"\0" in section.output else rb"\n(?=[0-9a-f]{64}  |\Z)"
    for digest, path in re.findall(rb"([0-9a-f]{64})  (.*?)" + end, section.output, re.DOTALL):
        if (item := items.get(decode(path))) is not None:
            item["sha256"] = digest.decode()
    for path, item in items.items():
        if item["type"] == "file" and "sha256" not in item:
            if item["size"] <= (LARGE_KIB - 1) * 1024:
                return f"{path} could not be read: {section.complaint()}"
            item["sha256"] = ""
    return None
