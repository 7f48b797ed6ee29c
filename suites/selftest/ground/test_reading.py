"""Files that a user names: only regular ones, of a size that was looked at, in UTF-8; and no waiting for anybody."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from harness.errors import StackError, UsageError
from harness.reading import NotRegular, data, opened, text


def refusal(path: Path, most: int = 100) -> UsageError:
    with pytest.raises(UsageError) as caught:
        text(path, "The file", name="it", most=most)
    return caught.value


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused = refusal(tmp_path / "pipe")
    assert (refused.what, refused.got) == ("The file is not a regular file", "a named pipe (FIFO)")


@pytest.mark.timeout(10)
def test_a_pipe_behind_a_link_is_refused_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert refusal(tmp_path / "link").got == "a named pipe (FIFO)"


@pytest.mark.timeout(10)
def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the opening: the opening itself must not wait, and is looked at again."""
    os.mkfifo(tmp_path / "pipe")
    plain = Path(__file__).stat()
    monkeypatch.setattr(os, "stat", lambda _path: plain)
    with pytest.raises(NotRegular, match="pipe"):
        opened(tmp_path / "pipe")


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
@pytest.mark.timeout(10)
def test_a_device_is_refused_before_it_is_opened(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert refusal(Path(device)).got == "a character device"


def test_a_socket_and_a_directory_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert refusal(tmp_path / "s").got == "a socket"
    assert refusal(tmp_path).got == "a directory"


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "circle" in str(refusal(tmp_path / "a").got)


@pytest.mark.parametrize("name", ["nothing", "a/b", "x" * 300, "zero\0byte"])
def test_what_is_not_there_or_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    refusal(tmp_path / name)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("it was read"))
    refused = refusal(tmp_path / "f")
    assert (refused.got, refused.expected) == (f"{1 << 40} bytes", "100 bytes or less")


@pytest.mark.timeout(10)
def test_a_file_that_hides_its_size_is_read_up_to_the_limit_only() -> None:
    assert Path("/proc/self/maps").stat().st_size == 0
    assert "more than 100 bytes" in str(refusal(Path("/proc/self/maps")).got)


def test_a_file_of_the_largest_size_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100)
    assert data(tmp_path / "f", "It", most=100) == b"x" * 100
    assert "too large" in refusal(tmp_path / "f", most=99).what


def test_what_is_not_utf_8_is_refused_with_its_line_and_byte(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes("ä\nbü\n".encode() + b"c\xe9\n")
    refused = refusal(tmp_path / "f")
    assert (refused.where, refused.got) == ("it, line 3, byte 2", "the byte 0xe9")


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa")
    assert text(tmp_path / "f", "It") == "a"


def test_the_error_is_of_the_callers_kind_and_has_its_hint(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        text(tmp_path / "f", "It", kind=StackError, hint="make one")
    assert caught.value.hint == "make one"
