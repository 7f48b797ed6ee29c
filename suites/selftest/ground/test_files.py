"""The files of a run: for their owner only, whole, and watched while they are written to."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.files import Kept, directory, opened, unused, write


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A umask that forbids nothing: what is closed then was closed on purpose."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_directory_that_is_made_is_for_its_owner_only_and_one_that_is_there_keeps_its_mode(
    tmp_path: Path,
) -> None:
    (tmp_path / "given").mkdir(0o755)
    directory(tmp_path / "given" / "run" / "evidence")
    modes = [mode(tmp_path / "given" / name) for name in ("", "run", "run/evidence")]
    assert modes == [0o755, 0o700, 0o700]


def test_every_file_that_is_made_is_for_its_owner_only(tmp_path: Path) -> None:
    write(tmp_path / "a" / "text", "x")
    with opened(tmp_path / "a" / "stream", "w") as file:
        file.write("x")
    Kept(tmp_path / "b" / "kept").close()
    found = [mode(tmp_path / name) for name in ("a/text", "a/stream", "b/kept", "a", "b")]
    assert found == [0o600, 0o600, 0o600, 0o700, 0o700]


def test_a_file_that_is_written_over_is_closed_to_others_too(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("for everybody")
    write(tmp_path / "open", "for its owner")
    assert mode(tmp_path / "open") == 0o600


def test_what_a_text_cannot_hold_is_written_as_an_escape(tmp_path: Path) -> None:
    assert write(tmp_path / "x", "a\udc80b").read_text() == "a\\udc80b"
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]


def test_one_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "taken", "x")
    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


def test_a_file_in_the_way_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        directory(tmp_path / "file" / "deeper")


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    for name in ("a.bin", "a-2.bin"):
        (tmp_path / name).write_text("")
    assert unused(tmp_path / "a.bin").name == "a-3.bin"


# -- a file that is watched --------------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    made = Kept(tmp_path / "kept", new=True)
    made.append(b"one\n")
    made.append(b"two\nthree\n", 2)
    return made


def test_what_was_appended_is_counted_and_hashed(kept: Kept) -> None:
    data = kept.path.read_bytes()
    assert (data, kept.count, kept.sha256) == (b"one\ntwo\nthree\n", 3, hashlib.sha256(data).hexdigest())
    assert kept.lost(whole=True) == ""


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def extend(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"four\n")


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"ONE")


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (Path.unlink, "not there any more"),
        (lambda path: os.truncate(path, 5), "cut off: it holds 5 bytes, and 14 were written"),
        (extend, "something else wrote to it: it holds 19 bytes"),
    ],
    ids=["deleted", "cut", "extended"],
)
def test_what_happens_to_it_is_found_at_once(
    kept: Kept, harm: Callable[[Path], object], words: str, closed: bool
) -> None:
    if closed:
        kept.close()
    assert kept.lost() == ""
    harm(kept.path)
    assert words in kept.lost()


def test_another_file_in_its_place_is_found_at_once_although_it_holds_the_same(kept: Kept) -> None:
    replace(kept.path)
    assert kept.lost() == "another file is in its place"
    kept.close()
    assert kept.lost() == "another file is in its place"


@pytest.mark.parametrize("closed", [False, True])
def test_one_whose_bytes_were_changed_in_place_is_found_when_every_byte_is_compared(kept: Kept, closed: bool) -> None:
    if closed:
        kept.close()
    overwrite(kept.path)
    assert kept.lost(whole=True) == "what it holds was changed"


def test_one_that_is_closed_is_known_by_its_bytes_and_not_by_its_number(kept: Kept) -> None:
    """On some network file systems a file that nobody has open gets another number."""
    kept.close()
    replace(kept.path)
    assert kept.lost(whole=True) == ""


def test_a_directory_that_was_moved_away_is_found(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "run" / "kept")
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    assert "not there any more" in kept.lost()


def test_a_process_that_goes_to_another_directory_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Kept(Path("kept"))
    kept.append(b"x")
    monkeypatch.chdir("/")
    assert kept.lost(whole=True) == ""


def test_a_part_that_was_written_before_the_disk_was_full_is_no_strangers(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_at, room = os.pwrite, [2, 0]

    def pwrite(file: int, data: bytes, at: int) -> int:
        if not (left := room.pop(0)):
            raise OSError(28, "full")
        return write_at(file, data[:left], at)

    with monkeypatch.context() as full:
        full.setattr("harness.files.os.pwrite", pwrite)
        with pytest.raises(OSError, match="full"):
            kept.append(b"four\n")
    assert (kept.path.stat().st_size, kept.count, kept.lost()) == (16, 3, "")
    kept.append(b"five\n")
    assert (kept.path.read_bytes()[14:], kept.lost(whole=True)) == (b"five\n", "")


def test_a_look_from_another_thread_while_it_is_written_to_is_no_false_alarm(kept: Kept) -> None:
    done, seen = threading.Event(), set[str]()

    def look() -> None:
        while not done.is_set():
            seen.add(kept.lost())

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(3000):
        kept.append(b"x" * (number % 97))
    done.set()
    thread.join()
    assert seen == {""}


def test_a_file_system_whose_numbers_tell_nothing_raises_no_false_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.files.os.path.samestat", lambda _one, _other: False)
    kept = Kept(tmp_path / "kept")
    kept.append(b"abc")
    replace(kept.path)
    assert kept.lost() == ""
    os.truncate(kept.path, 1)
    assert "cut off" in kept.lost()
