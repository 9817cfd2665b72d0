"""A lock that processes of one machine share, held by the kernel: it ends with its holder, kill -9 included."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl as _fcntl
except ImportError:  # Windows, where the gateway is one process
    _fcntl = None  # type: ignore[assignment]

fcntl: Any = _fcntl

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.05


class LockTimeout(OSError):
    """Somebody else held the lock for all of the time we had."""


@contextlib.contextmanager
def file_lock(path: Path, patience_s: float) -> Iterator[None]:
    """Holds `path` (an empty file made for the purpose). Raises LockTimeout.

    It is asked for again and again rather than waited for: a blocking flock(2) would stop every greenlet of the
    process. Where the file is not there and cannot be made (read-only folder, full disk) nothing can be written that
    others could read, so the block runs unlocked.
    """
    handle = _opened(path)
    if handle is None or fcntl is None:
        try:
            yield
        finally:
            if handle is not None:
                os.close(handle)
        return
    try:
        _wait(handle, path, time.monotonic() + patience_s)
        yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int | None:
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(path, flags, 0o600)
    return None


def _wait(handle: int, path: Path, until: float) -> None:
    pause = FIRST_PAUSE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise LockTimeout(f"{path.name} is held by another process") from None
        except OSError:  # a file system without locks
            return
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_S)
