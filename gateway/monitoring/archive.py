"""Records on their way into their database: a real thread of its own writes them in batches.

While the database cannot be written the newest KEPT records are kept and it is tried again; what had to go is counted
and said.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

from gateway.config.model import Records
from gateway.monitoring.bodies import Bodies
from gateway.monitoring.database import Database, database
from gateway.monitoring.record import Record
from gateway.monitoring.schema import NoDriver, migrate, tidy, write, write_bodies
from gateway.state.native import Native

log = logging.getLogger("dragoman")

BATCH = 500
KEPT = 20_000
BODIES = 200
"""As many requests' bodies may wait: each takes up to half a megabyte."""
RETRY_S = 2.0
IDLE_S = 5.0
"""So long after the last record the database is let go."""
TIDY_S = 600.0


class Archive:
    """`put` never waits. Made once a worker's monkey patching is done; nothing is opened before the first record."""

    def __init__(self, settings: Records, data_dir: Path, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        """`secrets` are texts that no kept body may hold."""
        self._settings = settings
        self._secrets = secrets
        self._data_dir = data_dir
        self._native = Native()
        self._queue: Any = self._native.new_queue()
        self._start_lock: Any = self._native.new_lock()
        self._ended: Any = None
        self._started = False
        self._kept: deque[Record | Bodies] = deque()
        self._bodies = 0
        self._database: Database | None = None
        self.why = ""
        """Why nothing can be written at the moment, "" when it can."""
        self._retry_at = 0.0
        self._tidy_at = 0.0
        self.dropped = 0

    def put_bodies(self, bodies: Bodies) -> None:
        """Dropped, and counted, while many wait."""
        if self._bodies >= BODIES:
            self.dropped += 1
            return
        self._bodies += 1
        self.put((bodies,))

    def put(self, records: Sequence[Record | Bodies]) -> None:
        self._queue.put(records)
        if not self._started:
            with self._start_lock:
                if not self._started:
                    self._started = True
                    self._native.start(self._run)

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what waits and ends the thread."""
        if not self._started or self._ended is not None:
            return
        self._ended = self._native.new_lock()
        self._ended.acquire()
        self._queue.put(None)
        self._native.run(lambda: self._ended.acquire(True, timeout_s))
        self._native.close()

    def _run(self) -> None:
        closing = False
        while not closing:
            closing = self._take()
            if not self._kept:
                self._let_go()
            if not self._kept or (time.monotonic() < self._retry_at and not closing):
                continue
            for again in (True, False):  # somebody may have replaced the file, or ended the connection
                try:
                    self._write()
                    break
                except Exception as error:  # whatever a driver raises: records must not end with it
                    self._let_go()
                    if not again:
                        self._trouble(error)
        self._let_go()
        self._ended.release()

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _take(self) -> bool:
        """Moves what has come to what is kept; True when nothing will follow."""
        try:
            patience = RETRY_S if self._kept else IDLE_S if self._database is not None else None
            records = self._queue.get(True, patience)
            while records is not None:
                self._kept.extend(records)
                records = self._queue.get_nowait()
        except Empty:
            while len(self._kept) > KEPT:
                self._bodies -= isinstance(self._kept.popleft(), Bodies)
                self.dropped += 1
            return False
        return True

    def _write(self) -> None:
        if self._database is None:
            opened = database(self._settings.url, self._data_dir)
            with opened.transaction() as session:
                migrate(session)
            self._database = opened
        while self._kept:
            batch = [self._kept[n] for n in range(min(len(self._kept), BATCH))]
            bodies = [each for each in batch if isinstance(each, Bodies)]
            with self._database.transaction() as session:
                write(session, [each for each in batch if isinstance(each, Record)])
                write_bodies(session, bodies, tuple(self._secrets()))
            for _ in batch:
                self._kept.popleft()
            self._bodies -= len(bodies)
        if self.why:
            lost = f"; {self.dropped} records were lost" if self.dropped else ""
            self._native.tell(log.info, "records: they are written again%s", lost)
            self.why, self.dropped = "", 0
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_S
            with self._database.transaction() as session:
                tidy(session, self._settings)

    def _trouble(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + RETRY_S
        if not self.why:
            self.why = _said(error)
            self._native.tell(
                log.warning,
                "records: they cannot be written (%s); the newest %s are kept until they can be",
                self.why,
                KEPT,
            )


def _said(error: Exception) -> str:
    """The driver's sentence, without SQLAlchemy's quotation of the statement and its values."""
    if isinstance(error, NoDriver):
        return str(error)
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {str(origin).splitlines()[0] if str(origin) else ''}"[:300]
