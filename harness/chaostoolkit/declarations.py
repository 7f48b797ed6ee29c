"""Whether configuration and secrets are declared as they must be: a secret is named, and never written out."""

from __future__ import annotations

from harness.chaostoolkit import activities
from harness.chaostoolkit.place import Place

TYPES = ("str", "string", "int", "integer", "float", "number", "bool", "json")


def configuration(place: Place) -> None:
    """Make sure that each entry is a value, `{type: env, key: NAME}` or a probe. Raises UsageError."""
    if place.value is None:
        return
    for one in place.must_be(dict).items():
        if not isinstance(one.value, dict) or "type" not in one.value:
            continue
        kind = one.at("type").one_of("env", "probe")
        if kind == "probe":
            named = (
                one if "name" in one else Place({"name": str(one.path[-1]), **one.value}, one.path, one.file, one.root)
            )
            activities.check(named, kinds=("probe",))
        else:
            one.only("type", "key", "default", "env_var_type")
            one.at("key").word("the name of a variable of the environment")
            if "env_var_type" in one:
                one.at("env_var_type").one_of(*TYPES)


def secrets(place: Place) -> None:
    """Make sure that each secret comes from the environment: one that is written out would be in the plan's file and in
    the history of every run. Raises UsageError.
    """
    if place.value is None:
        return
    for group in place.must_be(dict).items():
        for one in (
            [group] if "type" in group.must_be(dict, what="{NAME: {type: env, key: VARIABLE}}") else group.items()
        ):
            _secret(one)


def _secret(place: Place) -> None:
    expected = "{type: env, key: VARIABLE}"
    if not isinstance(place.value, dict):
        raise place.refusal(
            "A secret is written out",
            got="a value, not shown here",
            expected=expected,
            hint="a plan and its history are kept: put the secret into a variable of the environment",
        )
    if place.value.get("type") != "env":
        hint = "read it from where it is kept into a variable, before the harness is called"
        raise place.refusal(
            "A secret does not come from the environment", got=place.value.get("type"), expected=expected, hint=hint
        )
    place.only("type", "key")
    place.at("key").word("the name of a variable of the environment")
