"""Which process is the running gateway: its pid in the data folder, locked as long as it lives.

The lock, not the number, says that it runs: after a crash the number may belong to somebody else, whom a SIGHUP
would end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

FILE_NAME = "dragoman.pid"


def hold(data_dir: Path) -> int | None:
    """Writes this process's pid and locks the file; gives the descriptor to keep. None while another gateway that
    uses the same folder holds it. Raises OSError."""
    handle = os.open(data_dir / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def let_go(data_dir: Path, handle: int) -> None:
    """Removes the file, by the process that holds it."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)
    os.close(handle)


def running(data_dir: Path) -> int | None:
    """The pid of the gateway that uses this data folder; None when none runs."""
    if sys.platform == "win32":
        return None
    try:
        handle = os.open(data_dir / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(handle, 32).decode("ascii", "replace").strip()
        return int(text) if text.isascii() and text.isdigit() else None
    finally:
        os.close(handle)
    return None
