"""A store that counts its changes."""

from __future__ import annotations

import time
from typing import Any

from gateway.state.memory import MemoryStore


class Counting(MemoryStore):
    """Each change takes `seconds`, as on a disk."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.changes = 0
        self._seconds = seconds

    def compare_and_set(self, *args: Any, **more: Any) -> bool:
        self.changes += 1
        time.sleep(self._seconds)
        return super().compare_and_set(*args, **more)
