from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Collection

import pytest

from gateway.accounts.account import Account
from gateway.accounts.pool import Pool
from gateway.accounts.rest import Rest
from gateway.accounts.rota import ROTAS_AT_MOST, Seat
from gateway.accounts.selection import selector
from gateway.canon.quota import Quota

SEAT = Seat("up", "m")
STRATEGIES = ("round_robin", "fill_first", "least_used", "p2c")


def accounts(*weights: int, upstream: str = "up") -> list[Account]:
    return [Account(f"{upstream}/{n:04d}", upstream, f"{upstream}{n}", weight=w) for n, w in enumerate(weights)]


def pool(known: list[Account], strategy: str = "round_robin", count: int = 1, **more: object) -> Pool:
    return Pool(known, selector(strategy, count), cooldown_max_s=900, **more)  # type: ignore[arg-type]


def served(
    house: Pool, requests: int, seats: list[Seat] | None = None, exclude: Collection[str] = (), bound: str = ""
) -> Counter[str]:
    found: Counter[str] = Counter()
    for _ in range(requests):
        lease = house.lease(seats or [SEAT], exclude, bound)
        assert lease is not None
        found[lease.account.label] += 1
        house.succeed(lease)
    return found


def resting(model: str = "") -> Rest:
    return Rest(time.time(), time.time() + 900, "limited", 429)


@pytest.mark.parametrize("strategy", ["round_robin", "least_used", "p2c"])
def test_weights_three_to_one(strategy: str) -> None:
    found = served(pool(accounts(3, 1), strategy, 3), 400)
    if strategy == "p2c":  # of idle accounts the one drawn first: by weight, not to the number
        assert 250 < found["up0"] < 350
    else:
        assert 270 <= found["up0"] <= 330


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_slot_is_a_slot(strategy: str) -> None:
    known = accounts(1, 1)
    for account in known:
        account.max_concurrency = 2
    house = pool(known, strategy)
    leases = [house.lease([SEAT]) for _ in range(5)]
    assert [lease is not None for lease in leases] == [True] * 4 + [False]
    assert [account.in_use for account in known] == [2, 2]
    house.release(leases[0])  # type: ignore[arg-type]
    assert house.lease([SEAT]) is not None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nobody_that_rests_is_disabled_or_was_tried(strategy: str) -> None:
    known = accounts(1, 1, 1, 1, 1)
    known[0].resting, known[1].disabled_reason = resting(), "401"
    known[2].models_resting["m"] = resting()
    assert set(served(pool(known, strategy), 20, exclude=["up/0003"])) == {"up4"}
    assert served(pool(known, strategy), 20, [Seat("up", "n")], ["up/0003"]).keys() <= {"up2", "up4"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_none_is_usable(strategy: str) -> None:
    known = accounts(1, 1, 1)
    for account in known:
        account.resting = resting()
    house = pool(known, strategy)
    assert house.lease([SEAT]) is None
    known[1].resting = None
    assert served(house, 2) == {"up1": 2}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_preferred_one_while_it_can_be_had(strategy: str) -> None:
    """AM-T18"""
    known = accounts(1, 1, 1)
    house = pool(known, strategy, preferred="up1")
    assert served(house, 5) == {"up1": 5}
    known[1].resting = resting()
    assert "up1" not in served(house, 5)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_bound_one_goes_before_the_preferred_one(strategy: str) -> None:
    """AM-T18"""
    house = pool(accounts(1, 1, 1), strategy, preferred="up1")
    assert served(house, 5, bound="up/0002") == {"up2": 5}


@pytest.mark.parametrize("why", ["rests", "locked", "disabled", "low", "tried", "gone"])
def test_a_bound_one_that_cannot_be_had_is_left(why: str) -> None:
    """AM-T15"""
    known = accounts(1, 1)
    match why:
        case "rests":
            known[0].resting = resting()
        case "locked":
            known[0].models_resting["m"] = resting()
        case "disabled":
            known[0].disabled_reason = "401"
        case "low":
            known[0].quotas["m"] = Quota("m", 0.01, time.time() + 900, time.time() - 1)
        case _:
            pass
    house = pool(known, quota_floor=0.1)
    lease = house.lease([SEAT], ["up/0000"] if why == "tried" else (), "up/0009" if why == "gone" else "up/0000")
    assert lease is not None and not lease.spilled
    assert lease.account.label == ("up1" if why != "gone" else "up0")


def test_a_bound_one_without_a_free_slot_is_only_passed_by() -> None:
    known = accounts(1, 1)
    known[0].max_concurrency = 1
    house = pool(known)
    first, second = house.lease([SEAT], (), "up/0000"), house.lease([SEAT], (), "up/0000")
    assert first is not None and first.account is known[0] and not first.spilled
    assert second is not None and second.account is known[1] and second.spilled


def test_a_bound_request_is_no_turn_of_the_rotation() -> None:
    house = pool(accounts(1, 1, 1), count=2)
    assert served(house, 1) == {"up0": 1}
    assert served(house, 5, bound="up/0002") == {"up2": 5}
    assert served(house, 1) == {"up0": 1}


def test_accounts_of_several_kinds_in_one_pool() -> None:
    """The rotation goes through them all and gives each account its own model."""
    house = pool([*accounts(1, 1), *accounts(1, 1, upstream="vp")])
    seats = [SEAT, Seat("vp", "publishers/m")]
    assert served(house, 40, seats) == {"up0": 10, "up1": 10, "vp0": 10, "vp1": 10}
    lease = house.lease(seats, ["up/0000", "up/0001"])
    assert lease is not None and lease.seat == seats[1]


def test_pools_of_the_same_accounts_for_two_models_share_the_rotation() -> None:
    house = pool(accounts(1, 1), count=2)
    found = [house.lease([Seat("up", model)]) for model in ("m", "n", "m", "n")]
    assert [lease.account.label for lease in found if lease] == ["up0", "up0", "up1", "up1"]


def test_the_log_word_only_where_there_is_a_choice() -> None:
    assert pool(accounts(1)).lease([SEAT]).use == ""  # type: ignore[union-attr]
    assert pool(accounts(1, 1), count=3).lease([SEAT]).use == "1/3"  # type: ignore[union-attr]


def test_whether_there_is_a_choice() -> None:
    house = pool([*accounts(1), *accounts(1, upstream="vp"), *accounts(1, 1, upstream="wp")])
    assert not house.has_choice([SEAT]) and house.has_choice([Seat("wp", "m")])
    assert not house.has_choice([SEAT, Seat("up", "n")]) and house.has_choice([SEAT, Seat("vp", "m")])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_lease_does_not_look_at_a_thousand_accounts(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    fit = Account.fit

    def counted(account: Account, model: str, now: float, quota_floor: float = 0.0) -> bool:
        nonlocal looks
        looks += 1
        return fit(account, model, now, quota_floor)

    known = accounts(*[1] * 1000)
    for account in known[:900]:
        account.resting = resting()
    house = pool(known, strategy)
    served(house, 5)
    monkeypatch.setattr(Account, "fit", counted)
    assert not served(house, 200).keys() & {account.label for account in known[:900]}
    assert looks <= 200 * 9


def test_invented_model_names_do_not_pile_up() -> None:
    house = pool(accounts(1, 1))
    for number in range(ROTAS_AT_MOST + 50):
        served(house, 1, [Seat("up", f"m{number}")])
    assert len(house._rotas) == ROTAS_AT_MOST


def test_a_copy_with_accounts_of_its_own_leases_those() -> None:
    known = accounts(1, 1)
    house = pool(known)
    served(house, 1)
    other = copy.copy(house)
    other._by_upstream = {"up": [copy.copy(account) for account in known]}
    lease = other.lease([SEAT])
    assert lease is not None and lease.account not in known and [each.in_use for each in known] == [0, 0]
    assert house.lease([SEAT]).account in known  # type: ignore[union-attr]
