"""Rounds: every candidate in turn, every scenario, medians."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench import candidates
from bench.candidates import Candidate
from bench.load import Run
from bench.processes import Process, cores
from bench.scale import Scaled
from bench.scenarios import Scenario

WARM_UP_S = 0.2


@dataclass(slots=True)
class Figures:
    """Medians of the rounds of one candidate in one scenario; CPU in microseconds of all of its processes,
    `cpu_rounds` a request in each round.

    `reference` is the CPU per request as a multiple of the reference proxy's, `added_*` milliseconds over direct;
    None where there is nothing to compare with.
    """

    requests_s: float
    chunks_s: float
    cpu_request: float
    cpu_chunk: float
    p50_ms: float
    p99_ms: float
    rss_mb: float
    requests: int
    errors: int
    first_error: str
    reference: float | None = None
    added_p50_ms: float | None = None
    added_p99_ms: float | None = None
    cpu_rounds: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """`started`: candidate -> {"start_s", "idle_mb"}; `figures`: scenario -> candidate -> Figures; `scale`: what more
    accounts and more bound conversations cost."""

    started: dict[str, dict[str, float]]
    figures: dict[str, dict[str, Figures]]
    scale: list[list[Scaled]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def errors(self) -> int:
        measured = sum(each.errors for row in self.figures.values() for each in row.values())
        return measured + sum(each.errors for rows in self.scale for each in rows)


def measure(
    scenarios: Sequence[Scenario],
    *,
    rounds: int,
    seconds: float,
    names: Sequence[str] = candidates.NAMES,
    told: Callable[[str], None] = lambda line: None,
) -> Report:
    """Starts everything, measures, ends everything. Raises RuntimeError when a process does not come up."""
    load_core, measured_core = cores()
    processes: list[Process] = []
    running: list[Candidate] = []
    try:
        upstream = Process(["-m", "bench.upstream"], load_core, pipes=True)
        processes.append(upstream)
        load = Process(["-m", "bench.load"], load_core, pipes=True)
        processes.append(load)
        port = int(upstream.read() or _died(upstream))
        for name in names:
            running.append(candidates.start(name, port, measured_core))
            told(f"{name} is up ({running[-1].start_s:.2f} s, {running[-1].idle_mb:.0f} MB)")
        figures = {}
        for scenario in scenarios:
            told(scenario.name)
            figures[scenario.name] = _rounds(scenario, running, load, rounds, seconds)
        return Report({each.name: {"start_s": each.start_s, "idle_mb": each.idle_mb} for each in running}, figures)
    finally:
        for candidate in running:
            candidate.end()
        for process in processes:
            process.end()


def _rounds(
    scenario: Scenario, running: list[Candidate], load: Process, rounds: int, seconds: float
) -> dict[str, Figures]:
    found: dict[str, list[dict[str, Any]]] = {each.name: [] for each in running}
    if seconds > WARM_UP_S:
        for candidate in running:
            _once(scenario, candidate, load, WARM_UP_S)
    for _ in range(rounds):
        for candidate in running:
            found[candidate.name].append(_once(scenario, candidate, load, seconds))
    row = {name: _median(each) for name, each in found.items()}
    direct, reference = row.get("direct"), row.get("reference")
    for figures in row.values():
        if reference is not None and reference.cpu_request:
            figures.reference = figures.cpu_request / reference.cpu_request
        if direct is not None:
            figures.added_p50_ms = figures.p50_ms - direct.p50_ms
            figures.added_p99_ms = figures.p99_ms - direct.p99_ms
    return row


def _once(scenario: Scenario, candidate: Candidate, load: Process, seconds: float) -> dict[str, Any]:
    run = Run(
        candidate.port,
        scenario.request().decode("latin-1"),
        scenario.chunks,
        scenario.connections,
        seconds,
        scenario.rate,
    )
    before = candidate.cpu()
    result: dict[str, Any] = json.loads(load.ask(json.dumps(asdict(run))) or _died(load))
    return {**result, "cpu": candidate.cpu() - before, "rss": candidate.rss_mb()}


def _median(runs: list[dict[str, Any]]) -> Figures:
    def of(value: Callable[[dict[str, Any]], float]) -> float:
        return median(map(value, runs))

    return Figures(
        requests_s=of(lambda each: each["ok"] / each["seconds"]),
        chunks_s=of(lambda each: each["chunks"] / each["seconds"]),
        cpu_request=of(lambda each: each["cpu"] * 1e6 / max(each["ok"], 1)),
        cpu_chunk=of(lambda each: each["cpu"] * 1e6 / max(each["chunks"], 1)),
        p50_ms=of(lambda each: each["p50_ms"]),
        p99_ms=of(lambda each: each["p99_ms"]),
        rss_mb=of(lambda each: each["rss"]),
        requests=sum(each["ok"] for each in runs),
        errors=sum(each["errors"] for each in runs),
        cpu_rounds=[each["cpu"] * 1e6 / max(each["ok"], 1) for each in runs],
        first_error=next((each["first_error"] for each in runs if each["first_error"]), ""),
    )


def _died(process: Process) -> str:
    raise RuntimeError(f"a helper process ended:\n{process.said()}")
