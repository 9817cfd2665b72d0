"""The embedded default: one SQLite file in the data folder, shared by all workers of the machine.

Nothing is opened before the first write (or, when the file exists, the first read). Writes go to the writing thread
and are in the file within about 50 ms; they survive `kill -9` of the process from then on (WAL, synchronous NORMAL: a
power cut may cost the last moments, never the file). Reads are answered from this process's own memory while the
file's data version has not changed, else by a real thread. https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.state.cache import Cached
from gateway.state.native import Native
from gateway.state.operation import Operation
from gateway.state.queued import QueuedStore
from gateway.state.schema import NewerFile, connect
from gateway.state.store import upper_bound
from gateway.state.writer import RETRY_S, Writer

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger("dragoman")

LIMIT_BYTES = 512 * 1024 * 1024
CLOSE_TIMEOUT_S = 5.0
PAGE = 200
ASKED_AT_ONCE = 500

Row = tuple[bytes | None, float | None]
"""Value and expiry."""


class SqliteStore(QueuedStore[Writer]):
    """A `Store` on the file at `path`. Above `limit_bytes` in use the entries that expire soonest go.

    Made once a worker's monkey patching is done, by the thread that serves; not to be carried over a fork once used.
    """

    def __init__(self, path: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = path
        self._native = Native()
        self._patient = Native()  # for waiting on the writer, which may take long: reads must not queue behind that
        super().__init__(self._native.new_lock())
        self._writer = Writer(path, self._native, self._settled, limit_bytes)
        self._reading: Any = self._native.new_lock()
        self._reader: sqlite3.Connection | None = None
        self._read_why = ""
        self._read_again_at = 0.0

    @property
    def why(self) -> str:
        return self._writer.why or self._read_why

    def get(self, space: str, key: str) -> bytes | None:
        return self.get_many(space, (key,)).get(key)

    def get_many(self, space: str, keys: Sequence[str]) -> dict[str, bytes]:
        found, missing, changes, version = self._known(space, keys)
        if not missing or not self._readable():
            return found
        rows = self._native.run(partial(self._rows, space, missing))
        if rows is None:
            return found
        now = time.time()
        with self._lock:
            for key in missing:
                value, expires_at = rows.get(key, (None, None))
                if version is not None and changes == self._cache.changes:
                    self._cache.keep((space, key), Cached(value, expires_at, version))
                pending = self._cache.pending.get((space, key))
                if pending is not None:
                    value, expires_at = pending.value, pending.expires_at
                if value is not None and (expires_at is None or expires_at > now):
                    found[key] = value
        return found

    def scan(self, space: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Read page by page: what is written meanwhile may or may not be among it."""
        with self._lock:
            ahead = {
                key: change
                for (where, key), change in self._cache.pending.items()
                if where == space and key.startswith(prefix)
            }
        after: str | None = None
        while True:
            page = self._native.run(partial(self._page, space, prefix, after)) if self._readable() else None
            last = page[-1][0] if page and len(page) == PAGE else None
            merged: dict[str, Row] = {key: (value, expires_at) for key, value, expires_at in page or ()}
            for key in [key for key in ahead if last is None or key <= last]:
                change = ahead.pop(key)
                merged.setdefault(key, (change.value, change.expires_at))
            yield from self._merged(space, merged)
            if last is None:
                return
            after = last

    def flush(self, timeout_s: float = 5.0) -> bool:
        if not self._writer.started:
            return True
        with self._lock:
            if not self._cache.pending and not self._writer.why:
                return True
        until = time.monotonic() + timeout_s
        while not self._ask(Operation(("", ""), None, None, flush=True)):
            if time.monotonic() > until or self._closed:
                return False
            self._patient.run(partial(self._native.sleep, 0.05))
        return True

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._native.run(partial(self._writer.close, CLOSE_TIMEOUT_S))
        self._native.run(self._let_go)
        self._native.close()
        self._patient.close()

    def _ask(self, operation: Operation) -> bool:
        done = self._native.new_lock()
        done.acquire()
        if not self._submit(operation, done):
            return False
        if not done.acquire(False):
            self._patient.run(done.acquire)
        return operation.result

    def _settled(self, operations: Sequence[Operation], version: int | None) -> None:
        with self._lock:
            self._cache.settle((each for each in operations if not each.flush), version)

    def _known(self, space: str, keys: Sequence[str]) -> tuple[dict[str, bytes], list[str], int, int | None]:
        """(found without reading, keys to read, `changes` and data version as of now)."""
        now, version = time.time(), self._writer.version()
        found: dict[str, bytes] = {}
        missing: list[str] = []
        with self._lock:
            for key in keys:
                known: Operation | Cached | None = self._cache.pending.get((space, key))
                if known is None:
                    known = self._cache.entry((space, key), version)
                if known is None:
                    missing.append(key)
                elif known.value is not None and (known.expires_at is None or known.expires_at > now):
                    found[key] = known.value
            return found, missing, self._cache.changes, version

    def _readable(self) -> bool:
        if self._closed or time.monotonic() < self._read_again_at:
            return False
        return self._reader is not None or self._path.exists()

    def _rows(self, space: str, keys: Sequence[str]) -> dict[str, Row] | None:
        """In a real thread. None when the file cannot be read."""
        rows: dict[str, Row] = {}
        for at in range(0, len(keys), ASKED_AT_ONCE):
            some = keys[at : at + ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            told = self._select(
                f"SELECT key, value, expires_at FROM entry WHERE space = ? AND key IN ({marks})", (space, *some)
            )
            if told is None:
                return None
            rows.update((key, (value, expires_at)) for key, value, expires_at in told)
        return rows

    def _page(self, space: str, prefix: str, after: str | None) -> list[tuple[str, bytes, float | None]] | None:
        """In a real thread: up to PAGE rows above `after`."""
        where, words = "space = ? AND key >= ?", [space, prefix]
        if after is not None:
            where, words = "space = ? AND key > ?", [space, after]
        end = upper_bound(prefix)
        if end is not None:
            where, words = f"{where} AND key < ?", [*words, end]
        return self._select(f"SELECT key, value, expires_at FROM entry WHERE {where} ORDER BY key LIMIT {PAGE}", words)

    def _select(self, statement: str, words: Sequence[Any]) -> list[Any] | None:
        import sqlite3

        with self._reading:
            if self._closed:
                return None
            try:
                if self._reader is None:
                    self._reader = connect(self._path, self._native.sleep)
                rows = self._reader.execute(statement, words).fetchall()
            except (sqlite3.Error, OSError, NewerFile) as error:
                self._cannot_read(error)
                return None
        self._read_why = ""
        return rows

    def _cannot_read(self, error: Exception) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        self._read_again_at = time.monotonic() + RETRY_S
        if not self._read_why:
            self._read_why = f"{self._path.name} cannot be read ({error})"
            self._native.tell(
                log.warning, "state: %s cannot be read (%s): what is in it is not known meanwhile", self._path, error
            )

    def _merged(self, space: str, rows: dict[str, Row]) -> list[tuple[str, bytes]]:
        """In order, this process's own unwritten changes applied, without what has expired."""
        now = time.time()
        with self._lock:
            newest = {key: self._cache.pending.get((space, key)) for key in rows}
        told = []
        for key in sorted(rows):
            change = newest[key]
            value, expires_at = rows[key] if change is None else (change.value, change.expires_at)
            if value is not None and (expires_at is None or expires_at > now):
                told.append((key, value))
        return told

    def _let_go(self) -> None:
        with self._reading:
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()
