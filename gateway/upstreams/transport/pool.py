"""Idle keep-alive connections, per (scheme, host, port), the last one back the first one out."""

from __future__ import annotations

import time
from collections import deque

from gateway.upstreams.transport.connection import Connection

# Past this many seconds a middlebox may have forgotten the connection without telling either end.
MAX_IDLE_AGE = 90.0
_SWEEP = 4

Key = tuple[str, str, int]


class Pool:
    """Thread-safe by the atomicity of deque's and dict's single operations; nothing here waits."""

    def __init__(self, max_idle: int = 1000) -> None:
        self._max_idle = max_idle
        self._idle: dict[Key, deque[Connection]] = {}
        self._closed = False

    def take(self, key: Key) -> Connection | None:
        """A connection that is still open and silent, or None. Those that are not are closed on the way."""
        idle = self._idle.get(key)
        if idle is None:
            return None
        while True:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            if time.monotonic() - connection.idle_since < MAX_IDLE_AGE and connection.is_fresh():
                return connection
            connection.close()

    def give(self, connection: Connection) -> None:
        """Take a connection whose answer was read to its end."""
        idle = self._idle.get(connection.key)
        if idle is None:
            idle = self._idle.setdefault(connection.key, deque())
        if self._closed or len(idle) >= self._max_idle:
            connection.close()
            return
        now = connection.idle_since = time.monotonic()
        idle.append(connection)
        # Last in first out never looks at the oldest again after a burst: a few are swept with every return.
        for _ in range(_SWEEP):
            try:
                if now - idle[0].idle_since < MAX_IDLE_AGE:
                    break
                oldest = idle.popleft()
            except IndexError:
                break
            oldest.close()
        self._sweep_if_closed()

    def _sweep_if_closed(self) -> None:
        if self._closed:
            self.close()

    def count(self, key: Key) -> int:
        """How many idle connections there are for ``key``."""
        return len(self._idle.get(key, ()))

    def close(self) -> None:
        """Close all idle connections; those given back later are closed too."""
        self._closed = True
        for idle in list(self._idle.values()):
            while True:
                try:
                    idle.pop().close()
                except IndexError:
                    break
