"""The store that machines share: a Redis server.

Reads are answered from this process's own memory as long as nobody has announced a change of the key; else Redis is
asked. Writes go to the writing thread and are in Redis, and announced, a few milliseconds later. What becomes of
both while Redis is gone: `redis_link`, `redis_writer`. Under gevent all of this is greenlets on patched sockets.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.config.redis_url import RedisUrl
from gateway.state.cache import OUTDATED, Cached
from gateway.state.operation import Operation
from gateway.state.queued import QueuedStore
from gateway.state.redis_layout import Layout, Row
from gateway.state.redis_link import Link
from gateway.state.redis_writer import RedisWriter
from gateway.state.store import Key

CLOSE_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
PAGE = 500
SCANS_KEPT = 16
SCAN_BYTES = 2 * 1024 * 1024


@dataclass(slots=True)
class _Scan:
    rows: dict[str, Row]
    version: int


class RedisStore(QueuedStore[RedisWriter]):
    """A `Store`. Nothing is connected before the first use; not to be carried over a fork once used."""

    def __init__(self, url: RedisUrl) -> None:
        super().__init__(threading.Lock())
        layout = Layout(url.prefix, url.db, secrets.token_hex(8))
        self._layout = layout
        self._scans: dict[Key, _Scan] = {}
        self._touched: set[Key] = set()
        self._link = Link(url, layout, self._heard, self._came_up)
        self._writer = RedisWriter(url, self._link, layout, self._settled, self._begun, self._local)

    @property
    def why(self) -> str:
        return self._link.why or self._writer.why

    @property
    def remedy(self) -> str:
        """What to do about `why`, as far as that can be told."""
        return self._link.remedy if self._link.why else ""

    def reach(self) -> bool:
        """Whether Redis answers; the first time it waits for that."""
        return self._link.ready()

    def get(self, space: str, key: str) -> bytes | None:
        return self.get_many(space, (key,)).get(key)

    def get_many(self, space: str, keys: Sequence[str]) -> dict[str, bytes]:
        if self._closed:
            return {}
        up = self._link.ready()
        now, version = time.time(), self._link.epoch
        found: dict[str, bytes] = {}
        missing: list[str] = []
        with self._lock:
            changes = self._cache.changes
            for key in keys:
                known: Operation | Cached | None = self._cache.pending.get((space, key))
                if known is None:
                    known = self._cache.entry((space, key), version) if up else self._cache.last((space, key))
                if known is not None:
                    _tell(found, key, known.value, known.expires_at, now)
                elif up:
                    missing.append(key)
        if missing:
            rows = self._read(space, missing)
            now = time.time()
            with self._lock:
                for key in missing:
                    if rows is None:
                        last = self._cache.last((space, key))
                        value, expires_at = (last.value, last.expires_at) if last is not None else (None, None)
                    else:
                        value, expires_at = rows.get(key, (None, None))
                        if changes == self._cache.changes:
                            self._cache.keep((space, key), Cached(value, expires_at, version))
                    pending = self._cache.pending.get((space, key))
                    if pending is not None:
                        value, expires_at = pending.value, pending.expires_at
                    _tell(found, key, value, expires_at, now)
        return found

    def scan(self, space: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """A repeated scan of a small space that nobody changes asks nothing of Redis."""
        if self._closed:
            return iter(())
        with self._lock:
            ahead = self._pending(space, prefix)
        rows = self._scanned(space, prefix) if self._link.ready() else None
        now = time.time()
        with self._lock:
            if rows is None:
                rows = self._remembered(space, prefix)
            merged = {**rows, **ahead, **self._pending(space, prefix)}
        found: dict[str, bytes] = {}
        for key in sorted(merged):
            _tell(found, key, *merged[key], now)
        return iter(found.items())

    def flush(self, timeout_s: float = 5.0) -> bool:
        with self._lock:
            if not self._cache.pending and not self._writer.why:
                return not self._closed
        until = time.monotonic() + timeout_s
        while not self._ask(Operation(("", ""), None, None, flush=True), timeout_s):
            if time.monotonic() > until or self._closed:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._writer.close(CLOSE_TIMEOUT_S)
        self._link.close()

    def _ask(self, operation: Operation, timeout_s: float = ANSWER_TIMEOUT_S) -> bool:
        done = threading.Lock()
        done.acquire()
        return self._submit(operation, done) and done.acquire(timeout=timeout_s) and operation.result

    def _read(self, space: str, keys: Sequence[str]) -> dict[str, Row] | None:
        """None when Redis does not answer."""
        import redis

        try:
            return self._layout.read(self._link.client, space, keys)
        except (redis.RedisError, OSError, AttributeError) as error:  # closed meanwhile: there is no client
            self._link.lost(error)
            return None

    def _scanned(self, space: str, prefix: str) -> dict[str, Row] | None:
        """None when Redis does not answer."""
        import redis

        version = self._link.epoch
        with self._lock:
            changes = self._cache.changes
            scan = self._scans.get((space, prefix))
            if scan is not None and scan.version == version:
                return scan.rows
        rows: dict[str, Row] = {}
        after: str | None = None
        while True:
            try:
                keys = self._layout.page(self._link.client, space, prefix, after, PAGE)
                rows.update(self._layout.read(self._link.client, space, keys))
            except (redis.RedisError, OSError, AttributeError) as error:
                self._link.lost(error)
                return None
            if len(keys) < PAGE:
                break
            after = keys[-1]
        with self._lock:
            size = sum(len(key) + len(value or b"") + 200 for key, (value, _) in rows.items())
            self._scans.pop((space, prefix), None)
            if size <= SCAN_BYTES:
                self._scans[space, prefix] = _Scan(rows, version if changes == self._cache.changes else OUTDATED)
                if len(self._scans) > SCANS_KEPT:
                    del self._scans[next(iter(self._scans))]
        return rows

    def _pending(self, space: str, prefix: str) -> dict[str, Row]:
        return {
            key: (change.value, change.expires_at)
            for (where, key), change in self._cache.pending.items()
            if where == space and key.startswith(prefix)
        }

    def _remembered(self, space: str, prefix: str) -> dict[str, Row]:
        """While Redis does not answer: the last scan, with what was read or written of its keys since."""
        scan = self._scans.get((space, prefix), _Scan({}, OUTDATED))
        rows = dict(scan.rows)
        for key, entry in self._cache.last_of(space).items():
            if key.startswith(prefix) and entry.version >= scan.version:
                rows[key] = (entry.value, entry.expires_at)
        return rows

    def _heard(self, keys: Iterable[Key]) -> None:
        keys = list(keys)
        with self._lock:
            self._touched.update(keys)
            self._cache.outdate(keys)
            self._outdate_scans({space for space, _ in keys})

    def _came_up(self) -> None:
        self._writer.wake()

    def _begun(self) -> None:
        with self._lock:
            self._touched.clear()

    def _settled(self, operations: Sequence[Operation], epoch: int | None) -> None:
        """What others have changed while it was written may be newer than it."""
        if not operations:
            return
        with self._lock:
            self._cache.settle(operations, epoch)
            self._cache.outdate(each.key for each in operations if each.key in self._touched)
            self._outdate_scans({each.key[0] for each in operations})

    def _outdate_scans(self, spaces: set[str]) -> None:
        for (space, _), scan in self._scans.items():
            if space in spaces:
                scan.version = OUTDATED

    def _local(self, key: Key) -> bytes | None:
        with self._lock:
            known = self._cache.pending.get(key) or self._cache.last(key)
        found: dict[str, bytes] = {}
        if known is not None:
            _tell(found, "", known.value, known.expires_at, time.time())
        return found.get("")


def _tell(found: dict[str, bytes], key: str, value: bytes | None, expires_at: float | None, now: float) -> None:
    if value is not None and (expires_at is None or expires_at > now):
        found[key] = value
