"""The records' tables as SQLAlchemy sees them, for questions to them and for writing to PostgreSQL. Their shape is
schema.py's.

Imported where it is needed only: SQLAlchemy takes a quarter of a second and 20 MB. https://docs.sqlalchemy.org/en/20/core/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
)
from sqlalchemy.pool import NullPool

from gateway.monitoring import schema
from gateway.monitoring.database import PATIENCE_S
from gateway.monitoring.record import KEPT, Record
from gateway.monitoring.schema import FILE_NAME, NewerRecords, NoDriver

METADATA = MetaData()

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
    Column("affinity", String, nullable=False, server_default=""),
    Column("session", String, nullable=False, server_default=""),
    Column("waited_s", Float(53)),
    Column("provider_request_id", String, nullable=False),
)

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


def open_engine(url: str, data_dir: Path, *, writing: bool, kept: bool = False) -> Engine:
    """An engine for `[records] url` ("": SQLite in the data folder); `kept`: it keeps one connection while it is not
    used. Raises NoDriver."""
    if url:
        scheme, mark, rest = url.partition("://")
        name = f"postgresql+psycopg{mark}{rest}" if scheme in ("postgres", "postgresql") else url
        try:
            pool: dict[str, Any] = {"pool_size": 1, "pool_pre_ping": True} if kept else {"poolclass": NullPool}
            return create_engine(name, connect_args={"connect_timeout": 5}, **pool)
        except ModuleNotFoundError:
            raise NoDriver from None
    engine = create_engine(
        f"sqlite:///{data_dir / FILE_NAME}", poolclass=NullPool, connect_args={"timeout": PATIENCE_S}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_writing if writing else _begin_reading)
    return engine


def migrate(engine: Engine) -> None:
    """Makes the tables or brings them up to date. Raises NewerRecords."""
    with Alchemy(engine).transaction() as session:
        schema.migrate(session)


class Alchemy:
    """A `Database`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def transaction(self) -> Iterator[schema.Session]:
        with self._engine.begin() as connection:
            yield _Session(connection)

    def close(self) -> None:
        self._engine.dispose()


class _Session:
    """Statements are the driver's own: SQLAlchemy's take twice as long."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.sqlite = connection.dialect.name == "sqlite"
        self.number = "INTEGER PRIMARY KEY" if self.sqlite else "SERIAL PRIMARY KEY"

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = self._connection.exec_driver_sql(self._marked(statement), tuple(values))
        return [tuple(row) for row in found] if found.returns_rows else []

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.exec_driver_sql(self._marked(statement), [tuple(row) for row in rows])

    def _marked(self, statement: str) -> str:
        return statement if self.sqlite else statement.replace("?", "%s")


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


__all__ = ["BODY", "FILE_NAME", "REQUEST", "Alchemy", "NewerRecords", "migrate", "open_engine", "record_of"]
