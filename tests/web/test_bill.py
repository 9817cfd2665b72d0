from __future__ import annotations

from pathlib import Path

import pytest

from gateway.canon.usage import Usage
from gateway.monitoring.prices import Price, PriceTable
from gateway.monitoring.record import Record
from gateway.protocols import chat
from gateway.relay.call import Call
from gateway.routing.patterns import best_match
from gateway.web.bill import charge

PRICES = PriceTable({"m*": Price(1, 10, 0.1, 2)}, best_match)


def billed(
    usage: Usage | None,
    *,
    sent: int = 0,
    account: str | None = "a",
    mapped: str = "m1",
    stream: bool = True,
    finish: str = "stop",
) -> Record:
    call = Call(dialect=chat.DIALECT, body={}, raw=b"x" * 400, asked="m", stream=stream, deadline=0.0)
    call.outcome.usage, call.outcome.account, call.outcome.finish = usage, account, finish
    record = Record(0.0, "r", "POST", "/", "", "", 200, 0.0, mapped=mapped)
    charge(record, call, sent, PRICES)
    return record


def test_what_the_provider_counted() -> None:
    record = billed(Usage(input=100, output=20, cache_read=1000, cache_write=50, reasoning=30))
    assert (record.input_tokens, record.output_tokens) == (1150, 50)
    assert (record.cached_tokens, record.cache_write_tokens, record.reasoning_tokens) == (1000, 50, 30)
    assert record.source == "provider" and record.cost_usd == pytest.approx((100 + 500 + 100 + 100) / 1e6)


@pytest.mark.parametrize("usage", [None, Usage()])
def test_a_provider_that_told_none(usage: Usage | None) -> None:
    record = billed(usage, sent=2000)
    assert (record.input_tokens, record.output_tokens, record.source) == (100, 10, "counted")
    assert billed(usage, sent=60, stream=False).output_tokens == 10


def test_whoever_leaves_before_the_end_pays_for_what_came() -> None:
    """Anthropic tells one token at the beginning and the true count at the end."""
    begun = Usage(input=100, output=1, reasoning=2)
    left = billed(begun, sent=20_000, finish="")
    assert (left.input_tokens, left.output_tokens, left.source) == (100, 100, "counted")
    assert left.cost_usd == pytest.approx((100 + 1000) / 1e6)
    told = billed(Usage(input=100, output=500), sent=20_000, finish="")
    assert (told.output_tokens, told.source) == (500, "provider")
    assert billed(begun, sent=20_000).output_tokens == 3
    assert billed(begun, sent=20_000, finish="", stream=False).output_tokens == 3


def test_no_answer_no_bill() -> None:
    record = billed(None, account=None)
    assert (record.input_tokens, record.source, record.cost_usd) == (None, "none", None)
    assert "tokens" not in record.line()


def test_an_upstream_that_costs_nothing_has_no_price_by_its_borrowed_name() -> None:
    call = Call(dialect=chat.DIALECT, body={}, raw=b"", asked="m1", stream=False, deadline=0.0)
    call.outcome.usage = Usage(input=100, output=20)
    record = Record(0.0, "r", "POST", "/", "", "", 200, 0.0, mapped="m1")
    charge(record, call, 10, PRICES, free=True)
    assert (record.input_tokens, record.output_tokens, record.cost_usd) == (100, 20, 0.0)


def test_a_price_nobody_knows(tmp_path: Path) -> None:
    record = billed(Usage(input=1, output=1), mapped="x")
    assert record.source == "provider" and record.cost_usd is None
