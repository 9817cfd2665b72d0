"""Where the local model listens at this moment, for workers."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from gateway.upstreams.local import state
from gateway.upstreams.local.state import State

CHECK_EVERY_S = 0.5
POLL_S = 0.05
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """`key` goes into `Authorization: Bearer KEY`. Port and key change with every restart of the model."""

    host: str
    port: int
    key: str = field(repr=False)


class LocalModel:
    """Reads the supervisor's state file: at most one os.stat per CHECK_EVERY_S, the file when replaced."""

    def __init__(self, state_file: Path) -> None:
        self._file = state_file
        self._checked = float("-inf")
        self._signature: tuple[int, int, int] | None = None
        self._state: State | None = None
        self._address: Address | None = None

    def current(self) -> Address | None:
        """None unless the model is ready."""
        self._look()
        return self._address

    def status(self) -> tuple[str, str]:
        """("starting" | "ready" | "restarting" | "failed" | "absent", a message for the operator)."""
        self._look()
        if self._state is None:
            return "absent", (
                "the demonstration model is not running: a gateway that has no account brings it; "
                "start one with this data folder, or add an account"
            )
        return self._state.status, self._state.message

    def wait_ready(self, timeout: float) -> Address | None:
        """Sleeps until the model is ready (its address), or has failed or `timeout` seconds passed (None)."""
        until = time.monotonic() + timeout
        while True:
            self._checked = float("-inf")
            address = self.current()
            left = until - time.monotonic()
            failed = self._state is not None and self._state.status == "failed"
            if address is not None or failed or left <= 0:
                return address
            time.sleep(min(POLL_S, left))

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._checked < CHECK_EVERY_S:
            return
        self._checked = now
        try:
            found = os.stat(self._file)
        except OSError:
            self._signature = self._state = self._address = None
            return
        signature = (found.st_ino, found.st_mtime_ns, found.st_size)
        if signature == self._signature:
            return
        new = state.read(self._file)
        ready = new is not None and new.status == "ready"
        self._address = Address(HOST, new.port, new.key) if new is not None and ready else None
        self._state = new
        self._signature = signature
