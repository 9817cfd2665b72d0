from __future__ import annotations

import re

import pytest

from gateway.monitoring.bodies import Bodies
from gateway.monitoring.record import Record
from gateway.web.admin.requests import SHOWN, outcome, tone
from tests.gateways import InProcess
from tests.web.admin.past import keep, week
from tests.web.admin.visitor import Visitor, words


def numbers(visitor: Visitor, **query: str) -> list[int]:
    return [int(each) for each in re.findall(r"requests/one\?number=(\d+)", visitor.get("requests", **query).text)]


def test_the_newest_first_page_by_page(visitor: Visitor, house: InProcess) -> None:
    week(house.gateway.config.data_dir, 120)
    first = numbers(visitor)
    assert first == list(range(120, 120 - SHOWN, -1))
    assert numbers(visitor, before=str(first[-1]))[0] == first[-1] - 1
    assert "Older ones" not in words(visitor.get("requests", before="21"))


def test_filters(visitor: Visitor, house: InProcess) -> None:
    records = week(house.gateway.config.data_dir, 60)

    def expected(**fields: str) -> list[int]:
        fits = [n for n, each in enumerate(records, 1) if all(getattr(each, k) == v for k, v in fields.items())]
        return fits[::-1][:SHOWN]

    assert numbers(visitor, key="bob-agent") == expected(key="bob-agent") != []
    assert numbers(visitor, model="gpt-4o-mini") == expected(mapped="gpt-4o-mini") != []
    assert numbers(visitor, account="claude-key", key="bob-agent") == expected(account="claude-key", key="bob-agent")
    assert numbers(visitor, errors="1") == expected(ended="cut") != []
    assert "No request fits" in words(visitor.get("requests", key="nobody"))
    assert numbers(visitor, before="x") == numbers(visitor)
    part = visitor.get("requests/table", errors="1")
    assert "<html" not in part.text and part.text.count("requests/one") == len(expected(ended="cut"))


def test_one_request_with_all_that_is_known(visitor: Visitor, house: InProcess) -> None:
    records = week(house.gateway.config.data_dir, 60)
    number, record = next((n, each) for n, each in enumerate(records, 1) if each.ended == "cut")
    page = words(visitor.get("requests/one", number=str(number)))
    assert record.first_content_s is not None and record.input_tokens is not None
    for fact in (record.id, record.path, record.client, record.account, *record.attempts, f"{record.input_tokens:,}"):
        assert fact in page
    assert "Counted by the provider" in page and "cut" in page


def test_bodies_where_they_were_kept(visitor: Visitor, house: InProcess) -> None:
    data = house.gateway.config.data_dir
    [record] = week(data, 1)
    kept = [
        Bodies(record.id, record.at + 0.2, b'{"model": "<m>"}', 16, b"An answer of old", 16),
        Bodies(record.id, record.at + 9000, b"{}", 2, b"Another request's", 17),
    ]
    keep([], data, bodies=kept)
    page = words(visitor.get("requests/one", number="1"))
    assert '{"model": "<m>"}' in page and "An answer of old" in page and "Another" not in page


@pytest.mark.parametrize("number", ["", "0", "99999", "-1", "x", "9" * 40, "1 OR 1=1"])
def test_one_that_is_not_there(guest: Visitor, standing: InProcess, number: str) -> None:
    week(standing.gateway.config.data_dir, 1)
    assert guest.get("requests/one", number=number).status_code == 404


def test_how_it_ended_in_a_word() -> None:
    def record(status: int, ended: str = "") -> Record:
        return Record(0, "", "POST", "/", "", "", status, 0.0, ended=ended)

    seen = [(outcome(each), tone(each)) for each in (record(200, "complete"), record(200, "cut"), record(429))]
    assert seen == [("complete", "good"), ("cut", "bad"), ("429", "bad")]
    assert tone(record(499)) == tone(record(200, "cancelled")) == "warn" and outcome(record(200)) == "200"
