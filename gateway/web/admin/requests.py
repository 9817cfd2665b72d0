"""What was asked lately: the records, to be searched, and one of them in full."""

from __future__ import annotations

import time
from typing import Any

from flask import Response

from gateway.monitoring.history import KeptBodies
from gateway.monitoring.record import Record
from gateway.monitoring.statistics import Statistics
from gateway.web.admin.board import Board
from gateway.web.admin.visit import Visit

SHOWN = 50
WEEK_S = 7 * 86400.0
CLOCKS_S = 0.5

TONES = {"cut": "bad", "failed": "bad", "cancelled": "warn"}


def tone(record: Record) -> str:
    """The colour of how it ended."""
    if record.status == 499:
        return "warn"
    if record.status >= 400:
        return "bad"
    return TONES.get(record.ended, "good")


def outcome(record: Record) -> str:
    """How it ended, in a word."""
    return str(record.status) if record.status >= 400 else record.ended or str(record.status)


def requests(visit: Visit) -> Response:
    week = time.time() - WEEK_S
    names, _ = visit.desk.records.ask(
        lambda records: {by: records.names(by, week) for by in ("key", "model", "account")}
    )
    return visit.page(
        "requests.html",
        **_listed(visit),
        names=names or {"key": [], "model": [], "account": []},
        rows=Board(visit.gateway.state).rows(visit.gateway),
        now=time.time(),
    )


def table(visit: Visit) -> Response:
    return visit.part("_requests.html", **_listed(visit))


def one(visit: Visit) -> Response:
    given = visit.asked("number")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
    found, why = visit.desk.records.ask(lambda records: _with_bodies(records, number))
    if found is None:
        return visit.page("missing.html", status=404, why=why or "There is no such request; old ones are deleted.")
    record, bodies = found
    return visit.page("request.html", record=record, bodies=bodies, tone=tone(record), outcome=outcome(record))


def _with_bodies(records: Statistics, number: int) -> tuple[Record, list[KeptBodies]] | None:
    """A client that names its requests may repeat a name: the bodies are those whose answer began meanwhile."""
    record = records.one(number)
    if record is None:
        return None
    until = record.at + record.seconds + CLOCKS_S
    return record, [each for each in records.bodies(record.id) if record.at - CLOCKS_S <= each.at <= until]


def _listed(visit: Visit) -> dict[str, Any]:
    chosen = {name: visit.asked(name) for name in ("key", "model", "account")}
    errors, before = visit.asked("errors") == "1", visit.asked("before")
    found, why = visit.desk.records.ask(
        lambda records: records.found(
            SHOWN, errors=errors, before=int(before) if before.isascii() and before.isdigit() else 0, **chosen
        )
    )
    records = [(number, record, tone(record), outcome(record)) for number, record in found or []]
    return {"records": records, "why": why, "chosen": chosen, "errors": errors, "before": before, "most": SHOWN}
