"""One write on its way to the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.state.store import Key


@dataclass(slots=True, eq=False)
class Operation:
    """`value` None deletes; `expires_at` is unix seconds; `number` is its place among this process's writes. Until it
    is `settled` it is what this process knows of its key.

    `conditional` ones write only over `expected`. `waiting` is a held lock that is released when `result` is there.
    """

    key: Key
    value: bytes | None
    expires_at: float | None
    conditional: bool = False
    expected: bytes | None = None
    flush: bool = False
    number: int = 0
    waiting: Any = None
    result: bool = False
    settled: bool = False

    @property
    def size(self) -> int:
        return len(self.key[1]) + len(self.value or b"")

    def lives(self, now: float) -> bool:
        return self.value is not None and (self.expires_at is None or self.expires_at > now)

    def answer(self, result: bool) -> None:
        self.result = result
        if self.waiting is not None:
            self.waiting.release()
            self.waiting = None
