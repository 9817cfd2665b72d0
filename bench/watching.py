"""What watching costs: records, log lines, metrics and limits of every kind, on and off in one interleaved run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measure import Report, measure
from bench.scenarios import SCENARIOS

NAMES = ("bare", "watched")
TARGET_US = 60
MEASURED = tuple(each for each in SCENARIOS if each.name in ("whole chat -> openai", "burst chat -> openai"))


@dataclass(frozen=True, slots=True)
class Watching:
    """CPU in microseconds a request of the cheapest rounds, by scenario: (off, on). Medians of two candidates differ by
    more than what is looked for as soon as the machine has anything else to do."""

    cpu: dict[str, tuple[float, float]]
    errors: int


def watching(rounds: int, seconds: float, told: Callable[[str], None] = lambda line: None) -> Watching:
    """Raises RuntimeError when a process does not come up."""
    report: Report = measure(MEASURED, rounds=rounds, seconds=seconds, names=NAMES, told=told)
    cpu = {name: (row["bare"].cpu_least, row["watched"].cpu_least) for name, row in report.figures.items()}
    return Watching(cpu, report.errors)


def lines(found: Watching) -> Iterator[str]:
    yield f"records, log, metrics and limits of keys: CPU us/request (target: at most {TARGET_US} more)"
    for name, (off, on) in found.cpu.items():
        yield f"  {name:24}{off:8.0f} off{on:8.0f} on{on - off:+8.0f}"
