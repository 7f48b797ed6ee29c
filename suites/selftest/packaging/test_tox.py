"""What tox runs: every test once, whichever way one goes, and none tried again."""

from __future__ import annotations

import configparser
import itertools
import re

from _pytest.mark.expression import Expression

from suites.selftest.packaging.conftest import ROOT

MARKS = ("containers", "programs", "soak", "paired", "alone")


def tox() -> configparser.RawConfigParser:
    found = configparser.RawConfigParser()
    found.read(ROOT / "tox.ini", encoding="utf-8")
    return found


def selection(environment: str) -> Expression:
    """Which marks an environment's tests have to have."""
    (found,) = re.findall(r'pytest (?:.* )?-m (?:"([^"]+)"|(\w+))', tox()[f"testenv:{environment}"]["commands"])
    return Expression.compile(found[0] or found[1])


def fits(expression: Expression, kind: frozenset[str]) -> bool:
    def marked(name: str, /, **_: object) -> bool:
        return name in kind

    return expression.evaluate(marked)


def selects(environment: str, kind: frozenset[str]) -> bool:
    return fits(selection(environment), kind)


def kinds() -> list[frozenset[str]]:
    """Every set of marks that a test can have: what needs much of the machine is a gate, and needs an engine."""
    every = (frozenset(kind) for size in range(len(MARKS)) for kind in itertools.combinations(MARKS, size))
    return [kind for kind in every if not {"paired", "alone"} & kind or "containers" in kind]


def test_each_test_is_in_one_environment_of_those_that_tox_runs_by_itself() -> None:
    names = [name for name in tox()["tox"]["env_list"].split(", ") if "pytest" in tox()[f"testenv:{name}"]["commands"]]
    assert names == ["pure", "programs", "containers", "paired", "alone"]
    for kind in kinds():
        chosen = [name for name in names if selects(name, kind)]
        assert len(chosen) == 1, f"tests with the marks {set(kind)} are in {chosen}"


def test_the_environment_for_everything_leaves_no_test_out_and_runs_none_twice() -> None:
    commands = tox()["testenv:test"]["commands"]
    assert "{[testenv:pure]commands}" in commands
    assert "{[testenv:paired]commands}" in commands
    assert "{[testenv:alone]commands}" in commands
    (rest,) = re.findall(r'pytest .*-m "([^"]+)"', commands)
    for kind in kinds():
        chosen = [*(selects(name, kind) for name in ("pure", "paired", "alone")), fits(Expression.compile(rest), kind)]
        assert chosen.count(True) == 1, f"tests with the marks {set(kind)}: {chosen}"


def test_the_soak_runs_all_that_ci_shortens_and_none_twice() -> None:
    """Random tests and those of which CI runs a part: whatever else they are."""
    chosen = [Expression.compile(found) for found in re.findall(r'-m "([^"]+)"', tox()["testenv:soak"]["commands"])]
    for kind in kinds():
        for marks in (kind, kind | {"sampled"}):
            times = sum(fits(one, marks) for one in chosen)
            assert times == (1 if {"soak", "sampled"} & marks else 0), f"tests with the marks {set(marks)}: {times}"
    assert re.search(r"HARNESS_SAMPLE =\n", (ROOT / "tox.ini").read_text()), "all of them, whatever CI is told"


def test_nothing_is_tried_again() -> None:
    """A failure that went away on a retry would not be reported: there is no retry."""
    for name in ("tox.ini", "pyproject.toml", ".ci/test", ".ci/run", ".ci/gate"):
        assert not re.search(r"--reruns|rerunfailures|flaky", (ROOT / name).read_text()), name
