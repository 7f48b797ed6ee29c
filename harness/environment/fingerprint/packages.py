"""Packages: name and version, from the database files of dpkg and apk. rpm's are not text: its own tool reads them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from harness.environment.fingerprint.sections import Section, Sections
from harness.fingerprint import StatePart

ASK = r"""
if [ -f /var/lib/dpkg/status ] || [ -d /var/lib/dpkg/status.d ]; then
    echo dpkg
    for f in /var/lib/dpkg/status /var/lib/dpkg/status.d/*; do
        case $f in *.md5sums) continue;; esac
        if [ -f "$f" ]; then sed -n '/^Package: /p;/^Version: /p;/^Status: /p;/^Architecture: /p;/^$/p' "$f"; echo; fi
    done
elif [ -f /lib/apk/db/installed ]; then
    echo apk; sed -n '/^P:/p;/^V:/p;/^$/p' /lib/apk/db/installed
elif command -v rpm >/dev/null; then
    echo rpm; rpm -qa --qf '%{NAME}\t%{VERSION}-%{RELEASE}.%{ARCH}\n'
else
    echo none
fi
"""


def ask(sections: Sections) -> None:
    """Add what asks for packages."""
    sections.add("packages", ASK)


def read(found: Mapping[str, Section]) -> StatePart:
    """The packages that were found: name -> version."""
    section = found.get("packages")
    if section is None or section.exit_code:
        return StatePart(None, section.complaint() if section else "not answered")
    kind, _, body = section.output.decode("utf-8", "replace").partition("\n")
    if kind == "none":
        return StatePart(None, absent="no package database")
    if kind == "rpm":
        rows = sorted(line.partition("\t")[::2] for line in body.splitlines())
    else:
        rows = sorted(chain.from_iterable(_stanza(one.splitlines()) for one in body.split("\n\n")))
    items: dict[str, str] = {}
    for name, version in rows:  # more than one version of a package may be there
        items[name] = f"{items[name]}, {version}" if name in items else version
    return StatePart(items) if items else StatePart(None, "the package database is empty or damaged")


def _stanza(lines: list[str]) -> list[tuple[str, str]]:
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    name, version = (fields.get(long) or fields.get(short) for long, short in (("Package", "P"), ("Version", "V")))
    status = fields.get("Status", " install ok installed").split()
    if name is None or version is None or status[-1:] not in (["installed"], ["half-configured"], ["unpacked"]):
        return []
    state = "" if status[-1] == "installed" else f" ({status[-1]})"
    return [(name.strip(), version.strip() + state)]
