"""Whether a tolerance is one that the library can compare with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.chaostoolkit.library import chaoslib
from harness.chaostoolkit.place import Place

SHAPES = "a number, true or false, a text, a list, or a mapping with `type`: probe, regex, jsonpath or range"


def check(place: Place, activity: Callable[..., None]) -> None:
    """Make sure that it is.

    Args:
        activity: what looks at a probe that is a tolerance itself.

    Raises:
        UsageError: it is not, with its place.
    """
    place.must_be(bool, int, str, list, dict, what=SHAPES)
    if not isinstance(place.value, dict):
        return
    kind = place.at("type").one_of("probe", "regex", "jsonpath", "range")
    if kind == "probe":
        activity(place, kinds=("probe",))
        place.at("provider").at("arguments").must_be(dict, what="arguments: {}, to which `value` is added")
        return
    keys = {
        "regex": ("pattern", "target"),
        "jsonpath": ("path", "target", "expect", "count"),
        "range": ("range", "target"),
    }
    place.only("type", "name", *keys[kind])
    library: Any = chaoslib("hypothesis")
    looks = {"regex": library.check_regex_pattern, "jsonpath": library.check_json_path, "range": library.check_range}
    try:
        looks[kind](place.value)
    except (chaoslib("exceptions").InvalidActivity, AttributeError, RecursionError, OverflowError) as error:
        raise place.refusal(f"The tolerance is no {kind}", expected=str(error)) from None
