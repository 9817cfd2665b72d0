from __future__ import annotations

import random
from collections import Counter

import pytest

from gateway.accounts.account import Account
from gateway.accounts.rota import Rota, Seat
from gateway.accounts.selection import FillFirst, LeastUsed, PowerOfTwoChoices, RoundRobin, Selector, selector


def accounts(*weights: int) -> list[Account]:
    return [Account(f"up/{number:04d}/x", "up", f"a{number}", weight=weight) for number, weight in enumerate(weights)]


def rota(usable: list[Account], pool: str = "up") -> Rota:
    return Rota(pool, [(account, Seat("up", "m")) for account in usable])


def pick(strategy: Selector, order: Rota, without: str = "") -> tuple[Account, str]:
    picked = strategy.pick(order, lambda place: place[0].id != without)
    assert picked is not None
    return picked[0][0], picked[1]


def picks(strategy: Selector, usable: list[Account], count: int, pool: str = "up") -> str:
    found, order = "", rota(usable, pool)
    for _ in range(count):
        account, _ = pick(strategy, order)
        account.uses += 1
        found += account.label[1:]
    return found


def test_round_robin_keeps_an_account_for_its_uses() -> None:
    assert picks(RoundRobin(3), accounts(1, 1, 1), 12) == "000111222000"


def test_the_log_word_counts_uses() -> None:
    strategy, usable = RoundRobin(3), accounts(1, 1)
    assert [pick(strategy, rota(usable))[1] for _ in range(4)] == ["1/3", "2/3", "3/3", "1/3"]


def test_round_robin_by_weight() -> None:
    assert picks(RoundRobin(1), accounts(1, 3), 8) == "01110111"


@pytest.mark.parametrize("count", [0, -1, 1])
def test_at_least_one_use(count: int) -> None:
    assert picks(RoundRobin(count), accounts(1, 1), 4) == "0101"


def test_round_robin_goes_on_from_where_an_account_fell_out() -> None:
    strategy, usable = RoundRobin(2), accounts(1, 1, 1)
    assert picks(strategy, usable, 3) == "001"
    assert picks(strategy, [usable[0], usable[2]], 3) == "220"
    assert picks(strategy, usable, 3) == "011"


def test_round_robin_does_not_depend_on_the_order_it_is_given() -> None:
    strategy, usable = RoundRobin(1), accounts(1, 1, 1)
    assert picks(strategy, usable[::-1], 3) + picks(strategy, usable, 3) == "012012"


def test_pools_rotate_apart() -> None:
    strategy, usable = RoundRobin(2), accounts(1, 1)
    assert [picks(strategy, usable, 1, pool) for pool in ("a", "b", "a", "b", "a")] == ["0", "0", "0", "0", "1"]


def test_fill_first() -> None:
    usable = accounts(1, 1)
    assert picks(FillFirst(), usable, 3) == "000" and picks(FillFirst(), usable[1:], 1) == "1"


def test_least_used_for_its_weight() -> None:
    usable = accounts(1, 2)
    assert Counter(picks(LeastUsed(), usable, 30)) == {"0": 10, "1": 20}


def test_least_used_prefers_the_idle_one() -> None:
    usable = accounts(1, 1)
    usable[0].in_use = 3
    assert pick(LeastUsed(), rota(usable))[0] is usable[1]


def test_p2c_of_two_always_takes_the_idle_one() -> None:
    usable = accounts(1, 1)
    usable[0].in_use = 3
    assert picks(PowerOfTwoChoices(), usable, 50) == "1" * 50


def test_p2c_never_takes_the_busiest_of_three_and_spreads() -> None:
    random.seed(7)
    usable = accounts(1, 1, 1)
    usable[0].in_use = 9
    assert set(picks(PowerOfTwoChoices(), usable, 200)) == {"1", "2"}


def test_p2c_of_one() -> None:
    assert picks(PowerOfTwoChoices(), accounts(1), 1) == "0"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("round_robin", RoundRobin), ("fill_first", FillFirst), ("least_used", LeastUsed), ("p2c", PowerOfTwoChoices)],
)
def test_strategies_by_name(name: str, kind: type) -> None:
    assert type(selector(name, 3)) is kind
