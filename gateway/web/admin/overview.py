"""The first page: who can answer, what the last hour brought, what is running, what needs a look."""

from __future__ import annotations

import time
from typing import Any

from flask import Response

from gateway.monitoring.record import Record
from gateway.web.admin.account_rows import account_rows
from gateway.web.admin.board import Board
from gateway.web.admin.visit import Visit

HOUR_S = 3600.0
ERRORS_SHOWN = 5


def overview(visit: Visit) -> Response:
    gateway = visit.gateway
    return visit.page(
        "overview.html",
        **_figures(visit),
        rows=_running(visit),
        now=time.time(),
        warnings=[
            *gateway.config.skipped,
            *gateway.warnings(),
            *(f"{name}: {why}" for name, why in gateway.unavailable().items()),
        ],
        ready=gateway.ready(),
        errors=_errors(visit),
    )


def figures(visit: Visit) -> Response:
    return visit.part("_figures.html", **_figures(visit))


def errors(visit: Visit) -> Response:
    return visit.part("_errors.html", errors=_errors(visit))


def live(visit: Visit) -> Response:
    return visit.part("_live.html", rows=_running(visit), now=time.time())


def _figures(visit: Visit) -> dict[str, Any]:
    totals, why = visit.desk.records.ask(lambda records: records.totals(time.time() - HOUR_S))
    accounts = account_rows(visit.gateway)
    return {
        "totals": totals,
        "why": why,
        "accounts": accounts,
        "usable": sum(row["state"] == "usable" for row in accounts),
        "waiting": visit.gateway.recorder.waiting,
    }


def _errors(visit: Visit) -> list[tuple[int, Record]]:
    found, _ = visit.desk.records.ask(lambda records: records.found(ERRORS_SHOWN, errors=True))
    return found or []


def _running(visit: Visit) -> list[Any]:
    return Board(visit.gateway.state).rows(visit.gateway)
