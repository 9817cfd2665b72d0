"""Writes that cannot be made at the moment: the newest of each key, bounded in number and size."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.state.operation import Operation
from gateway.state.store import Key

KEPT_OPERATIONS = 20_000
KEPT_BYTES = 64 * 1024 * 1024


class Kept:
    """In the order in which their keys were written last."""

    def __init__(self) -> None:
        self._operations: dict[Key, Operation] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def get(self, key: Key) -> Operation | None:
        return self._operations.get(key)

    def put(self, operation: Operation) -> None:
        self.forget(operation.key)
        self._operations[operation.key] = operation
        self._bytes += operation.size

    def forget(self, key: Key) -> None:
        before = self._operations.pop(key, None)
        if before is not None:
            self._bytes -= before.size

    def clear(self) -> None:
        self._operations.clear()
        self._bytes = 0

    def dropped(self) -> list[Operation]:
        """The oldest, which there is no room for; they are no longer kept."""
        gone = []
        while len(self._operations) > KEPT_OPERATIONS or self._bytes > KEPT_BYTES:
            oldest = next(iter(self._operations.values()))
            self.forget(oldest.key)
            gone.append(oldest)
        return gone
