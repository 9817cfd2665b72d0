"""What this process knows of the store: its own writes that are not there yet, and what it has read lately.

An entry counts while the store's version (the file's data version, the link's epoch) is the one it was read at. Not
locked: its owner does that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.state.operation import Operation
from gateway.state.store import Key

LIMIT_BYTES = 8 * 1024 * 1024
OUTDATED = -1
"""A version no store has."""
ENTRY_COST = 200
"""Bytes of Python objects around a value, about."""


@dataclass(slots=True)
class Cached:
    value: bytes | None
    expires_at: float | None
    version: int

    def at(self, now: float) -> bytes | None:
        return self.value if self.expires_at is None or self.expires_at > now else None


class Cache:
    """`changes` grows whenever the store changed in a way that its version does not show."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.pending: dict[Key, Operation] = {}
        self.changes = 0
        self._entries: OrderedDict[Key, Cached] = OrderedDict()
        self._limit = limit_bytes
        self._size = 0

    def expect(self, operation: Operation) -> None:
        """A write of this process that will reach the file later."""
        before = self.pending.get(operation.key)
        if before is None or before.number < operation.number:
            self.pending[operation.key] = operation

    def settle(self, operations: Iterable[Operation], version: int | None) -> None:
        """These writes are in the file, as of `version`, or (None) never will be."""
        self.changes += 1
        for each in operations:
            each.settled = True
            if self.pending.get(each.key) is each:
                del self.pending[each.key]
            if version is None:
                self._forget(each.key)
            else:
                self.keep(each.key, Cached(each.value, each.expires_at, version))

    def entry(self, key: Key, version: int | None) -> Cached | None:
        """What was read of `key` while the file was at `version`, absence included."""
        found = self._entries.get(key)
        if found is None or found.version != version:
            return None
        self._entries.move_to_end(key)
        return found

    def last(self, key: Key) -> Cached | None:
        """What was known last, whether it counts or not: better than nothing while the store cannot be asked."""
        return self._entries.get(key)

    def last_of(self, space: str) -> dict[str, Cached]:
        return {key: entry for (where, key), entry in self._entries.items() if where == space}

    def outdate(self, keys: Iterable[Key]) -> None:
        """Somebody else has changed them."""
        self.changes += 1
        for key in keys:
            entry = self._entries.get(key)
            if entry is not None:
                entry.version = OUTDATED

    def keep(self, key: Key, entry: Cached) -> None:
        self._forget(key)
        self._entries[key] = entry
        self._size += _cost(key, entry)
        while self._size > self._limit:
            oldest, gone = self._entries.popitem(last=False)
            self._size -= _cost(oldest, gone)

    def _forget(self, key: Key) -> None:
        before = self._entries.pop(key, None)
        if before is not None:
            self._size -= _cost(key, before)


def _cost(key: Key, entry: Cached) -> int:
    return ENTRY_COST + len(key[1]) + len(entry.value or b"")
