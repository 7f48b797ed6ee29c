"""One plan, run several times, each time in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from harness.plan.plan_process import PlanOrder, PlanProcess, PlanResult


def repeat(
    order: PlanOrder, times: int, jobs: int, directory: Path, told: Callable[[int, PlanResult], None]
) -> list[PlanResult]:
    """Run it so many times, at most `jobs` at once; returns what came of each, in order.

    What ends this early - an error, Ctrl-C - stops every run that is under way, and waits until it has cleaned up.

    Args:
        directory: in which each run gets a directory of its own, by its number.
        told: called with the number, from 1, and the result of each run that has ended.
    """
    stop, wide = threading.Event(), len(str(times))
    found: dict[int, PlanResult] = {}

    def one(number: int) -> PlanResult:
        return PlanProcess(order, directory / f"{number:0{wide}}").wait(unless=stop)

    with ThreadPoolExecutor(jobs, thread_name_prefix="replay") as pool:
        try:
            under_way = {pool.submit(one, number): number for number in range(1, times + 1)}
            for future in as_completed(under_way):
                number = under_way[future]
                found[number] = future.result()
                told(number, found[number])
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[number] for number in sorted(found)]
