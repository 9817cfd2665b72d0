"""Who used what: a chart of days (or hours), a chart of names, and the table they are made of."""

from __future__ import annotations

import time
from typing import Any, get_args

from flask import Response

from gateway.monitoring.history import By
from gateway.monitoring.statistics import Point, Statistics
from gateway.web.admin.visit import Visit

SPANS = {"24h": (86400, 3600), "7d": (7 * 86400, 86400), "30d": (30 * 86400, 86400)}
"""Word -> its length and the steps of its chart, in seconds."""
MEASURES = {"tokens": "Tokens", "requests": "Requests", "cost_usd": "Cost in US dollars", "errors": "Errors"}
BYS = get_args(By)
MOST_NAMES = 6
OTHERS = "others"


def usage(visit: Visit) -> Response:
    span = visit.asked("since") if visit.asked("since") in SPANS else "7d"
    by: By = next((each for each in BYS if each == visit.asked("by")), "model")
    measure = visit.asked("measure") if visit.asked("measure") in MEASURES else "tokens"
    length, step = SPANS[span]
    now = time.time()
    offset = time.localtime(now).tm_gmtoff
    first = (int(now + offset - length) // step + 1) * step - offset

    def asked(records: Statistics) -> tuple[list[Any], list[Point]]:
        return records.usage(by, first), records.course(by, first, step, offset)

    found, why = visit.desk.records.ask(asked)
    used, points = found or ([], [])
    return visit.page(
        "usage.html",
        used=used,
        why=why,
        span=span,
        spans=list(SPANS),
        by=by,
        bys=BYS,
        measure=measure,
        measures=MEASURES,
        chart=chart(points, measure, first, step, now),
    )


def chart(points: list[Point], measure: str, first: float, step: int, now: float) -> dict[str, Any]:
    """{labels, sets: [{label, data}]} for a stacked chart: a label for every step, the largest names, and the rest as
    one."""
    sums: dict[str, float] = {}
    for point in points:
        sums[point.name] = sums.get(point.name, 0) + getattr(point, measure)
    largest = sorted((name for name in sums if sums[name]), key=lambda name: (-sums[name], name))
    # One name too many needs no "others": it stands for itself.
    shown = largest if len(largest) <= MOST_NAMES + 1 else largest[:MOST_NAMES]
    count = max(int((now - first) // step) + 1, 1)
    sets = {name: [0.0] * count for name in (*shown, *([OTHERS] if len(shown) < len(largest) else []))}
    for point in points:
        row = sets.get(point.name if point.name in shown else OTHERS)
        place = int((point.at - first) // step)
        if row is not None and 0 <= place < count:
            row[place] += getattr(point, measure)
    form = "%H:%M" if step == 3600 else "%b %d"
    labels = [time.strftime(form, time.localtime(first + step * place)) for place in range(count)]
    return {"labels": labels, "sets": [{"label": name or "(none)", "data": data} for name, data in sets.items()]}
