"""The shape of the records' database, how an older one becomes a newer one, and what is written into it.

In SQL that SQLite and PostgreSQL both understand, with `?` for values: workers write without SQLAlchemy, which would
take 20 MB each. Questions are asked by tables.py, whose tables a test compares with these statements.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Protocol

from gateway.config.model import Records
from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import KEPT, Record

FILE_NAME = "records.db"
ADVISORY_LOCK = 0x647261676F6D
ROW_BYTES = 600
"""About what a record takes in PostgreSQL, whose tables do not shrink by themselves."""

_BODY = (
    "CREATE TABLE IF NOT EXISTS body (number {number}, at DOUBLE PRECISION NOT NULL, id VARCHAR NOT NULL, "
    "request VARCHAR NOT NULL, answer VARCHAR NOT NULL, request_size INTEGER NOT NULL, answer_size INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS body_id ON body (id)",
    "CREATE INDEX IF NOT EXISTS request_id ON request (id)",
)
TABLES = (
    "CREATE TABLE IF NOT EXISTS request (number {number}, at DOUBLE PRECISION NOT NULL, id VARCHAR NOT NULL, "
    "method VARCHAR NOT NULL, path VARCHAR NOT NULL, client VARCHAR NOT NULL, key VARCHAR NOT NULL, "
    "status INTEGER NOT NULL, seconds DOUBLE PRECISION NOT NULL, asked VARCHAR NOT NULL, mapped VARCHAR NOT NULL, "
    "mode VARCHAR NOT NULL, upstream VARCHAR NOT NULL, account VARCHAR NOT NULL, stream BOOLEAN NOT NULL, "
    "ended VARCHAR NOT NULL, finish VARCHAR NOT NULL, error VARCHAR NOT NULL, first_content_s DOUBLE PRECISION, "
    "input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL, "
    "reasoning_tokens INTEGER NOT NULL, source VARCHAR NOT NULL, cost_usd DOUBLE PRECISION, attempts VARCHAR NOT NULL, "
    "losses INTEGER NOT NULL, affinity VARCHAR NOT NULL DEFAULT '', session VARCHAR NOT NULL DEFAULT '', "
    "waited_s DOUBLE PRECISION, "
    "provider_request_id VARCHAR NOT NULL DEFAULT '')",
    "CREATE INDEX IF NOT EXISTS request_at ON request (at)",
    *_BODY,
)
"""A new database. Columns of `request` are the fields of Record; `attempts` is a JSON array."""

MIGRATIONS: list[tuple[str, ...]] = [
    (),
    (
        *_BODY,
        "ALTER TABLE request ADD COLUMN affinity VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE request ADD COLUMN waited_s DOUBLE PRECISION",
        "ALTER TABLE request ADD COLUMN provider_request_id VARCHAR NOT NULL DEFAULT ''",
    ),
    ("ALTER TABLE request ADD COLUMN session VARCHAR NOT NULL DEFAULT ''",),
]
"""Number n makes version n + 1 of version n. New databases get TABLES at once, so a change goes into both,
and into a step of its own: databases out there have made the others already."""

_PLAIN = tuple(name for name in KEPT if name != "attempts")
_values = attrgetter(*_PLAIN)
_INSERT = f"INSERT INTO request ({', '.join(_PLAIN)}, attempts) VALUES ({', '.join('?' * (len(_PLAIN) + 1))})"
_INSERT_BODY = "INSERT INTO body (at, id, request, answer, request_size, answer_size) VALUES (?, ?, ?, ?, ?, ?)"


class NewerRecords(Exception):
    """A newer Dragoman wrote the database."""


class NoDriver(Exception):
    """PostgreSQL is wanted and psycopg is not installed; the message is the remedy."""

    def __init__(self) -> None:
        super().__init__(f"PostgreSQL needs a driver: {sys.executable} -m pip install 'psycopg[binary]'")


class Session(Protocol):
    """One transaction for writing. `number` is the type of a column that counts by itself."""

    number: str
    sqlite: bool

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...


def migrate(session: Session) -> None:
    """Makes the tables or brings them up to date; several workers may do so at once. Raises NewerRecords."""
    if not session.sqlite:
        session.execute("SELECT pg_advisory_xact_lock(?)", (ADVISORY_LOCK,))
    session.execute("CREATE TABLE IF NOT EXISTS record_version (version INTEGER NOT NULL)")
    found = session.execute("SELECT version FROM record_version")
    version = int(found[0][0]) if found else None
    if version == len(MIGRATIONS):
        return
    if version is not None and version > len(MIGRATIONS):
        raise NewerRecords(f"it has version {version}, this program knows {len(MIGRATIONS)}: update Dragoman")
    steps = TABLES if version is None else [each for step in MIGRATIONS[version:] for each in step]
    for statement in steps:
        session.execute(statement.replace("{number}", session.number))
    if version is None:
        session.execute("INSERT INTO record_version (version) VALUES (?)", (len(MIGRATIONS),))
    else:
        session.execute("UPDATE record_version SET version = ?", (len(MIGRATIONS),))


def write(session: Session, records: Sequence[Record]) -> None:
    rows = [(*_values(record), json.dumps(record.attempts) if record.attempts else "[]") for record in records]
    if rows:
        session.execute_many(_INSERT, rows if session.sqlite else [_without_nul(row) for row in rows])


def write_bodies(session: Session, bodies: Sequence[Bodies], secrets: Sequence[str]) -> None:
    rows = [(each.at, each.id, *each.texts(secrets), each.request_size, each.answer_size) for each in bodies]
    if rows:
        session.execute_many(_INSERT_BODY, [_without_nul(row) for row in rows])


def tidy(session: Session, settings: Records) -> None:
    """What is too old goes, and of the rest the oldest while it is too much; bodies before records."""
    for table in ("request", "body"):
        session.execute(f"DELETE FROM {table} WHERE at < ?", (time.time() - settings.retention_days * 86400,))
    for _ in range(50):
        rows, bodies = (int(session.execute(f"SELECT count(*) FROM {table}")[0][0]) for table in ("request", "body"))
        if _size(session, rows) <= settings.max_mb * 1024 * 1024 or not rows + bodies:
            return
        table, count = ("body", bodies) if bodies else ("request", rows)
        session.execute(
            f"DELETE FROM {table} WHERE number IN (SELECT number FROM {table} ORDER BY number LIMIT ?)",
            (max(count // 10, 1),),
        )


def _size(session: Session, rows: int) -> int:
    """Bytes that are in use."""
    if session.sqlite:
        words = ("page_count", "freelist_count", "page_size")
        pages, free, size = (int(session.execute(f"PRAGMA {word}")[0][0]) for word in words)
        return (pages - free) * size
    found = session.execute("SELECT coalesce(sum(length(request) + length(answer)), 0) FROM body")
    return rows * ROW_BYTES + int(found[0][0])


def _without_nul(row: Sequence[Any]) -> tuple[Any, ...]:
    """PostgreSQL's text has no NUL."""
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)
