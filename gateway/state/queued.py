"""What stores have in common whose writes go through a queue to one writing thread."""

from __future__ import annotations

import itertools
import time
from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from gateway.state.cache import Cache
from gateway.state.operation import Operation


class Queue(Protocol):
    def put(self, operation: Operation) -> None:
        """Queues it; never waits."""


Writing = TypeVar("Writing", bound=Queue)


class QueuedStore(ABC, Generic[Writing]):
    """The writing half of a `Store`. `lock` guards the cache and the order of what is queued."""

    _writer: Writing

    def __init__(self, lock: Any) -> None:
        self._lock = lock
        self._cache = Cache()
        self._numbers = itertools.count(1)
        self._closed = False

    @abstractmethod
    def _ask(self, operation: Operation) -> bool:
        """Queues it and waits for its result; False where that does not come."""

    def put(self, space: str, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self._queue(Operation((space, key), bytes(value), _expiry(ttl_s)))

    def delete(self, space: str, key: str) -> None:
        self._queue(Operation((space, key), None, None))

    def compare_and_set(
        self, space: str, key: str, expected: bytes | None, value: bytes | None, ttl_s: float | None = None
    ) -> bool:
        asked = Operation((space, key), value, _expiry(ttl_s), conditional=True, expected=expected)
        written = self._ask(asked)
        if written:
            with self._lock:
                if not asked.settled:
                    self._cache.expect(asked)
        return written

    def _queue(self, operation: Operation) -> None:
        with self._lock:
            if self._closed:
                return
            operation.number = next(self._numbers)
            self._cache.expect(operation)
            self._writer.put(operation)

    def _submit(self, operation: Operation, done: Any) -> bool:
        """Queues what `done`, a held lock, is released for; False once the store is closed."""
        operation.waiting = done
        with self._lock:
            if self._closed:
                return False
            operation.number = next(self._numbers)
            self._writer.put(operation)
            return True


def _expiry(ttl_s: float | None) -> float | None:
    return None if ttl_s is None else time.time() + ttl_s
