"""What Prometheus is told, over all workers.

Counters and histograms are fed from the records, aside of requests. prometheus_client's multiprocess mode keeps them in
one memory-mapped file a worker, and whichever worker is asked adds all of them up; files of workers that have ended
still count until the gateway is started anew. https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import logging
import os
import struct
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway import __version__
from gateway.monitoring.record import Record
from gateway.state.native import Native

log = logging.getLogger("dragoman")

SAMPLE_S = 2.0
READ_TRIES, READ_AGAIN_S = 5, 0.02
NAMES = 300
"""How many different models may have series of their own: clients choose the names."""
OTHER = "other"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)
FILES = ("counter", "histogram", "gauge_livesum")
FILE_BYTES = 256 * 1024
OVERHEAD = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
ENDPOINTS = (
    "/chat/completions", "/completions", "/responses", "/embeddings", "/messages/count_tokens", "/messages", "/models",
    ":generateContent", ":streamGenerateContent", ":countTokens", ":embedContent", ":batchEmbedContents",
)  # fmt: skip
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True, frozen=True)
class AccountState:
    """`state` is usable, resting or disabled; `rest_s` the seconds until it is tried again."""

    upstream: str
    account: str
    state: str
    rest_s: float = 0.0


@dataclass(slots=True, frozen=True)
class Now:
    """What this worker does just now."""

    running: int
    waiting_records: int


class Metrics:
    """One for the process: prometheus_client keeps its files by process. `folder` is shared by all workers; it and the
    files are made with the first record or the first page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._native = Native()
        self._models: set[str] = set()
        self._now: Callable[[], Now] | None = None
        self._opening = threading.Lock()
        self._opened = False
        self._told = False

    def _open(self) -> None:
        """Raises OSError. prometheus_client takes its folder from the environment."""
        with self._opening:
            if not self._opened:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder)
                self._make_files()
                self._define()
                self._opened = True
                threading.Thread(target=self._sample, name="metrics", daemon=True).start()

    def _make_files(self) -> None:
        """With room on the disk: who writes by way of the memory into a file with holes, as prometheus_client makes
        them, is killed by SIGBUS when the disk is full."""
        for kind in FILES:
            file = self._folder / f"{kind}_{os.getpid()}.db"
            made = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(made, 0, FILE_BYTES)
            except OSError:
                file.unlink()
                raise
            finally:
                os.close(made)

    def _define(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

        # Chosen when prometheus_client was first imported, which may have been before the folder was known.
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "dragoman", "registry": self._registry}
        self._requests = Counter(
            "requests", "Requests answered.", ("endpoint", "model", "upstream", "key", "status"), **named
        )
        self._endings = Counter(
            "answers",
            "Answers begun, by how they ended (complete, cut, cancelled, failed).",
            ("ended", "mode"),
            **named,
        )
        self._tokens = Counter("tokens", "Tokens, in kinds that add up.", ("kind", "model", "upstream", "key"), **named)
        self._cost = Counter("cost_usd", "Cost by the price table.", ("model", "key"), **named)
        self._retries = Counter("retries", "Attempts after the first of a request.", ("upstream",), **named)
        self._losses = Counter("losses", "What a translation could not carry.", ("endpoint",), **named)
        self._seconds = Histogram("request_seconds", "Whole requests.", ("endpoint",), buckets=SECONDS, **named)
        self._first = Histogram(
            "first_content_seconds", "From the request to the first content.", ("upstream",), buckets=SECONDS, **named
        )
        self._overhead = Histogram(
            "overhead_seconds",
            "The gateway's own share of a request: all of it but waiting for providers and pauses between attempts.",
            ("mode",),
            buckets=OVERHEAD,
            **named,
        )
        self._running = Gauge(
            "running_requests", "Requests waiting for a provider now.", multiprocess_mode="livesum", **named
        )
        self._waiting = Gauge("records_waiting", "Records not written yet.", multiprocess_mode="livesum", **named)

    def watch(self, now: Callable[[], Now]) -> None:
        """`now` is asked every SAMPLE_S from here on."""
        self._now = now

    def take(self, records: Sequence[Record]) -> None:
        """Counts them. A batch costs about as much as its different labels."""
        if not self._opened:
            try:
                self._open()
            except OSError as error:
                if not self._told:
                    self._told = True
                    log.warning("metrics: nothing is counted, %s cannot be written (%s)", self._folder, error.strerror)
                return
        requests: Counter[tuple[str, ...]] = Counter()
        endings: Counter[tuple[str, ...]] = Counter()
        tokens: Counter[tuple[str, ...]] = Counter()
        retries: Counter[tuple[str, ...]] = Counter()
        losses: Counter[tuple[str, ...]] = Counter()
        cost: dict[tuple[str, ...], float] = {}
        seconds: defaultdict[str, list[float]] = defaultdict(list)
        first: defaultdict[str, list[float]] = defaultdict(list)
        overhead: defaultdict[str, list[float]] = defaultdict(list)
        for record in records:
            endpoint, model = endpoint_of(record.path), self._bounded(record.mapped)
            requests[endpoint, model, record.upstream, record.key, str(record.status)] += 1
            seconds[endpoint].append(record.seconds)
            if record.ended:
                endings[record.ended, record.mode] += 1
            if record.waited_s is not None and record.tries:
                overhead[record.mode].append(max(record.seconds - record.waited_s, 0.0))
            if record.first_content_s is not None:
                first[record.upstream].append(record.first_content_s)
            if len(record.attempts) > 1:
                retries[(record.upstream,)] += len(record.attempts) - 1
            if record.losses:
                losses[(endpoint,)] += record.losses
            for kind, count in _tokens(record):
                tokens[kind, model, record.upstream, record.key] += count
            if record.cost_usd:
                cost[model, record.key] = cost.get((model, record.key), 0.0) + record.cost_usd
        for counter, counted in (
            (self._requests, requests),
            (self._endings, endings),
            (self._tokens, tokens),
            (self._retries, retries),
            (self._losses, losses),
            (self._cost, cost),
        ):
            for labels, value in counted.items():
                counter.labels(*labels).inc(value)
        for histogram, taken in ((self._seconds, seconds), (self._first, first), (self._overhead, overhead)):
            for label, amounts in taken.items():
                _observe(histogram.labels(label), amounts)

    def page(self, accounts: Iterable[AccountState]) -> bytes:
        """The text for Prometheus; `accounts` as the asked worker sees them. Raises OSError."""
        if not self._opened:
            self._open()
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        registry.register(_Accounts(tuple(accounts)))
        for _ in range(READ_TRIES):
            try:
                return self._native.run(lambda: generate_latest(registry))
            except (struct.error, ValueError, OSError):  # another worker is just making its file
                time.sleep(READ_AGAIN_S)
        return self._native.run(lambda: generate_latest(registry))

    def _bounded(self, model: str) -> str:
        if model in self._models:
            return model
        if len(self._models) >= NAMES:
            return OTHER
        self._models.add(model)
        return model

    def _sample(self) -> None:
        while True:
            if self._now is not None:
                now = self._now()
                self._running.set(now.running)
                self._waiting.set(now.waiting_records)
            time.sleep(SAMPLE_S)


class _Accounts:
    """A collector for one page."""

    def __init__(self, accounts: tuple[AccountState, ...]) -> None:
        self._accounts = accounts

    def collect(self) -> Iterable[Any]:
        from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

        states = GaugeMetricFamily("dragoman_accounts", "Accounts by state.", labels=("upstream", "state"))
        counted = Counter((each.upstream, each.state) for each in self._accounts)
        for (upstream, state), count in sorted(counted.items()):
            states.add_metric((upstream, state), count)
        rests = GaugeMetricFamily(
            "dragoman_account_rest_seconds", "Until a resting account is tried again.", labels=("upstream", "account")
        )
        for each in self._accounts:
            if each.rest_s > 0:
                rests.add_metric((each.upstream, each.account), each.rest_s)
        info = InfoMetricFamily("dragoman", "The gateway.", value={"version": __version__})
        return states, rests, info


@lru_cache(maxsize=1)
def metrics_of(folder: Path) -> Metrics:
    """The process's own, also after a reload."""
    return Metrics(folder)


def _observe(histogram: Any, amounts: Sequence[float]) -> None:
    """`histogram.observe` for each of them, at the price of one: prometheus_client has no call for many, and writes
    into its file with each."""
    histogram._sum.inc(sum(amounts))
    buckets = Counter(bisect_left(histogram._upper_bounds, amount) for amount in amounts)
    for number, count in buckets.items():
        histogram._buckets[number].inc(count)


def endpoint_of(path: str) -> str:
    """The path without prefixes and model names: only so many."""
    return next((end for end in ENDPOINTS if path.endswith(end)), OTHER)


def _tokens(record: Record) -> Iterable[tuple[str, int]]:
    if record.input_tokens is None:
        return
    for kind, count in (
        ("input", record.input_tokens - record.cached_tokens - record.cache_write_tokens),
        ("cached", record.cached_tokens),
        ("cache_write", record.cache_write_tokens),
        ("output", (record.output_tokens or 0) - record.reasoning_tokens),
        ("reasoning", record.reasoning_tokens),
    ):
        if count > 0:
            yield kind, count
