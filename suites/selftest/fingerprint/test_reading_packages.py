"""Packages from the databases of dpkg, apk and rpm."""

from __future__ import annotations

import pytest

from harness.environment.fingerprint import packages
from harness.fingerprint import StatePart
from suites.selftest.fingerprint.answers import section

DPKG = """dpkg
Package: curl
Status: install ok installed
Architecture: amd64
Version: 7.88.1-10

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install ok half-configured
Version: 2.0
"""


def read(text: str, code: int = 0) -> StatePart:
    return packages.read({"packages": section(text, b"broken\n" if code else b"", code)})


def test_what_dpkg_has_removed_is_not_there_and_what_it_left_half_done_says_so() -> None:
    assert read(DPKG).items == {"curl": "7.88.1-10", "half": "2.0 (half-configured)"}


def test_apk_and_rpm_are_read_too() -> None:
    assert read("apk\nP:musl\nV:1.2.4-r2\n\nP:zlib\nV:1.3-r0\n").items == {"musl": "1.2.4-r2", "zlib": "1.3-r0"}
    assert read("rpm\nkernel\t5.1.x86_64\nkernel\t5.0.x86_64\n").items == {"kernel": "5.0.x86_64, 5.1.x86_64"}


@pytest.mark.parametrize("text", ["dpkg\n", "dpkg\nPackage: x\n", "apk\n\n\n", "rpm\n", ""])
def test_a_database_without_a_package_is_an_error_and_not_none(text: str) -> None:
    assert read(text).error == "the package database is empty or damaged"


def test_an_image_without_a_database_has_none() -> None:
    assert read("none\n").absent == "no package database"


def test_what_was_not_answered_is_an_error() -> None:
    assert packages.read({}).error == "not answered"
    assert read("", 1).error == "broken"
