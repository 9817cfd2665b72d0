"""Where records are written: SQLite by the standard library, anything else by SQLAlchemy."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from gateway.monitoring.schema import FILE_NAME, Session
from gateway.state.native import original

PATIENCE_S = 10.0
ROWS = (64, 8, 1)
BESIDE = ("-wal", "-shm")
"""https://www.sqlite.org/tempfiles.html"""


class Database(Protocol):
    """Keeps its connection from one transaction to the next."""

    def transaction(self) -> AbstractContextManager[Session]:
        """Committed at its end, rolled back when something is raised. Raises whatever the driver raises."""
        ...

    def close(self) -> None:
        """Gives its connection up; the next transaction makes one again."""
        ...


def database(url: str, data_dir: Path) -> Database:
    """For `[records] url`; "" is the file in the data folder, which nobody else may read."""
    if not url:
        return SqliteFile(data_dir / FILE_NAME)
    from gateway.monitoring.tables import Alchemy, open_engine

    return Alchemy(open_engine(url, data_dir, writing=True, kept=True))


class SqliteFile:
    """A `Database`, for one thread. A file that was removed or replaced meanwhile is not written any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield _SqliteSession(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._file != self._there():
            self.close()
        if self._connection is None:
            self._make()
            connection = sqlite3.connect(self._path, timeout=PATIENCE_S, isolation_level=None)
            try:
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                connection.close()
                raise
            self._connection, self._file = connection, self._there()
        return self._connection

    def _make(self) -> None:
        """A new file, where there is none. What SQLite keeps beside it goes first: where only the file was removed,
        they are of that one, and while another worker has them open nobody could read the new one. One at a time."""
        if self._path.exists():
            return
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            if not self._path.exists():
                for end in BESIDE:
                    self._path.with_name(self._path.name + end).unlink(missing_ok=True)
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        finally:
            os.close(folder)

    def _there(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _write_ahead(connection: sqlite3.Connection) -> None:
    """A change of the journal's mode does not wait for other connections, whatever their timeout says."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            original("time", "sleep")(0.01)


class _SqliteSession:
    number = "INTEGER PRIMARY KEY"
    sqlite = True

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Many rows go with one statement where there are many: between two statements this thread gives up the
        interpreter, and waits for it while others are busy."""
        head, mark, row = statement.rpartition(" VALUES ")
        done = 0
        for size in ROWS:
            wide = head + mark + ", ".join([row] * size)
            while len(rows) - done >= size:
                self._connection.execute(wide, list(chain.from_iterable(rows[done : done + size])))
                done += size
