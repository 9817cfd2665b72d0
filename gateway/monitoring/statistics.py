"""Questions of the admin page to the records: totals, courses over time, and single requests found again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.monitoring.history import COLUMNS, By, History
from gateway.monitoring.record import Record

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

CUT = ("cut", "failed")


@dataclass(frozen=True, slots=True)
class Totals:
    """`first_content_s` is the mean of those that had content."""

    requests: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    first_content_s: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """One name's sums in the step that began at `at` (unix seconds)."""

    at: float
    name: str
    requests: int
    errors: int
    tokens: int
    cost_usd: float


class Statistics(History):
    def totals(self, since: float) -> Totals:
        """Of requests that asked for a model, since a unix time."""
        from sqlalchemy import func, select

        from gateway.monitoring.tables import REQUEST

        at = REQUEST.c
        asked = select(
            func.count(),
            _errors(),
            func.coalesce(func.sum(at.input_tokens), 0),
            func.coalesce(func.sum(at.output_tokens), 0),
            func.coalesce(func.sum(at.cost_usd), 0.0),
            func.avg(at.first_content_s),
        ).where(at.at >= since, at.asked != "")
        with self._engine.begin() as connection:
            count, bad, into, out, cost, first = connection.execute(asked).one()
        return Totals(
            int(count), int(bad or 0), int(into), int(out), float(cost), None if first is None else float(first)
        )

    def course(self, by: By, since: float, step_s: int, offset_s: int) -> list[Point]:
        """Sums by step and name, the oldest first; steps begin at multiples of `step_s` in a time zone `offset_s` east
        of Greenwich."""
        from sqlalchemy import Integer, cast, func, select

        from gateway.monitoring.tables import REQUEST

        at, name = REQUEST.c, REQUEST.c[COLUMNS[by]]
        steps: ColumnElement[Any] = (at.at + offset_s) / step_s
        # A cast cuts in SQLite and rounds in PostgreSQL; floor() is not in every SQLite.
        plain = self._engine.dialect.name == "sqlite"
        step = (cast(steps, Integer) if plain else func.floor(steps)).label("step")
        asked = (
            select(
                step,
                name,
                func.count(),
                _errors(),
                func.coalesce(func.sum(func.coalesce(at.input_tokens, 0) + func.coalesce(at.output_tokens, 0)), 0),
                func.coalesce(func.sum(at.cost_usd), 0.0),
            )
            .where(at.at >= since, at.asked != "")
            .group_by("step", name)
            .order_by("step", name)
        )
        with self._engine.begin() as connection:
            return [
                Point(float(n) * step_s - offset_s, str(who), int(count), int(bad or 0), int(tokens), float(cost))
                for n, who, count, bad, tokens, cost in connection.execute(asked)
            ]

    def found(
        self,
        count: int,
        *,
        errors: bool = False,
        key: str = "",
        model: str = "",
        account: str = "",
        before: int = 0,
    ) -> list[tuple[int, Record]]:
        """The last records that fit, with their numbers, newest first; `model` as asked or as mapped, `before` a
        number."""
        from sqlalchemy import or_, select

        from gateway.monitoring.tables import REQUEST, record_of

        at = REQUEST.c
        asked = select(REQUEST).order_by(at.number.desc()).limit(count)
        if errors:
            asked = asked.where(or_(at.status >= 400, at.ended.in_(CUT)))
        if key:
            asked = asked.where(at.key == key)
        if model:
            asked = asked.where(or_(at.asked == model, at.mapped == model))
        if account:
            asked = asked.where(at.account == account)
        if before:
            asked = asked.where(at.number < before)
        with self._engine.begin() as connection:
            return [(int(row["number"]), record_of(row)) for row in connection.execute(asked).mappings()]

    def one(self, number: int) -> Record | None:
        from sqlalchemy import select

        from gateway.monitoring.tables import REQUEST, record_of

        with self._engine.begin() as connection:
            row = connection.execute(select(REQUEST).where(REQUEST.c.number == number)).mappings().first()
        return None if row is None else record_of(row)

    def names(self, by: By, since: float) -> list[str]:
        """Who appears in the records."""
        from sqlalchemy import select

        from gateway.monitoring.tables import REQUEST

        column = REQUEST.c[COLUMNS[by]]
        asked = select(column).where(REQUEST.c.at >= since, column != "").distinct().order_by(column).limit(500)
        with self._engine.begin() as connection:
            return [str(name) for (name,) in connection.execute(asked)]


def _errors() -> ColumnElement[Any]:
    from sqlalchemy import case, func

    from gateway.monitoring.tables import REQUEST

    return func.sum(case((REQUEST.c.status >= 400, 1), (REQUEST.c.ended.in_(CUT), 1), else_=0))
