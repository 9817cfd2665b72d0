"""A child process whose whole group ends with it: SIGTERM, SIGKILL after KILL_AFTER_S, always reaped."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

KILL_AFTER_S = 5.0
STDERR_KEPT = 8192
_RUNNING: set[Process] = set()


class Process:
    """Its output comes through `out`, a socket: a reader can be woken by shutting it down. stderr is drained apart and
    only its end is kept. `ended` is called once, from a thread of its own, when the process is gone."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        stdin: IO[bytes],
        environment: Mapping[str, str],
        folder: Path,
        ended: Callable[[], None],
    ) -> None:
        """Raises OSError when the program cannot be started."""
        self.out, out = socket.socketpair()
        err, child_err = socket.socketpair()
        try:
            # gevent's sockets do not block, and a child's must: its end is a file of its own.
            for end in (out, child_err):
                os.set_blocking(end.fileno(), True)
            self._process = subprocess.Popen(
                arguments,
                stdin=stdin,
                stdout=out.fileno(),
                stderr=child_err.fileno(),
                env=environment,
                cwd=folder,
                start_new_session=True,
                close_fds=True,
            )
        except BaseException:
            self.out.close()
            err.close()
            raise
        finally:
            out.close()
            child_err.close()
        self._ended = ended
        self._gone = threading.Event()
        self._killer: threading.Timer | None = None
        self._guard = threading.Lock()
        self._errors = b""
        _RUNNING.add(self)
        threading.Thread(target=self._drain, args=(err,), name="tool-stderr", daemon=True).start()
        threading.Thread(target=self._keep, name="tool", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code (negative: the signal that ended it); None while it runs."""
        return self._process.returncode if self._gone.is_set() else None

    def errors(self) -> str:
        """The end of its stderr."""
        return self._errors.decode("utf-8", "replace")

    def wait(self, seconds: float) -> bool:
        """Whether it is gone, within `seconds`."""
        return self._gone.wait(seconds)

    def end(self, grace_s: float = 0.0) -> None:
        """Ends it and whatever it started, after `grace_s` if it has not ended by itself. Never waits. Idempotent."""
        with self._guard:
            if self._gone.is_set():
                return
            if grace_s > 0:
                self._arm(grace_s, self.end)
            else:
                self._signal(signal.SIGTERM)
                self._arm(KILL_AFTER_S, self._kill)

    def _arm(self, seconds: float, act: Callable[[], None]) -> None:
        if self._killer is not None:
            self._killer.cancel()
        self._killer = threading.Timer(seconds, act)
        self._killer.daemon = True
        self._killer.start()

    def _kill(self) -> None:
        with self._guard:
            if not self._gone.is_set():
                self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _keep(self) -> None:
        """Reaps it, sweeps what it left behind in its group, and lets the reader see the end of its output."""
        self._process.wait()
        with self._guard:
            self._signal(signal.SIGKILL)
            self._gone.set()
            if self._killer is not None:
                self._killer.cancel()
        with contextlib.suppress(OSError):
            self.out.shutdown(
                socket.SHUT_RDWR
            )  # what was sent can still be read, even if a runaway holds the other end
        _RUNNING.discard(self)
        self._ended()

    def _drain(self, err: socket.socket) -> None:
        with contextlib.closing(err), contextlib.suppress(OSError):
            while piece := err.recv(65536):
                self._errors = (self._errors + piece)[-STDERR_KEPT:]


def _end_all() -> None:
    """The interpreter ends: nothing that it started survives it."""
    for process in list(_RUNNING):
        process._signal(signal.SIGTERM)
    until = time.monotonic() + KILL_AFTER_S
    while time.monotonic() < until and any(process._process.poll() is None for process in list(_RUNNING)):
        time.sleep(0.02)
    for process in list(_RUNNING):
        process._signal(signal.SIGKILL)


atexit.register(_end_all)
