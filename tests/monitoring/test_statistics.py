from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.config.model import Records
from gateway.monitoring.record import Record
from gateway.monitoring.statistics import Statistics
from tests.web.admin.past import keep

DAY = 86400


def record(at: float, **more: object) -> Record:
    told = {"asked": "m", "mapped": "m", "key": "k", "account": "a", "input_tokens": 10, "output_tokens": 5, **more}
    return Record(at, f"r{at}", "POST", "/v1/x", "", seconds=1.0, **{"status": 200, **told})  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    keep([], tmp_path)
    return tmp_path


def filled(data: Path, *records: Record) -> Statistics:
    keep(records, data)
    return Statistics(Records(), data)


def test_totals_count_what_asked_a_model(data: Path) -> None:
    now = time.time()
    statistics = filled(
        data,
        record(now - 10, cost_usd=0.5, first_content_s=1.0),
        record(now - 9, cost_usd=None, first_content_s=3.0, ended="cut"),
        record(now - 8, status=429, input_tokens=None, output_tokens=None),
        record(now - 7, asked=""),
        record(now - 7200),
    )
    found = statistics.totals(now - 3600)
    assert (found.requests, found.errors, found.input_tokens, found.output_tokens) == (3, 2, 20, 10)
    assert found.cost_usd == 0.5 and found.first_content_s == 2.0


def test_totals_of_nothing(data: Path) -> None:
    found = Statistics(Records(), data).totals(0)
    assert (found.requests, found.errors, found.first_content_s) == (0, 0, None)


@pytest.mark.parametrize("offset", [0, 7200, -5 * 3600])
def test_days_begin_at_midnight_where_the_gateway_is(data: Path, offset: int) -> None:
    midnight = 20_000 * DAY - offset
    statistics = filled(
        data,
        record(midnight - 1),
        record(midnight),
        record(midnight + 60),
        record(midnight + DAY - 0.5, key="other"),
        record(midnight + DAY),
    )
    points = statistics.course("key", midnight - DAY, DAY, offset)
    assert [(point.at, point.name, point.requests, point.tokens) for point in points] == [
        (midnight - DAY, "k", 1, 15),
        (midnight, "k", 2, 30),
        (midnight, "other", 1, 15),
        (midnight + DAY, "k", 1, 15),
    ]


def test_what_fits_newest_first(data: Path) -> None:
    statistics = filled(
        data,
        record(1.0),
        record(2.0, key="other", mapped="n"),
        record(3.0, status=500),
        record(4.0, account="b", ended="failed"),
    )
    assert [number for number, _ in statistics.found(10)] == [4, 3, 2, 1]
    assert [number for number, _ in statistics.found(10, errors=True)] == [4, 3]
    assert [number for number, _ in statistics.found(10, key="other")] == [2]
    assert [number for number, _ in statistics.found(10, model="n")] == [2]
    assert [number for number, _ in statistics.found(10, model="m", account="a")] == [3, 2, 1]
    assert [number for number, _ in statistics.found(2, before=4)] == [3, 2]
    found = statistics.one(2)
    assert found is not None and found.key == "other" and statistics.one(5) is None
    assert statistics.names("key", 0) == ["k", "other"] and statistics.names("account", 3.5) == ["b"]
