"""Speed as a ratio: of two pieces of work in one process, each in its best round."""

from __future__ import annotations

import time
from collections.abc import Callable


def ratio(work: Callable[[], object], measure: Callable[[], object], rounds: int = 30) -> float:
    """How many times as long as `measure` `work` takes."""
    return _best(work, rounds) / _best(measure, rounds)


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best
