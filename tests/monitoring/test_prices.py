from __future__ import annotations

from pathlib import Path

import pytest

from gateway.monitoring.prices import Price, load_prices
from gateway.routing.patterns import best_match


def test_the_shipped_table(tmp_path: Path) -> None:
    table, problems = load_prices(tmp_path, best_match)
    assert problems == []
    big, small = table.price("gpt-4o-2024-08-06"), table.price("gpt-4o-mini")
    assert big is not None and small is not None and big.input > small.input
    assert table.price("claude-sonnet-4-5") == Price(3, 15, 0.3, 3.75)
    assert table.price("somebody-elses-model") is None and table.price("somebody-elses-model") is None


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("o3-mini", Price(1.1, 4.4, 0.55, 1.1)),
        ("o4-mini-2025-04-16", Price(1.1, 4.4, 0.275, 1.1)),
        ("claude-opus-4-20250514", Price(15, 75, 1.5, 18.75)),
        ("claude-opus-5", Price(5, 25, 0.5, 6.25)),
        ("claude-opus-5-5", Price(4, 20, 0.2, 5)),
        ("gpt-5.4", Price(2.5, 15, 0.25, 2.5)),
    ],
)
def test_relatives_are_told_apart(model: str, price: Price, tmp_path: Path) -> None:
    assert load_prices(tmp_path, best_match)[0].price(model) == price


@pytest.mark.parametrize(
    "model", ["gpt-5-pro", "gpt-5.4-pro", "gpt-4o-mini-tts", "o4-mini-deep-research", "claude-haiku-5-5"]
)
def test_dearer_relatives_have_no_price_rather_than_a_wrong_one(model: str, tmp_path: Path) -> None:
    assert load_prices(tmp_path, best_match)[0].price(model) is None


def test_every_kind_of_token_has_its_price() -> None:
    price = Price(input=1, output=10, cached=0.1, cache_write=2)
    assert price.cost(input=1_000_000, output=100_000, cached=1_000_000, cache_write=500_000) == pytest.approx(3.1)


def test_the_operators_rows_win(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(
        '[[prices]]\nmodels = ["gpt-4o", "mine-*"]\ninput = 1\noutput = 2\n[[prices]]\nmodels = "bad"\ninput = 1\n'
        '[[prices]]\nmodels = ["bad"]\ninput = "cheap"\noutput = 1\n'
        '[[prices]]\nmodels = ["x"]\ninput = -1\noutput = 1\n'
    )
    table, problems = load_prices(tmp_path, best_match)
    assert table.price("gpt-4o") == table.price("mine-7b") == Price(1, 2, 1, 1)
    assert table.price("bad") is None and table.price("gpt-4o-mini") is not None
    assert len(problems) == 3 and all("prices.toml: prices[" in each for each in problems)


@pytest.mark.parametrize("text", ["[[prices", "prices = 3", ""])
def test_a_broken_file_leaves_the_shipped_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    table, problems = load_prices(tmp_path, best_match)
    assert table.price("gpt-4o") is not None and bool(problems) == (text == "[[prices")
