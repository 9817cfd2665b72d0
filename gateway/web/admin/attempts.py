"""How often somebody may try the admin key: counted before the key is looked at, over all workers."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable

from gateway.state.store import Store

SPACE = "admin"
WINDOW_S = 900.0
LIMIT = 5
LIMIT_OF_ALL = 100
"""Many addresses together: a botnet guesses no faster."""
TRIES = 20


class Attempts:
    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def enter(self, address: str) -> float:
        """Counts one attempt from this client address. Seconds to wait, 0.0 when it may be made."""
        return self._count(_key(address), LIMIT) or self._count("attempts/", LIMIT_OF_ALL)

    def succeeded(self, address: str) -> None:
        """The key was right: what was counted against this address is forgotten."""
        self._store.delete(SPACE, _key(address))

    def _count(self, key: str, limit: int) -> float:
        for _ in range(TRIES):
            now, known = self._clock(), self._store.get(SPACE, key)
            times = [each for each in _times(known) if each > now - WINDOW_S]
            if len(times) >= limit:
                return max(times[-limit] + WINDOW_S - now, 1.0)
            if self._store.compare_and_set(SPACE, key, known, json.dumps([*times, now]).encode(), WINDOW_S):
                return 0.0
        return 1.0


def _key(address: str) -> str:
    """IPv6 clients have a /64 for themselves: https://www.rfc-editor.org/rfc/rfc6177"""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"attempts/{address or 'local'}"
    if parsed.version == 6:
        return f"attempts/{ipaddress.ip_network((int(parsed) >> 64 << 64, 64))}"
    return f"attempts/{parsed}"


def _times(value: bytes | None) -> list[float]:
    try:
        return [float(each) for each in json.loads(value)] if value is not None else []
    except (ValueError, TypeError):
        return []
