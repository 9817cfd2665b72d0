"""The interface of the state room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

Key = tuple[str, str]
"""Space and key."""


class Store(Protocol):
    """Small values by space ("signatures", "cooldowns", "affinity", "responses", ...) and key.

    Values are bytes; `ttl_s` is in seconds from now, None for ever. Spaces and keys are text without NUL.
    What one process writes it reads back at once; other processes see it within a second.

    Nothing here raises because a disk or a server is in trouble: the store then goes on with what this process knows,
    says so once in the log, and `why` tells the reason until it is over. Safe for greenlets and threads.
    """

    @property
    def why(self) -> str:
        """Why the store is not shared or not durable at the moment, in words; "" when all is well."""

    def get(self, space: str, key: str) -> bytes | None: ...

    def get_many(self, space: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Those of `keys` that exist, for the price of about one `get`."""

    def put(self, space: str, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Returns at once; the value is durable (against the end of the process) about 50 ms later."""

    def delete(self, space: str, key: str) -> None:
        """Returns at once, as `put`."""

    def scan(self, space: str, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Keys that begin with `prefix` and their values, in the order of the keys."""

    def compare_and_set(
        self, space: str, key: str, expected: bytes | None, value: bytes | None, ttl_s: float | None = None
    ) -> bool:
        """Writes `value` (None: deletes) if the value now is `expected` (None: there is none). True when written,
        and then durable; of several processes that try at the same time one succeeds."""

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Waits until everything written before is durable; False when that is not so in time."""

    def close(self) -> None:
        """Writes what waits and lets go. What is asked afterwards is as if there were nothing."""


def upper_bound(prefix: str) -> str | None:
    """The smallest text above all that begin with `prefix` (in code point order); None when there is none."""
    for place in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[place]) + 1
        if following <= 0x10FFFF:
            if 0xD800 <= following <= 0xDFFF:  # surrogates are no characters
                following = 0xE000
            return prefix[:place] + chr(following)
    return None
