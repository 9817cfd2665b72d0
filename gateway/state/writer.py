"""The one thread that writes gateway.db, in batches.

Operations come through a queue and are settled in its order. While the file cannot be written (another process holds
it, the disk is full, the folder became read-only) they are kept in memory, the log says so once, and the file is tried
again every RETRY_S; what was kept is written then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from gateway.state.kept import Kept
from gateway.state.native import Native
from gateway.state.operation import Operation
from gateway.state.schema import NewerFile, connect, is_disk_trouble, is_locked
from gateway.state.store import Key

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger("dragoman")

LINGER_S = 0.02
"""How long operations that nobody waits for gather: one commit costs as much as fifty rows."""
BATCH = 1000
LOCK_PATIENCE_S = 2.0
LOCK_RETRY_S = 0.003
RETRY_S = 2.0
SWEEP_S = 60.0
SWEPT_AT_ONCE = 1000

Settled = Callable[[Sequence[Operation], int | None], None]

_UPSERT = "INSERT OR REPLACE INTO entry (space, key, value, expires_at) VALUES (?, ?, ?, ?)"
_DELETE = "DELETE FROM entry WHERE space = ? AND key = ?"
_SELECT = "SELECT value, expires_at FROM entry WHERE space = ? AND key = ?"
_SWEEP = (
    "DELETE FROM entry WHERE rowid IN "
    "(SELECT rowid FROM entry WHERE expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at LIMIT ?)"
)
_SHRINK = (
    "DELETE FROM entry WHERE rowid IN "
    "(SELECT rowid FROM entry WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT ?)"
)


class Writer:
    """`settled(operations, version)` is called in the writing thread, after the commit, with the file's data version
    as of that commit; None when the operations were dropped because too much had to be kept.

    `why` tells in words what keeps the file from being written, "" when nothing does.
    """

    def __init__(self, path: Path, native: Native, settled: Settled, limit_bytes: int) -> None:
        self.why = ""
        self.started = False
        self._path = path
        self._native = native
        self._settled = settled
        self._limit = limit_bytes
        self._queue: Any = native.new_queue()
        self._hurry: Any = native.new_lock()
        self._hurry.acquire()
        self._lock: Any = native.new_lock()
        self._start_lock: Any = native.new_lock()
        self._ended: Any = None
        self._connection: sqlite3.Connection | None = None
        self._kept = Kept()
        self._retry_at = 0.0
        self._sweep_at = 0.0
        self._unswept = 0

    def put(self, operation: Operation) -> None:
        """Queues it; never waits."""
        self._queue.put(operation)
        if operation.waiting is not None:
            self._make_haste()
        if not self.started:
            self._start()

    def version(self) -> int | None:
        """The file's data version as this thread's connection sees it: it changes when another process has written.
        None when that cannot be told without waiting. Costs 2-4 us."""
        if self._connection is None or not self._lock.acquire(False):
            return None
        try:
            return _version(self._connection) if self._connection is not None else None
        except Exception:  # sqlite3.Error, whose module may not be loaded: the file is locked or broken
            return None
        finally:
            self._lock.release()

    def close(self, timeout_s: float) -> None:
        """Writes what waits and ends the thread; waits for that in this very thread."""
        if not self.started:
            return
        self._ended = self._native.new_lock()
        self._ended.acquire()
        self._queue.put(None)
        self._make_haste()
        self._ended.acquire(True, timeout_s)

    def _make_haste(self) -> None:
        """Ends the gathering."""
        try:
            self._hurry.release()
        except RuntimeError:  # somebody else has, and it has not been noticed yet
            pass

    def _start(self) -> None:
        with self._start_lock:
            if not self.started:
                self.started = True
                self._native.start(self._run)

    def _run(self) -> None:
        while True:
            batch, closing = self._batch()
            try:
                self._write(batch, closing)
            except Exception:  # the thread must live: without it nothing would ever be settled again
                self._native.tell(log.exception, "state: a batch of writes was lost")
                self._drop(batch)
            if closing:
                self._disconnect()
                self._ended.release()
                return

    def _batch(self) -> tuple[list[Operation], bool]:
        """The next operations, and whether they are the last. Empty when it is time to try the file again."""
        try:
            first = self._queue.get(True, max(self._retry_at - time.monotonic(), 0.01) if self._kept else None)
        except Empty:
            return [], False
        batch: list[Operation] = []
        if first is None:
            return batch, True
        batch.append(first)
        closing = self._gather(batch)
        if not closing and all(each.waiting is None for each in batch):
            self._hurry.acquire(True, LINGER_S)
            closing = self._gather(batch)
        else:
            self._hurry.acquire(False)
        return batch, closing

    def _gather(self, batch: list[Operation]) -> bool:
        """Adds all that is in the queue; whether its end was among that."""
        while len(batch) < BATCH:
            try:
                operation = self._queue.get_nowait()
            except Empty:
                return False
            if operation is None:
                return True
            batch.append(operation)
        return False

    def _write(self, batch: list[Operation], closing: bool) -> None:
        import sqlite3

        if self._kept and time.monotonic() < self._retry_at and not closing:
            self._keep(batch)
            return
        operations = [*self._kept, *batch]
        if not operations:
            return
        try:
            version = self._transaction(operations)
        except (sqlite3.Error, OSError, NewerFile) as error:
            self._trouble(error)
            self._keep(batch)
            return
        outrun = [each for each in self._kept if each.conditional and not each.result]
        self._kept.clear()
        if self.why:
            self.why = ""
            self._native.tell(log.info, "state: %s is written again", self._path)
        self._settled([each for each in operations if not each.conditional or each.result], version)
        if outrun:
            self._settled(outrun, None)
        for each in batch:
            each.answer(each.result)

    def _transaction(self, operations: list[Operation]) -> int:
        """Writes them all or none; the data version at that moment."""
        import sqlite3

        if self._connection is None:
            connection = connect(self._path, self._native.sleep)
            with self._lock:
                self._connection = connection
        connection = self._connection
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            with self._lock:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    version = _version(connection)
                    self._apply(connection, operations)
                    self._sweep(connection)
                    connection.execute("COMMIT")
                    return version
                except sqlite3.Error as error:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    if not is_locked(error) or time.monotonic() > deadline:
                        raise
            self._native.sleep(LOCK_RETRY_S)

    def _apply(self, connection: sqlite3.Connection, operations: list[Operation]) -> None:
        now = time.time()
        for each in operations:
            if each.flush:
                each.result = True
                continue
            if each.conditional:
                row = connection.execute(_SELECT, each.key).fetchone()
                each.result = _value(row, now) == each.expected
                if not each.result:
                    continue
            if each.value is None:
                connection.execute(_DELETE, each.key)
            else:
                connection.execute(_UPSERT, (*each.key, each.value, each.expires_at))
                self._unswept += each.size

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """What has expired goes; above the size limit also what expires soonest. The file itself does not shrink:
        freed pages are used again."""
        if time.monotonic() < self._sweep_at and self._unswept < self._limit // 16:
            return
        swept = connection.execute(_SWEEP, (time.time(), SWEPT_AT_ONCE)).rowcount
        more = swept == SWEPT_AT_ONCE
        if _used(connection) > self._limit:
            for _ in range(100):
                if connection.execute(_SHRINK, (SWEPT_AT_ONCE // 10,)).rowcount == 0:
                    break
                if _used(connection) <= self._limit * 0.9:
                    break
        self._sweep_at = time.monotonic() + (0.0 if more else SWEEP_S)
        self._unswept = 0

    def _trouble(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + RETRY_S
        if not (is_locked(error) or is_disk_trouble(error)):
            self._disconnect()
        if not self.why:
            self.why = f"{self._path.name} cannot be written ({error})"
            self._native.tell(
                log.warning,
                "state: %s cannot be written (%s): what it should remember is kept in memory, not shared with other "
                "workers and lost with this one, until it can be. Look at the folder's owner, mode and free space",
                self._path,
                error,
            )

    def _keep(self, batch: list[Operation]) -> None:
        """In memory until the file can be written. Conditions are judged by what is known here, and once more then:
        what other workers have written meanwhile wins."""
        for each in batch:
            if each.flush:
                each.answer(False)
                continue
            if each.conditional:
                if self._known(each.key) != each.expected:
                    each.answer(False)
                    continue
                before = self._kept.get(each.key)
                if before is not None:
                    each.conditional, each.expected = before.conditional, before.expected
            self._kept.put(each)
            each.answer(True)
        dropped = self._kept.dropped()
        if dropped:
            self._settled(dropped, None)

    def _known(self, key: Key) -> bytes | None:
        import sqlite3

        now = time.time()
        kept = self._kept.get(key)
        if kept is not None:
            return kept.value if kept.lives(now) else None
        if self._connection is None:
            return None
        with self._lock:
            try:
                return _value(self._connection.execute(_SELECT, key).fetchone(), now)
            except sqlite3.Error:
                return None

    def _drop(self, batch: list[Operation]) -> None:
        self._settled(batch, None)
        for each in batch:
            each.answer(False)

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _used(connection: sqlite3.Connection) -> int:
    """Bytes in use, free pages not counted."""
    told = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")]
    pages, free, size = (int(each[0]) for each in told)
    return (pages - free) * size


def _value(row: tuple[bytes, float | None] | None, now: float) -> bytes | None:
    return row[0] if row is not None and (row[1] is None or row[1] > now) else None
