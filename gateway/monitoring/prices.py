"""What tokens cost: the shipped table (prices.toml beside this file) and the operator's own (prices.toml in the data
folder), whose rows win."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("prices.toml")
FILE_NAME = "prices.toml"

BestMatch = Callable[[Iterable[str], str], str | None]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. Reasoning costs as output does."""

    input: float
    output: float
    cached: float
    cache_write: float

    def cost(self, *, input: int = 0, output: int = 0, cached: int = 0, cache_write: int = 0) -> float:
        """US dollars; counters that do not overlap."""
        return (input * self.input + output * self.output + cached * self.cached + cache_write * self.cache_write) / 1e6


class PriceTable:
    """`best_match(patterns, name)` finds the row of a model."""

    def __init__(self, rows: Mapping[str, Price], best_match: BestMatch) -> None:
        self._rows = rows
        self._best_match = best_match
        self._found: dict[str, Price | None] = {}

    def price(self, model: str) -> Price | None:
        """None: what the model costs is not known."""
        try:
            return self._found[model]
        except KeyError:
            pattern = self._best_match(self._rows, model)
            price = None if pattern is None else self._rows[pattern]
            if len(self._found) < 4096:
                self._found[model] = price
            return price


def load_prices(data_dir: Path, best_match: BestMatch) -> tuple[PriceTable, list[str]]:
    """The table, and what is wrong with the operator's file (its good rows count all the same)."""
    rows, problems = _rows(_document(SHIPPED), str(SHIPPED))
    own = data_dir / FILE_NAME
    try:
        more, faults = _rows(_document(own), str(own))
    except FileNotFoundError:
        more, faults = {}, []
    except (OSError, ValueError) as error:
        more, faults = {}, [f"{own}: {error}"]
    return PriceTable({**rows, **more}, best_match), [*problems, *faults]


def _document(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _rows(document: Mapping[str, Any], where: str) -> tuple[dict[str, Price], list[str]]:
    rows: dict[str, Price] = {}
    problems: list[str] = []
    tables = document.get("prices", [])
    for number, row in enumerate(tables if isinstance(tables, list) else []):
        try:
            into, out = _amount(row["input"]), _amount(row["output"])
            models = row["models"] if isinstance(row["models"], list) else [row["models"]]
            price = Price(into, out, _amount(row.get("cached", into)), _amount(row.get("cache_write", into)))
            rows.update((str(model), price) for model in models)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(
                f"{where}: prices[{number}] is passed over ({error!s}): it needs models = [...], input and output "
                "in US dollars per million tokens"
            )
    return rows, problems


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError(f"{value!r} is no price")
    return float(value)
