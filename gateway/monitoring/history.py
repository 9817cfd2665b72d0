"""Questions to the records: who used what, and what happened lately."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gateway.config.model import Records
from gateway.monitoring.record import Record

if TYPE_CHECKING:
    from sqlalchemy import Engine

By = Literal["key", "model", "account"]
COLUMNS: dict[By, str] = {"key": "key", "model": "mapped", "account": "account"}


@dataclass(slots=True, frozen=True)
class Used:
    """Totals of one key, model or account. `unpriced` requests used tokens at a price nobody knows."""

    name: str
    requests: int
    errors: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int


@dataclass(slots=True, frozen=True)
class KeptBodies:
    """Redacted and cut texts; the sizes in bytes are those of the whole bodies as they came."""

    at: float
    request: str
    request_size: int
    answer: str
    answer_size: int


class History:
    """Raises LookupError with a sentence when there are no records to ask."""

    def __init__(self, settings: Records, data_dir: Path) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        from gateway.monitoring.schema import NoDriver
        from gateway.monitoring.tables import FILE_NAME, NewerRecords, migrate, open_engine

        if not settings.url and not (data_dir / FILE_NAME).exists():
            remedy = "the first request makes one (DRAGOMAN_DATA names another folder)"
            raise LookupError(f"there are no records in {data_dir} yet: {remedy}")
        try:
            migrate(open_engine(settings.url, data_dir, writing=True))
        except (SQLAlchemyError, NewerRecords, NoDriver) as error:
            raise LookupError(f"the records cannot be read: {getattr(error, 'orig', None) or error}") from None
        self._engine: Engine = open_engine(settings.url, data_dir, writing=False)

    def usage(self, by: By, since: float) -> list[Used]:
        """Since a unix time, the dearest first."""
        from sqlalchemy import and_, case, func, select

        from gateway.monitoring.tables import REQUEST

        column, at = REQUEST.c[COLUMNS[by]], REQUEST.c
        unpriced = and_(at.cost_usd.is_(None), at.source != "none")
        asked = (
            select(
                column,
                func.count(),
                func.sum(case((at.status >= 400, 1), (at.ended.in_(("cut", "failed")), 1), else_=0)),
                func.coalesce(func.sum(at.input_tokens), 0),
                func.sum(at.cached_tokens),
                func.coalesce(func.sum(at.output_tokens), 0),
                func.coalesce(func.sum(at.cost_usd), 0.0),
                func.sum(case((unpriced, 1), else_=0)),
            )
            .where(at.at >= since, at.asked != "")
            .group_by(column)
        )
        with self._engine.begin() as connection:
            rows = [
                Used(str(name), int(count), int(bad), int(into), int(cached), int(out), float(cost), int(free))
                for name, count, bad, into, cached, out, cost, free in connection.execute(asked)
            ]
        return sorted(rows, key=lambda used: (-used.cost_usd, -used.input_tokens - used.output_tokens, used.name))

    def latest(self, count: int, *, errors: bool = False) -> list[tuple[int, Record]]:
        """The last records with their numbers, oldest first."""
        return list(self._read(None, count, errors))

    def after(self, number: int, *, errors: bool = False) -> list[tuple[int, Record]]:
        """What came after the record of this number."""
        return list(self._read(number, 1000, errors))

    def of_id(self, identity: str) -> list[Record]:
        """The records with this id, the oldest first (a client that names its ids may repeat one)."""
        from sqlalchemy import select

        from gateway.monitoring.tables import REQUEST, record_of

        asked = select(REQUEST).where(REQUEST.c.id == identity).order_by(REQUEST.c.number).limit(100)
        with self._engine.begin() as connection:
            return [record_of(row) for row in connection.execute(asked).mappings()]

    def bodies(self, identity: str) -> list[KeptBodies]:
        """What was kept of the requests with this id, the oldest first; empty where [records] bodies was off."""
        from sqlalchemy import select

        from gateway.monitoring.tables import BODY

        names = ("at", "request", "request_size", "answer", "answer_size")
        asked = (
            select(*(BODY.c[name] for name in names)).where(BODY.c.id == identity).order_by(BODY.c.number).limit(100)
        )
        with self._engine.begin() as connection:
            return [KeptBodies(**row) for row in connection.execute(asked).mappings()]

    def _read(self, after: int | None, count: int, errors: bool) -> Iterator[tuple[int, Record]]:
        from sqlalchemy import or_, select

        from gateway.monitoring.tables import REQUEST, record_of

        asked = select(REQUEST)
        if errors:
            asked = asked.where(or_(REQUEST.c.status >= 400, REQUEST.c.ended.in_(("cut", "failed"))))
        if after is None:
            asked = asked.order_by(REQUEST.c.number.desc()).limit(count)
        else:
            asked = asked.where(REQUEST.c.number > after).order_by(REQUEST.c.number).limit(count)
        with self._engine.begin() as connection:
            rows = list(connection.execute(asked).mappings())
        for row in reversed(rows) if after is None else rows:
            yield int(row["number"]), record_of(row)
