"""One of many who want the same thing fetches it; the others take what it brought."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("done", "error", "result")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: T | None = None
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Thread-safe (greenlet-safe under gevent)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}

    def do(self, key: str, work: Callable[[], T], deadline: float) -> T:
        """The result of `work`, or of somebody else's `work` for `key` that was under way; its exception likewise.

        Raises TimeoutError when somebody else's takes longer than `deadline` (time.monotonic()).
        """
        with self._lock:
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight()
        if not mine:
            if not flight.done.wait(max(deadline - time.monotonic(), 0.0)):
                raise TimeoutError(key)
            if flight.error is not None:
                raise flight.error
            return flight.result  # type: ignore[return-value]
        try:
            flight.result = work()
            return flight.result
        except Exception as error:
            flight.error = error
            raise
        except BaseException:
            flight.error = TimeoutError(key)
            raise
        finally:
            with self._lock:
                self._flights.pop(key, None)
            flight.done.set()
