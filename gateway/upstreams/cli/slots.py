"""How many processes of one tool run at once, over all worker processes of this gateway: one locked file a slot.

The kernel lets go of a lock whose process is gone, however it went (flock(2)). What a worker that was killed has left
running is named in the file, and ended by whoever takes the slot next.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

if sys.platform != "win32":
    import fcntl

POLL_S = 0.03


class Slot:
    """A place to run, this run's alone: `folder` to work in, `scratch` for temporary files of the tool (the folder is
    said to be empty, and a tool looks), `system_file` for the system text."""

    def __init__(self, lock: int, folder: Path) -> None:
        self._lock = lock
        self._guard = threading.Lock()
        self.folder = folder
        self.scratch = folder.with_name(folder.name + ".tmp")
        self.system_file = folder.with_name(folder.name + ".system")

    def prepare(self) -> None:
        """Both folders, empty, whatever a run that was cut off has left. Raises OSError."""
        for each in (self.folder, self.scratch):
            shutil.rmtree(each, ignore_errors=True)
            each.mkdir(mode=0o700)
        self.system_file.unlink(missing_ok=True)

    def holds(self, pid: int) -> None:
        """The process group that runs here; nothing where it has ended already."""
        noted = f"{pid} {_started(pid)}".encode()
        with self._guard:
            if self._lock >= 0:
                os.pwrite(self._lock, noted, 0)

    def release(self) -> None:
        """Idempotent."""
        with self._guard:
            lock, self._lock = self._lock, -1
        if lock >= 0:
            for each in (self.folder, self.scratch):
                shutil.rmtree(each, ignore_errors=True)
            with contextlib.suppress(OSError):
                self.system_file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                os.truncate(lock, 0)
            os.close(lock)


class Slots:
    """First come, first served within one worker process."""

    def __init__(self, name: str, count: int, data_dir: Path) -> None:
        self._name = name
        self._count = count
        self._data_dir = data_dir
        self._waiting: deque[object] = deque()
        self._guard = threading.Lock()

    def sweep(self) -> None:
        """Ends what workers that are gone have left running."""
        with contextlib.suppress(OSError):
            place = runs_folder(self._data_dir, make=False)
            for number in range(self._count):
                slot = self._lock(place, number)
                if slot is not None:
                    slot.release()

    def take(self, deadline: float | None, given_up: Callable[[], bool]) -> Slot | None:
        """Waits for a slot until `deadline` (time.monotonic()) or until `given_up` says so: then None.

        Raises OSError when the folder for runs cannot be made."""
        place = runs_folder(self._data_dir)
        ticket = object()
        with self._guard:
            self._waiting.append(ticket)
        try:
            while not given_up() and (deadline is None or time.monotonic() < deadline):
                if self._waiting[0] is ticket:
                    slot = self._try(place)
                    if slot is not None:
                        return slot
                time.sleep(POLL_S)
            return None
        finally:
            with self._guard:
                self._waiting.remove(ticket)

    def _try(self, place: Path) -> Slot | None:
        for number in range(self._count):
            slot = self._lock(place, number)
            if slot is not None:
                return slot
        return None

    def _lock(self, place: Path, number: int) -> Slot | None:
        name = f"dragoman-{self._name}-{number}"
        lock = os.open(place / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        _end_left_over(os.pread(lock, 64, 0))
        return Slot(lock, place / name)


def _end_left_over(noted: bytes) -> None:
    """`noted` is what Slot.holds wrote. The start tells a process from a later one of the same number."""
    pid, _, started = noted.decode("ascii", "replace").partition(" ")
    if pid.isdigit() and started and _started(int(pid)) == started:
        with contextlib.suppress(OSError):
            os.killpg(int(pid), signal.SIGKILL)


def _started(pid: int) -> str:
    """When a process was started, in clock ticks since the machine was; "" where that cannot be known. proc(5)"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def runs_folder(data_dir: Path, *, make: bool = True) -> Path:
    """Where the runs of the gateway with this data folder have theirs: outside of any project, whose instructions a
    tool would read, and nobody else's. Raises OSError."""
    mark = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"dragoman-{os.getuid()}-{mark}"
    if make:
        place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{place} belongs to somebody else or is open to others")
    return place
