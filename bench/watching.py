"""What watching costs: records, log lines, metrics and limits of every kind, on and off in one interleaved run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench.measure import Report, measure
from bench.scenarios import SCENARIOS

NAME = "watching"
NAMES = ("bare", "watched")
TARGET_US = 60
MEASURED = tuple(each for each in SCENARIOS if each.name in ("whole chat -> openai", "burst chat -> openai"))
MORE_ROUNDS, SHORTER = 10, 2
"""What is looked for is smaller than what other work on the machine does to a round: many short rounds, and each is
compared with its neighbour."""


@dataclass(frozen=True, slots=True)
class Watching:
    """CPU in microseconds a request, by scenario: (off, how much more on), medians over pairs of rounds."""

    cpu: dict[str, tuple[float, float]]
    errors: int


def watching(rounds: int, seconds: float, told: Callable[[str], None] = lambda line: None) -> Watching:
    """Raises RuntimeError when a process does not come up."""
    report: Report = measure(MEASURED, rounds=MORE_ROUNDS * rounds, seconds=seconds / SHORTER, names=NAMES, told=told)
    cpu = {}
    for name, row in report.figures.items():
        off, on = (row[each].cpu_rounds for each in NAMES)
        cpu[name] = (median(off), median(after - before for before, after in zip(off, on, strict=True)))
    return Watching(cpu, report.errors)


def lines(found: Watching) -> Iterator[str]:
    yield f"records, log, metrics and limits of keys: CPU us/request (target: at most {TARGET_US} more)"
    for name, (off, more) in found.cpu.items():
        yield f"  {name:24}{off:8.0f} off{off + more:8.0f} on{more:+8.0f}"
