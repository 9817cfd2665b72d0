"""Records on their way into their database: a real thread of its own writes them in batches.

While the database cannot be written the newest KEPT records are kept and it is tried again; what had to go is counted
and said.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from gateway.config.model import Records
from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import Record
from gateway.state.native import Native

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = logging.getLogger("dragoman")

BATCH = 500
KEPT = 20_000
BODIES = 200
"""As many requests' bodies may wait: each takes up to half a megabyte."""
RETRY_S = 2.0
TIDY_S = 600.0
ROW_BYTES = 600
"""About what a record takes in PostgreSQL, whose tables do not shrink by themselves."""


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
        self._engine: Engine | None = None
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
            if not self._kept or (time.monotonic() < self._retry_at and not closing):
                continue
            try:
                self._write()
            except Exception as error:  # whatever a driver raises: records must not end with it
                self._trouble(error)
        if self._engine is not None:
            self._engine.dispose()
        self._ended.release()

    def _take(self) -> bool:
        """Moves what has come to what is kept; True when nothing will follow."""
        try:
            records = self._queue.get(True, RETRY_S if self._kept else None)
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
        from gateway.monitoring.tables import write, write_bodies

        engine = self._engine or self._open()
        while self._kept:
            batch = [self._kept[n] for n in range(min(len(self._kept), BATCH))]
            with engine.begin() as connection:
                write(connection, [each for each in batch if isinstance(each, Record)])
                bodies = [each for each in batch if isinstance(each, Bodies)]
                if bodies:
                    write_bodies(connection, bodies, tuple(self._secrets()))
            for _ in batch:
                self._kept.popleft()
            self._bodies -= len(bodies)
        if self.why:
            lost = f"; {self.dropped} records were lost" if self.dropped else ""
            self._native.tell(log.info, "records: they are written again%s", lost)
            self.why, self.dropped = "", 0
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_S
            with engine.begin() as connection:
                self._tidy(connection)

    def _open(self) -> Engine:
        from gateway.monitoring.tables import FILE_NAME, migrate, open_engine

        if not self._settings.url:
            with suppress(FileExistsError):
                os.close(os.open(self._data_dir / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        engine = open_engine(self._settings.url, self._data_dir, writing=True)
        migrate(engine)
        self._engine = engine
        return engine

    def _tidy(self, connection: Connection) -> None:
        """What is too old goes, and of the rest the oldest while it is too much; bodies before records."""
        from sqlalchemy import delete, func, select

        from gateway.monitoring.tables import BODY, REQUEST

        for table in (REQUEST, BODY):
            connection.execute(delete(table).where(table.c.at < time.time() - self._settings.retention_days * 86400))
        limit = self._settings.max_mb * 1024 * 1024
        for _ in range(50):
            rows = connection.execute(select(func.count()).select_from(REQUEST)).scalar() or 0
            bodies = connection.execute(select(func.count()).select_from(BODY)).scalar() or 0
            if connection.dialect.name == "sqlite":
                size = _used(connection)
            else:
                lengths = select(func.sum(func.length(BODY.c.request) + func.length(BODY.c.answer)))
                size = rows * ROW_BYTES + (connection.execute(lengths).scalar() or 0)
            if size <= limit or not rows + bodies:
                return
            table, count = (BODY, bodies) if bodies else (REQUEST, rows)
            oldest = select(table.c.number).order_by(table.c.number).limit(max(count // 10, 1))
            connection.execute(delete(table).where(table.c.number.in_(oldest)))

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
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {str(origin).splitlines()[0] if str(origin) else ''}"[:300]


def _used(connection: Connection) -> int:
    told = [
        connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0
        for name in ("page_count", "freelist_count", "page_size")
    ]
    pages, free, size = (int(each) for each in told)
    return (pages - free) * size
