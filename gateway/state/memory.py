"""The store of one process alone: for tests, and wherever nothing has to outlive the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from gateway.state.store import Key

LIMIT_BYTES = 64 * 1024 * 1024


class MemoryStore:
    """A `Store`. Above `limit_bytes` the entries that expire soonest go, never those without expiry."""

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._entries: dict[Key, tuple[bytes, float | None]] = {}
        self._lock = threading.Lock()
        self._limit = limit_bytes
        self._size = 0
        self._closed = False

    @property
    def why(self) -> str:
        return ""

    def get(self, space: str, key: str) -> bytes | None:
        entry = self._entries.get((space, key))
        return entry[0] if entry is not None and _lives(entry, time.time()) else None

    def get_many(self, space: str, keys: Sequence[str]) -> dict[str, bytes]:
        return {key: value for key in keys if (value := self.get(space, key)) is not None}

    def put(self, space: str, key: str, value: bytes, ttl_s: float | None = None) -> None:
        with self._lock:
            self._put((space, key), value, ttl_s)

    def delete(self, space: str, key: str) -> None:
        with self._lock:
            self._drop((space, key))

    def scan(self, space: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        now = time.time()
        with self._lock:
            found = sorted(
                (key, entry[0])
                for (where, key), entry in self._entries.items()
                if where == space and key.startswith(prefix) and _lives(entry, now)
            )
        return iter(found)

    def compare_and_set(
        self, space: str, key: str, expected: bytes | None, value: bytes | None, ttl_s: float | None = None
    ) -> bool:
        with self._lock:
            if self._closed or self.get(space, key) != expected:
                return False
            if value is None:
                self._drop((space, key))
            else:
                self._put((space, key), value, ttl_s)
            return True

    def flush(self, timeout_s: float = 5.0) -> bool:
        return not self._closed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._entries.clear()
            self._size = 0

    def _put(self, key: Key, value: bytes, ttl_s: float | None) -> None:
        if self._closed:
            return
        self._drop(key)
        self._entries[key] = (value, None if ttl_s is None else time.time() + ttl_s)
        self._size += len(key[1]) + len(value)
        if self._size > self._limit:
            self._make_room()

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= len(key[1]) + len(entry[0])

    def _make_room(self) -> None:
        mortal = sorted((entry[1], key) for key, entry in self._entries.items() if entry[1] is not None)
        for _, key in mortal:
            if self._size <= self._limit * 0.9:
                return
            self._drop(key)


def _lives(entry: tuple[bytes, float | None], now: float) -> bool:
    return entry[1] is None or entry[1] > now
