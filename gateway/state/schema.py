"""The shape of gateway.db and how an older file becomes a newer one.

`PRAGMA user_version` tells the version. Every migration is one transaction that looks at the version again, so several
workers may open an old file at the same moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

MIGRATIONS: list[tuple[str, ...]] = [
    (
        "CREATE TABLE entry (space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, expires_at REAL, "
        "PRIMARY KEY (space, key))",
        "CREATE INDEX entry_expiry ON entry (expires_at) WHERE expires_at IS NOT NULL",
    ),
]
"""Number n makes version n + 1 of version n. Only ever add at the end."""

OPENING_PATIENCE_S = 5.0
RETRY_S = 0.005
JOURNAL_LIMIT = 16 * 1024 * 1024


class NewerFile(Exception):
    """A newer Dragoman wrote the file."""


def connect(path: Path, sleep: Callable[[float], None] = time.sleep) -> sqlite3.Connection:
    """A connection in autocommit mode to the file at `path`, which is made (0600) or migrated where needed.

    It never waits for a lock by itself: a locked file raises OperationalError at once. Any one thread at a time may
    use it. Blocks up to OPENING_PATIENCE_S here. Raises sqlite3.Error, OSError, NewerFile.
    """
    import sqlite3

    # O_EXCL: opening and closing an existing database file would drop this process's POSIX locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        deadline = time.monotonic() + OPENING_PATIENCE_S
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT}")
                _migrate(connection)
                return connection
            except sqlite3.OperationalError as error:
                if not is_locked(error) or time.monotonic() > deadline:
                    raise
                sleep(RETRY_S)
    except BaseException:
        connection.close()
        raise


def is_locked(error: Exception) -> bool:
    """Whether another connection holds the file just now (SQLITE_BUSY or SQLITE_LOCKED, with whatever extension)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (5, 6)


def is_disk_trouble(error: Exception) -> bool:
    """Whether a write failed for want of space or the like (SQLITE_IOERR, SQLITE_FULL); the connection is still good,
    and closing the last one would take -shm away, without which nobody can read."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (10, 13)


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise NewerFile(f"it has version {version}, this program knows {len(MIGRATIONS)}: update Dragoman")
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
