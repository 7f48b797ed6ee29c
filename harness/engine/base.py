"""Debian's base image, made here by debootstrap where it cannot be pulled: air-gapped CI is real.

It is imported under a name of ours and put into the FROM lines of what is sent to the engine; no name that is not
ours is ever given to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import docker

from harness.engine import apt, state
from harness.engine.labels import OURS, PREFIX
from harness.engine.translate import SDK_ERRORS, as_ours, no_space, status, translate
from harness.errors import ImageError

TAG = f"{PREFIX}/base:bookworm-slim"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
_NAMES = ("debian:bookworm", "debian:bookworm-slim", "debian:12", "debian:12-slim")
_PREFIXES = ("", "library/", "docker.io/", "docker.io/library/")
_TRIMMED = ("usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "var/lib/apt/lists")
_NOT_INSTALLED = (
    "".join(f"path-exclude=/{path}/*\n" for path in _TRIMMED[:4]) + "path-include=/usr/share/doc/*/copyright\n"
)

_PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Progress = Callable[[str, str], None]


def can_stand_in_for(reference: str) -> bool:
    """The reference names an image that we can make."""
    return reference in {prefix + name for prefix in _PREFIXES for name in _NAMES}


def cannot_be_made(environ: Mapping[str, str] = os.environ) -> str | None:
    """Why the base image cannot be made here; None where it can."""
    if os.geteuid() != 0:
        return "making it needs root (debootstrap)"
    if shutil.which("debootstrap") is None and (reason := apt.cannot_install(environ)):
        return f"debootstrap is not installed, and {reason}"
    return None


def provide(api: docker.APIClient, progress: Progress, environ: Mapping[str, str] = os.environ, tag: str = TAG) -> str:
    """The tag of the base image, made now if it is not there. Takes under a minute, once per engine.

    Raises:
        ImageError: it cannot be made; the message says why.
        NoSpace: a disk is full.
    """
    if _there(api, tag):
        return tag
    with state.lock("base", environ):
        if _there(api, tag):
            return tag
        if reason := cannot_be_made(environ):
            raise ImageError(
                "The base image cannot be made",
                where=tag,
                got=reason,
                hint="run once as root, or bring the image in with `harness images load`",
            )
        if shutil.which("debootstrap") is None:
            apt.install(["debootstrap"], lambda line: progress("base", line), environ)
        _make(api, progress, environ, tag)
    return tag


def _there(api: Any, tag: str) -> bool:
    try:
        api.inspect_image(tag)
    except SDK_ERRORS as error:
        if status(error) == 404:
            return False
        raise as_ours(error, "The engine's images cannot be read", where=tag) from error
    return True


def _make(api: docker.APIClient, progress: Progress, environ: Mapping[str, str], tag: str) -> None:
    parent = state.directory(state.home(environ))
    with tempfile.TemporaryDirectory(prefix="base-", dir=parent, ignore_cleanup_errors=True) as work:
        root, archive = Path(work) / "root", Path(work) / "base.tar"
        mirror = environ.get("HARNESS_DEBIAN_MIRROR") or MIRROR
        # In a mount namespace of its own: what debootstrap mounts in the tree goes with it, whatever happens.
        run = ["unshare", "--mount", "--propagation", "private", "debootstrap", "--variant=minbase", SUITE]
        _run([*run, str(root), mirror], progress)
        _trim(root, mirror)
        excluded = [f"--exclude=./{path}/*" for path in ("dev", "proc", "sys")]
        _run(["tar", "--numeric-owner", *excluded, "-C", str(root), "-cf", str(archive), "."], progress)
        progress("base", f"Importing {tag}")
        repository, _, version = tag.rpartition(":")
        with translate("The base image cannot be imported", where=tag), archive.open("rb") as stream:
            # An iterator, not the file: the SDK announces chunks, and only an iterator is sent in them.
            chunks: Any = iter(partial(stream.read, 1 << 20), b"")
            said = api.import_image_from_stream(
                chunks, repository=repository, tag=version, changes=[_PATH, 'CMD ["bash"]', f"LABEL {OURS}=image"]
            )
        if not _there(api, tag):
            raise ImageError("The base image cannot be imported", where=tag, got=str(said)[-500:])


def _trim(root: Path, mirror: str) -> None:
    """What an image does not need, and what keeps it small and quiet when packages are installed in it."""
    for path in (root / name for name in _TRIMMED):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, exist_ok=True)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    for log in ("var/log/bootstrap.log", "var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin"):
        (root / log).unlink(missing_ok=True)
    sources = f"deb {mirror} {SUITE} main\ndeb {mirror} {SUITE}-updates main\n"
    if mirror == MIRROR:
        sources += f"deb {SECURITY} {SUITE}-security main\n"
    (root / "etc/apt/sources.list").write_text(sources)
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(_NOT_INSTALLED)
    (root / "etc/apt/apt.conf.d/slim").write_text(
        'Acquire::Languages "none";\nDPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n'
    )
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # no service starts by itself while packages are installed
    policy.chmod(0o755)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/hostname").write_text("debian\n")


def _run(command: list[str], progress: Progress) -> None:
    """Run a step and hand its lines on; its last ones are the evidence when it fails."""
    tail: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            progress("base", line.rstrip())
            tail = [*tail[-19:], line.rstrip()]
    if process.returncode:
        said = "\n".join(tail)
        if "no space left" in said.lower():
            raise no_space("The base image cannot be made", tail[-1])
        raise ImageError(
            "The base image cannot be made",
            where=" ".join(command),
            got=f"exit code {process.returncode}",
            hint="HARNESS_DEBIAN_MIRROR names another mirror; `harness images load` brings an image in",
            detail=said,
        )
