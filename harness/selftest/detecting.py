"""The detection self-test and the proofs, as the commands call them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from harness.engine import Engine
from harness.errors import FAIL, PASS, UNKNOWN, UsageError
from harness.selftest import record
from harness.selftest.corpus import Corpus, Overlay, read
from harness.selftest.detection import DetectionRunner, sample, table
from harness.selftest.detection_summary import line, summary
from harness.selftest.proving import prove, tasks
from harness.selftest.results import Results
from harness.selftest.table import Result
from harness.selftest.working import work_off


def chosen(corpus: Corpus, only: Sequence[str], turn: int | None, size: tuple[int, int]) -> tuple[Overlay, ...]:
    """The overlays that are meant: those that are named, or a turn's sample, or all.

    Raises:
        UsageError: there is none of this name.
    """
    known = {one.name: one for one in corpus.all}
    if unknown := [name for name in only if name not in known]:
        raise UsageError("There is no such overlay", where="--only", got=", ".join(unknown), expected=", ".join(known))
    if only:
        return tuple(known[name] for name in dict.fromkeys(only))
    return corpus.all if turn is None else sample(corpus, turn, defects=size[0], variants=size[1])


def detection(
    stack: Path,
    *,
    seed: int,
    jobs: int,
    repeat: int,
    only: Sequence[str],
    turn: int | None,
    size: tuple[int, int],
    runs: int | None,
    arguments: Sequence[str],
    limit: float,
    listed: bool,
    recorded: bool,
    out: Path,
) -> int:
    """`harness selftest detection`. Returns the exit code. UsageError of the corpus, or results of another table."""
    corpus = read(stack)
    overlays = chosen(corpus, only, turn, size)
    cases = list(table(overlays, seed, repeat=repeat, arguments=arguments))
    if listed:
        for case in cases:
            kind = "defect" if case.variant.defect else "harmless"
            click.echo(f"{case.n:>5}  {kind:<8}  {case.variant.name}")
        return PASS
    about = {"self-test": "detection", "seed": seed, "repeat": repeat, "overlays": sorted(one.name for one in overlays),
             "arguments": list(arguments)}  # fmt: skip
    results = Results(out, about)
    wanted = len(cases) if runs is None else min(len(cases), len(results.all) + runs)

    def told(result: Result) -> None:
        click.echo(line(result, len(results.all), len(cases)))

    try:
        with Engine.connect() as engine:
            runner = DetectionRunner(engine, corpus.stack, (out / "kept").absolute(), limit, corpus)
            work_off(cases, runner.run, results, wanted=wanted, jobs=jobs, told=told)
    except BaseException:
        click.echo(f"\n{len(results.all)} gates are done; the same call goes on from there: {results.path}")
        raise
    finally:
        if recorded:
            record.save(corpus, record.merged(record.load(corpus), record.gated(results.all)))
    again = ["harness", "selftest", "detection", str(stack), *(w for word in arguments for w in ("--gate", word))]
    for text in summary(results.all, len(cases), again):
        click.echo(text)
    click.echo(f"\nresults:  {results.path}")
    if any(one.findings for one in results.all):
        return FAIL
    decided = all(one.exit_code in (PASS, FAIL) for one in results.all)
    return PASS if decided and len(results.all) >= len(cases) else UNKNOWN


def proofs(stack: Path, *, only: Sequence[str], stock: bool, jobs: int, recorded: bool) -> int:
    """`harness selftest prove`. Returns the exit code."""
    corpus = read(stack)
    overlays = [one for one in chosen(corpus, only, None, (0, 0)) if one.defect is not None]
    held: dict[str, bool] = {}
    wrong = 0
    left = Counter(name for task in tasks(overlays, stock=stock) for name, _, _ in task.looks)
    words = "seen, and not on the stock" if stock else "seen"
    with Engine.connect() as engine:
        for seen in prove(engine, corpus, overlays, stock=stock, jobs=jobs):
            where = f"{seen.name} {seen.number}" + (" on the stock" if seen.stock else "")
            click.echo(f"{'ok ' if seen.held else 'NOT'}  {where}: {shlex.quote(seen.expected)}")
            for text in [] if seen.held else seen.output.splitlines() or ["(no output)"]:
                click.echo(f"     | {text}")
            wrong += not seen.held
            held[seen.name] = held.get(seen.name, True) and seen.held
            left[seen.name] -= 1
            if recorded and not left[seen.name]:  # at once: the next one may be interrupted
                found = {seen.name: {"proof": words if held[seen.name] else "not seen"}}
                record.save(corpus, record.merged(record.load(corpus), found))
    click.echo(f"\n{sum(held.values())} of {len(held)} defects are proven")
    return FAIL if wrong else PASS
