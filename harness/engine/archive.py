"""Images as one file, for machines that can neither pull nor build."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import docker

from harness.engine.translate import as_ours, translate
from harness.errors import ImageError, ImageMissing

_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")
_CHUNK = 1 << 20


def save(api: docker.APIClient, path: Path, tags: Sequence[str]) -> int:
    """Write images as `docker save` does, gzipped where the name ends in .gz or .tgz; returns the size in bytes.

    The file is there whole or not at all.

    Raises:
        ImageMissing: the engine does not have one of them.
        NoSpace: the disk is full.
        EngineError: the file cannot be written, or the engine refuses.
    """
    raw: Any = api  # the SDK's own call saves one image only
    with _whole(path) as file, translate("The images cannot be saved", where=str(path)):
        response = raw._get(raw._url("/images/get"), params={"names": list(tags)}, stream=True)
        raw._raise_for_status(response)
        with response:
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
    return path.stat().st_size


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as plain:
            if path.suffix in (".gz", ".tgz"):
                with gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=3, mtime=0) as zipped:
                    yield cast(IO[bytes], zipped)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        part.replace(path)
    except OSError as error:
        raise as_ours(error, "The images cannot be saved", where=str(path)) from error
    finally:
        with suppress(OSError):  # it is not there, or the disk is gone: the error of the block says so
            part.unlink()


def load(api: docker.APIClient, path: Path) -> tuple[str, ...]:
    """Bring in the images of such a file, gzipped or not; returns their tags.

    Raises:
        ImageMissing: no such file.
        ImageError: it holds no images.
        NoSpace: the engine's disk is full.
    """
    if not path.is_file():
        raise ImageMissing(
            "There is no such image file",
            where=str(path),
            got="nothing there",
            hint="make one with `harness images save` on a machine that has the images",
        )
    raw: Any = api
    with translate("The images cannot be loaded", where=str(path)), path.open("rb") as file:
        messages = raw.load_image(file, quiet=True)
        output = [str(message.get("stream") or message.get("error") or "") for message in messages]
    tags = tuple(match[1] for line in output if (match := _LOADED.search(line)))
    if not tags:
        raise ImageError(
            "The file holds no images that the engine takes",
            where=str(path),
            got=" ".join(output).strip()[-300:] or "nothing was loaded",
            expected="a file written by `harness images save` or `docker save`",
        )
    return tags
