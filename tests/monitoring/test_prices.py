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
