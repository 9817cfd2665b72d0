"""The shape of the records' database, SQLite or PostgreSQL, and how an older one becomes a newer one.

Imported where it is needed only: SQLAlchemy takes a quarter of a second. https://docs.sqlalchemy.org/en/20/core/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import KEPT, Record

FILE_NAME = "records.db"
ADVISORY_LOCK = 0x647261676F6D
SQLITE_PATIENCE_S = 10.0

METADATA = MetaData()

VERSION = Table("record_version", METADATA, Column("version", Integer, nullable=False))

REQUEST = Table(
    "request",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Float(53), nullable=False),
    *(Column(name, String, nullable=False) for name in ("id", "method", "path", "client", "key")),
    Column("status", Integer, nullable=False),
    Column("seconds", Float(53), nullable=False),
    *(Column(name, String, nullable=False) for name in ("asked", "mapped", "mode", "upstream", "account")),
    Column("stream", Boolean, nullable=False),
    *(Column(name, String, nullable=False) for name in ("ended", "finish", "error")),
    Column("first_content_s", Float(53)),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    *(Column(name, Integer, nullable=False) for name in ("cached_tokens", "cache_write_tokens", "reasoning_tokens")),
    Column("source", String, nullable=False),
    Column("cost_usd", Float(53)),
    Column("attempts", String, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("waited_s", Float(53)),
    Column("provider_request_id", String, nullable=False),
)
"""Columns are the fields of Record; `attempts` is a JSON array."""

AT = Index("request_at", REQUEST.c.at)
ID = Index("request_id", REQUEST.c.id)

BODY = Table(
    "body",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Float(53), nullable=False),
    *(Column(name, String, nullable=False) for name in ("id", "request", "answer")),
    Column("request_size", Integer, nullable=False),
    Column("answer_size", Integer, nullable=False),
)
BODY_ID = Index("body_id", BODY.c.id)

MIGRATIONS: list[tuple[str | DDLElement, ...]] = [
    (),
    (
        CreateTable(BODY, if_not_exists=True),
        CreateIndex(BODY_ID, if_not_exists=True),
        CreateIndex(ID, if_not_exists=True),
        "ALTER TABLE request ADD COLUMN waited_s DOUBLE PRECISION",
        "ALTER TABLE request ADD COLUMN provider_request_id VARCHAR NOT NULL DEFAULT ''",
    ),
]
"""Number n makes version n + 1 of version n, in SQL both databases understand. New databases get the tables above at
once, so a change goes into both: the table above and a statement at the end here."""


class NewerRecords(Exception):
    """A newer Dragoman wrote the database."""


def open_engine(url: str, data_dir: Path, *, writing: bool) -> Engine:
    """An engine for `[records] url` ("": SQLite in the data folder) that holds no connection while it is not used."""
    if url:
        scheme, mark, rest = url.partition("://")
        name = f"postgresql+psycopg{mark}{rest}" if scheme in ("postgres", "postgresql") else url
        return create_engine(name, poolclass=NullPool, connect_args={"connect_timeout": 5})
    engine = create_engine(
        f"sqlite:///{data_dir / FILE_NAME}", poolclass=NullPool, connect_args={"timeout": SQLITE_PATIENCE_S}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_writing if writing else _begin_reading)
    return engine


def migrate(engine: Engine) -> None:
    """Makes the tables or brings them up to date; several workers may do so at once. Raises NewerRecords."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        connection.execute(CreateTable(VERSION, if_not_exists=True))
        version = connection.execute(select(VERSION.c.version)).scalar()
        if version is None:
            for table in (REQUEST, BODY):
                connection.execute(CreateTable(table, if_not_exists=True))
            for index in (AT, ID, BODY_ID):
                connection.execute(CreateIndex(index, if_not_exists=True))
            connection.execute(insert(VERSION).values(version=len(MIGRATIONS)))
        elif version > len(MIGRATIONS):
            raise NewerRecords(f"it has version {version}, this program knows {len(MIGRATIONS)}: update Dragoman")
        elif version < len(MIGRATIONS):
            for statement in (each for step in MIGRATIONS[version:] for each in step):
                connection.execute(text(statement) if isinstance(statement, str) else statement)
            connection.execute(update(VERSION).values(version=len(MIGRATIONS)))


_PLAIN = tuple(name for name in KEPT if name != "attempts")
_values = attrgetter(*_PLAIN)


def write(connection: Connection, records: Sequence[Record]) -> None:
    """Inserts them. In the driver's own words: SQLAlchemy's take twice as long."""
    plain = connection.dialect.name == "sqlite"
    marks = ", ".join(("?" if plain else "%s",) * (len(_PLAIN) + 1))
    if not records:
        return
    rows = [(*_values(record), json.dumps(record.attempts) if record.attempts else "[]") for record in records]
    if not plain:  # PostgreSQL's text has no NUL
        rows = [
            tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row) for row in rows
        ]
    connection.exec_driver_sql(f"INSERT INTO request ({', '.join(_PLAIN)}, attempts) VALUES ({marks})", rows)


def write_bodies(connection: Connection, bodies: Sequence[Bodies], secrets: Sequence[str]) -> None:
    rows = []
    for each in bodies:
        request, answer = (text.replace("\0", "\ufffd") for text in each.texts(secrets))
        sizes = {"request_size": each.request_size, "answer_size": each.answer_size}
        rows.append({"at": each.at, "id": each.id, "request": request, "answer": answer, **sizes})
    connection.execute(insert(BODY), rows)


def record_of(row: Any) -> Record:
    """From a row of REQUEST's columns."""
    fields = {name: row[name] for name in KEPT}
    fields["attempts"] = json.loads(fields["attempts"])
    return Record(**fields)


def _prepare(connection: Any, _: Any) -> None:
    """SQLAlchemy says BEGIN itself: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable"""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
