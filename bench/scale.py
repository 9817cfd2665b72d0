"""What a request costs the gateway with few and many accounts, and with few and many bound conversations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.candidates import Candidate, gateway
from bench.load import Run
from bench.processes import Process, cores
from bench.scenarios import CLIENT_KEY

NAME = "scale"
CONNECTIONS = 16
WARM_UP_S = 0.3
SHORT = 12
"""A round is so many short ones, and sizes are compared within each: what else the machine does comes and goes more
slowly."""
_WISH = "Write a short story about a lighthouse keeper. " * 6
FLAT = 0.10
"""How much more the largest may cost than the smallest."""


@dataclass(frozen=True, slots=True)
class Size:
    """`turns` of a conversation: in a first one the strategy places, in a later one the binding does."""

    accounts: int
    bindings: int
    turns: int

    @property
    def name(self) -> str:
        accounts = "1 account" if self.accounts == 1 else f"{self.accounts} accounts"
        return f"{accounts}, {self.bindings} bindings" if self.turns > 1 else accounts

    def request(self) -> bytes:
        turns = [{"role": "system", "content": "You are a helpful assistant."}]
        for number in range(self.turns):
            said = {"role": "assistant", "content": f"Answer {number}."}
            turns += [
                *([said] if number else []),
                {"role": "user", "content": "Write a short story about a lighthouse. " * 6},
            ]
        body = json.dumps({"model": "gpt-bench-d0-c1-i0", "max_tokens": 1024, "messages": turns}).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {CLIENT_KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


GROUPS: tuple[tuple[Size, ...], ...] = (
    (Size(1, 0, 1), Size(2, 0, 1), Size(100, 0, 1), Size(1000, 0, 1)),
    (Size(3, 0, 2), Size(3, 100_000, 2)),
)
"""In each the first is what the others are compared with."""


@dataclass(slots=True)
class Scaled:
    """Medians: CPU in microseconds a request; `times` is it as a multiple of the group's first in the same round."""

    name: str
    cpu_request: float
    times: float
    requests: int
    errors: int
    first_error: str

    def line(self) -> str:
        mark = "" if self.times <= 1 + FLAT else "  NOT FLAT"
        return f"{self.name:32}{self.cpu_request:10.0f}{self.times:10.2f}{self.errors:8}{mark}"


def scaled(
    groups: Sequence[Sequence[Size]] = GROUPS,
    *,
    rounds: int,
    seconds: float,
    told: Callable[[str], None] = lambda line: None,
) -> list[list[Scaled]]:
    """Starts everything, measures the sizes of a group in turn, ends everything. Raises RuntimeError when a process
    does not come up."""
    load_core, measured_core = cores()
    processes: list[Process] = []
    try:
        upstream = Process(["-m", "bench.upstream"], load_core, pipes=True)
        processes.append(upstream)
        load = Process(["-m", "bench.load"], load_core, pipes=True)
        processes.append(load)
        port = int(upstream.read() or 0)
        return [_group(sizes, port, measured_core, load, rounds, seconds, told) for sizes in groups]
    finally:
        for process in processes:
            process.end()


def _group(
    sizes: Sequence[Size],
    port: int,
    core: int,
    load: Process,
    rounds: int,
    seconds: float,
    told: Callable[[str], None],
) -> list[Scaled]:
    running: list[Candidate] = []
    runs: list[list[dict[str, Any]]] = [[] for _ in sizes]
    try:
        for size in sizes:
            told(f"{NAME}: {size.name}")
            running.append(gateway(port, core, accounts=size.accounts, bindings=size.bindings))
        for number in range(rounds * SHORT + 1):
            length = seconds * 2 / SHORT if number else WARM_UP_S
            row = list(zip(sizes, running, runs, strict=True))
            for size, candidate, found in row[number % len(row) :] + row[: number % len(row)]:
                run = Run(candidate.port, size.request().decode("latin-1"), 1, CONNECTIONS, length)
                before = candidate.busy_s()
                result: dict[str, Any] = json.loads(load.ask(json.dumps(asdict(run))) or "{}")
                if number:
                    found.append({**result, "cpu": candidate.busy_s() - before})
    finally:
        for candidate in running:
            candidate.end()
    return [_row(size, found, runs[0]) for size, found in zip(sizes, runs, strict=True)]


def _row(size: Size, runs: list[dict[str, Any]], first: list[dict[str, Any]]) -> Scaled:
    return Scaled(
        name=size.name,
        cpu_request=median(map(_cost, runs)),
        times=median(_cost(each) / (_cost(other) or 1.0) for each, other in zip(runs, first, strict=True)),
        requests=sum(each["ok"] for each in runs),
        errors=sum(each["errors"] for each in runs),
        first_error=next((each["first_error"] for each in runs if each["first_error"]), ""),
    )


def _cost(run: dict[str, Any]) -> float:
    return float(run["cpu"] * 1e6 / max(run["ok"], 1))


def lines(groups: Sequence[Sequence[Scaled]]) -> Iterator[str]:
    """For people."""
    for rows in groups:
        yield ""
        yield f"{NAME} chat -> openai"
        yield f"{'':32}{'CPU us/req':>10}{'x first':>10}{'errors':>8}"
        for row in rows:
            yield row.line()
            if row.first_error:
                yield f"    {row.first_error}"
