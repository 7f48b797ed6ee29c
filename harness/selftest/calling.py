"""The self-tests as the command calls them: the table, what is done already, the rest, and the figures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from harness.engine import Engine
from harness.errors import FAIL, PASS, UNKNOWN, UsageError
from harness.selftest import injections
from harness.selftest import starvation as starving
from harness.selftest.honesty import Runner
from harness.selftest.results import Results
from harness.selftest.summary import WIDTH, line, summary
from harness.selftest.table import Case, Result
from harness.selftest.variants import Variants
from harness.selftest.working import work_off

Kind = type[Runner]


def honesty(
    variants: Variants,
    *,
    runs: int,
    seed: int,
    jobs: int,
    only: Sequence[str],
    undisturbed: bool,
    limit: float,
    listed: bool,
    case: int | None,
    out: Path,
) -> int:
    """`harness selftest honesty`. Returns the exit code.

    Raises:
        UsageError: an unknown target, or results of another table.
    """
    unknown = set(only) - injections.BY_NAME.keys()
    if unknown:
        raise UsageError(
            "There is no such target",
            where="--only",
            got=", ".join(sorted(unknown)),
            expected=", ".join(injections.BY_NAME),
        )

    def cases() -> Iterable[Case]:
        return (one for one in injections.table(variants, seed, only) if undisturbed or not one.undisturbed)

    if listed:
        first = len(variants.all) if undisturbed else 0
        click.echo(
            f"the first {runs} of {injections.size(variants, only)} runs; one without effect makes way for the next"
        )
        return _list(itertools.islice(cases(), first + runs))
    about = {"self-test": "honesty", "seed": seed, "stack": variants.stack.name, "only": sorted(only)}
    repeat = _repeat("honesty", variants, seed, [word for name in only for word in ("--only", name)])
    return _run(Runner, variants, cases, about, repeat, wanted=runs, jobs=jobs, limit=limit, case=case, out=out)


def starvation(
    variants: Variants,
    *,
    clean: int,
    repeat: int,
    defects: int,
    seed: int,
    jobs: int,
    limit: float,
    listed: bool,
    case: int | None,
    out: Path,
) -> int:
    """`harness selftest starvation`. Returns the exit code. UsageError for results of another table."""
    table = list(starving.table(variants, seed, clean=clean, repeat=repeat, defects=defects))
    if listed:
        return _list(table)
    sizes = {"clean": clean, "repeat": repeat, "defects": defects}
    about = {"self-test": "starvation", "seed": seed, "stack": variants.stack.name, **sizes}
    again = _repeat("starvation", variants, seed, [str(w) for name, n in sizes.items() for w in (f"--{name}", n)])
    kind, wanted = starving.StarvedRunner, len(table)
    return _run(kind, variants, lambda: table, about, again, wanted=wanted, jobs=jobs, limit=limit, case=case, out=out)


def _repeat(name: str, variants: Variants, seed: int, more: Sequence[str]) -> list[str]:
    where = [str(variants.stack), "--variants", str(variants.file), "--seed", str(seed)]
    return ["harness", "selftest", name, *where, *more]


def _list(cases: Iterable[Case]) -> int:
    for case in cases:
        click.echo(f"{case.n:>5}  {case.variant.name:<14} {case.title or 'nothing done'}"[:WIDTH])
    return PASS


def _run(
    kind: Kind,
    variants: Variants,
    cases: Callable[[], Iterable[Case]],
    about: dict[str, Any],
    repeat: Sequence[str],
    *,
    wanted: int,
    jobs: int,
    limit: float,
    case: int | None,
    out: Path,
) -> int:
    if case is not None:
        chosen = next((one for one in cases() if one.n >= case), None)
        if chosen is None or chosen.n != case:
            raise UsageError("The table has no such run", where="--case", got=str(case), hint="--list names them")
        cases, out, about, wanted = lambda: [chosen], out / f"case-{case}", {**about, "case": case}, 1
    with Engine.connect() as engine:
        results = Results(out, about)
        if case is not None:  # once more, whatever it said before
            results.path.unlink()
            results = Results(out, about)
        runner = kind(engine, variants.stack, (out / "kept").absolute(), limit)

        def told(result: Result) -> None:
            click.echo(line(result, sum(one.counts for one in results.all), wanted))

        try:
            counted = work_off(cases(), runner.run, results, wanted=wanted, jobs=jobs, told=told)
        except BaseException:
            click.echo(f"\n{len(results.all)} runs are done; the same call goes on from there: {results.path}")
            raise
    for text in summary(results.all, wanted, repeat):
        click.echo(text)
    click.echo(f"\nresults:  {results.path}")
    if any(one.findings for one in results.all):
        return FAIL
    return PASS if counted >= wanted else UNKNOWN
