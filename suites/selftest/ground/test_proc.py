from __future__ import annotations

from pathlib import Path

from harness import proc

ELSEWHERE = "another-boot/4026531836/1/1"


def test_an_identity_of_this_process_is_alive_and_a_foreign_one_is_unknown() -> None:
    assert proc.is_alive(proc.identity()) is True
    assert proc.is_alive(ELSEWHERE) is None
    assert proc.is_alive("nonsense") is None


def test_a_zombie_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(["1"] * 18 + ["555"] + ["0"] * 20)
    (tmp_path / "7" / "stat").write_text(f"7 (a ) name) S {fields}")
    assert proc.start_time(7, tmp_path) == "555"
    (tmp_path / "7" / "stat").write_text(f"7 (a ) name) Z {fields}")
    assert proc.start_time(7, tmp_path) is None
