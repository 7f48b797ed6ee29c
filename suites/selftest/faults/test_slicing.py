from __future__ import annotations

from suites.selftest.faults.made import CACHE, Made


def test_data_come_in_small_packets_so_far_apart(made: Made) -> None:
    with made.faults.slicing("backend-2", "cache", size=1, delay_us=20_000):
        assert made.talk(data=b"0123456789") >= 0.18  # nine pauses


def test_size_variation_and_direction_are_given_to_the_toxic(made: Made) -> None:
    with made.faults.slicing("backend-2", "cache", size=8, variation=3, stream="both"):
        toxics = made.proxy.proxy(CACHE).toxics
        assert [toxic.stream for toxic in toxics] == ["upstream", "downstream"]
        assert {toxic.attributes["size_variation"] for toxic in toxics} == {3}
        made.talk()
