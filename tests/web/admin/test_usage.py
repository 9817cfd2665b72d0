from __future__ import annotations

import json
import re
import time

import pytest

from gateway.monitoring.record import Record
from gateway.monitoring.statistics import Point
from gateway.web.admin.usage import MOST_NAMES, OTHERS, chart
from tests.gateways import InProcess
from tests.web.admin.past import week
from tests.web.admin.visitor import Visitor, words

DAY = 86400


@pytest.fixture(scope="module")
def past(standing: InProcess) -> list[Record]:
    return week(standing.gateway.config.data_dir, 80)


@pytest.mark.parametrize("by", ["key", "model", "account"])
@pytest.mark.parametrize("measure", ["tokens", "requests", "cost_usd", "errors"])
def test_chart_and_table_add_up_to_the_records(guest: Visitor, past: list[Record], by: str, measure: str) -> None:
    page = guest.get("usage", by=by, measure=measure, since="30d")
    assert page.status_code == 200
    drawn = json.loads(re.findall(r"data-chart='([^']*)'", page.text)[0])
    total = sum(sum(each["data"]) for each in drawn["sets"])
    wanted = {
        "tokens": sum((each.input_tokens or 0) + (each.output_tokens or 0) for each in past),
        "requests": len(past),
        "cost_usd": sum(each.cost_usd or 0 for each in past),
        "errors": sum(each.ended == "cut" for each in past),
    }
    assert total == pytest.approx(wanted[measure])
    assert f"All {len(past)} {wanted['errors']} " in words(page)


def test_nothing_yet_and_nonsense(visitor: Visitor, house: InProcess) -> None:
    assert "No usage to show" in words(visitor.get("usage"))
    week(house.gateway.config.data_dir, 3)
    assert visitor.get("usage", by="secret", measure="id", since="100y").status_code == 200


def test_hours_of_a_day(visitor: Visitor, house: InProcess) -> None:
    week(house.gateway.config.data_dir, 400)
    drawn = json.loads(re.findall(r"data-chart='([^']*)'", visitor.get("usage", since="24h").text)[0])
    assert 24 <= len(drawn["labels"]) <= 25 and re.fullmatch(r"\d\d:\d\d", drawn["labels"][0])


def test_the_largest_names_and_the_rest() -> None:
    first = float(int(time.time()) // DAY * DAY - 2 * DAY)
    points = [Point(first + DAY, f"m{n}", 1, 0, 100 - n, 0.0) for n in range(MOST_NAMES + 3)]
    drawn = chart(points, "tokens", first, DAY, first + 2 * DAY + 5)
    assert len(drawn["labels"]) == 3
    assert [each["label"] for each in drawn["sets"]] == [*(f"m{n}" for n in range(MOST_NAMES)), OTHERS]
    assert drawn["sets"][0]["data"] == [0, 100, 0] and drawn["sets"][-1]["data"] == [0, 94 + 93 + 92, 0]
    one_too_many = chart(points[: MOST_NAMES + 1], "tokens", first, DAY, first + 2 * DAY)
    assert OTHERS not in [each["label"] for each in one_too_many["sets"]]
