"""Requests that are running now, of all workers.

A worker looks at its own every EVERY_S seconds and, only while somebody looks at the page, notes in the state store
those that have run for LONG_S: one entry a worker, gone by itself. The worker that answers the page adds its own as
they are. Nothing of this is on a request's way.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from gateway.state.store import Store
from gateway.web.gateway import Gateway, Running

log = logging.getLogger("dragoman")

SPACE = "live"
WATCHED = "watched"
EVERY_S = 0.5
LONG_S = 0.3
NOTE_S = 3.0
WATCHED_S = 10.0
MOST = 100
"""Of one worker: the page is for people."""


@dataclass(frozen=True, slots=True)
class Row:
    """One running request. `at` in unix seconds, `sent` bytes of its answer."""

    id: str
    at: float
    path: str
    key: str
    asked: str
    mapped: str
    upstream: str
    account: str
    stream: bool
    attempts: int
    first_content_s: float | None
    sent: int


class Board:
    """`name` tells this worker from all others, on other machines too."""

    def __init__(self, store: Store, name: str = "") -> None:
        self._store = store
        self._key = f"worker/{name or f'{socket.gethostname()}/{os.getpid()}'}"
        self._told = False
        self._asked_at = float("-inf")

    def rows(self, own: Gateway) -> list[Row]:
        """Everybody's, the oldest first; from now on the other workers tell theirs."""
        if time.monotonic() - self._asked_at > WATCHED_S / 2:
            self._asked_at = time.monotonic()
            self._store.put(SPACE, WATCHED, b"1", WATCHED_S)
        found = rows_of([own], 0.0)
        for key, value in self._store.scan(SPACE, "worker/"):
            if key != self._key:
                found += _load(value)
        return sorted(found, key=lambda row: row.at)

    def tell(self, gateways: Iterable[Gateway]) -> None:
        """What this worker has running, for the others' pages, while somebody looks."""
        rows = rows_of(gateways, LONG_S)
        if not rows and not self._told:
            return
        if rows and self._store.get(SPACE, WATCHED) is None:
            return
        self._told = bool(rows)
        self._store.put(SPACE, self._key, json.dumps([asdict(row) for row in rows]).encode(), NOTE_S)

    def run(self, gateways: Callable[[], Iterable[Gateway]]) -> None:
        """For the life of a worker."""
        while True:
            time.sleep(EVERY_S)
            try:
                self.tell(gateways())
            except Exception:
                log.exception("the running requests cannot be told to the admin page")
                time.sleep(60.0)

    def start(self, gateways: Callable[[], Iterable[Gateway]]) -> None:
        threading.Thread(target=self.run, args=(gateways,), name="board", daemon=True).start()


def rows_of(gateways: Iterable[Gateway], age_s: float) -> list[Row]:
    """Those that have run for `age_s` seconds, the oldest first."""
    until = time.time() - age_s
    running = [each for gateway in gateways for each in list(gateway.running.values()) if each.at <= until]
    return [_row(each) for each in sorted(running, key=lambda each: each.at)[:MOST]]


def _row(each: Running) -> Row:
    call = each.call
    assert call is not None
    outcome = call.outcome
    last = outcome.attempts[-1] if outcome.attempts else None
    return Row(
        call.request_id,
        each.at,
        each.path,
        each.key,
        call.asked,
        outcome.mapped_model,
        last.upstream if last else "",
        last.account if last else "",
        call.stream,
        len(outcome.attempts),
        outcome.first_content_s,
        each.sent,
    )


def _load(value: bytes) -> list[Row]:
    try:
        return [Row(**each) for each in json.loads(value)]
    except (ValueError, TypeError):
        return []
