from __future__ import annotations

from gateway.accounts.account import Account
from gateway.accounts.rest import Rest
from gateway.accounts.rota import Rota, Seat
from gateway.canon.quota import Quota

SEAT = Seat("up", "m")


def rota(*accounts: Account) -> Rota:
    return Rota("up", [(account, SEAT) for account in accounts])


def accounts(count: int) -> list[Account]:
    return [Account(f"up/{number}", "up", f"a{number}") for number in range(count)]


def labels(order: Rota) -> str:
    return "".join(place[0].label[1:] for place in order.places)


def rest(until: float) -> Rest:
    return Rest(100.0, until, "limited", 429)


def test_those_that_cannot_be_had_are_left_out_until_the_first_is_back() -> None:
    known = accounts(4)
    known[0].resting, known[1].models_resting["m"], known[2].models_resting["n"] = rest(103.0), rest(102.0), rest(900.0)
    order = rota(*known)
    order.refresh(0, 101.0, 0.0)
    assert labels(order) == "23"
    order.refresh(0, 101.9, 0.0)
    assert labels(order) == "23"
    order.refresh(0, 102.1, 0.0)
    assert labels(order) == "123"
    order.refresh(0, 103.1, 0.0)
    assert labels(order) == "0123"


def test_a_change_is_looked_at_at_once() -> None:
    known = accounts(2)
    known[0].disabled_reason = "401"
    order = rota(*known)
    order.refresh(0, 1.0, 0.0)
    known[0].disabled_reason = None
    order.refresh(0, 2.0, 0.0)
    assert labels(order) == "1"
    order.refresh(1, 2.0, 0.0)
    assert labels(order) == "01"


def test_what_changed_behind_our_back_is_found_within_seconds() -> None:
    known = accounts(2)
    known[0].disabled_reason = "401"
    order = rota(*known)
    order.refresh(0, 1.0, 0.0)
    known[0].disabled_reason = None
    order.refresh(0, 6.1, 0.0)
    assert labels(order) == "01"


def test_a_clock_that_is_set_back_leaves_nobody_out_for_longer() -> None:
    known = accounts(2)
    known[0].resting = rest(10_900.0)
    order = rota(*known)
    order.refresh(0, 10_000.0, 0.0)
    known[0].resting = None
    order.refresh(0, 5_000.0, 0.0)
    assert labels(order) == "01"


def test_an_account_below_the_quota_floor_is_left_out() -> None:
    known = accounts(2)
    known[1].quotas["m"] = Quota("m", 0.05, 900.0, 1.0)
    order = rota(*known)
    order.refresh(0, 2.0, 0.1)
    assert labels(order) == "0"


def test_many_looks_in_vain_make_the_next_choice_look_at_all() -> None:
    known = accounts(30)
    order = rota(*known)
    order.refresh(0, 1.0, 0.0)
    for account in known[:20]:
        account.resting = rest(900.0)
    order.refresh(0, 2.0, 0.0)
    assert len(order.places) == 30
    order.offered(20, 2.0)
    order.refresh(0, 2.0, 0.0)
    assert len(order.places) == 10
    order.offered(20, 2.1)
    known[29].resting = rest(900.0)
    order.refresh(0, 2.1, 0.0)
    assert len(order.places) == 10


def test_by_id_whatever_the_order() -> None:
    order = rota(*accounts(3)[::-1])
    assert labels(order) == "210" and order.by_id()[1] == ["up/0", "up/1", "up/2"]


def test_by_name() -> None:
    order = rota(*accounts(3))
    assert [place[0].id for place in order.preferred("a1")] == ["up/1"] and order.preferred("a9") == []


def test_an_account_may_have_two_seats() -> None:
    account = accounts(1)[0]
    order = Rota("up+up", [(account, SEAT), (account, Seat("up", "n"))])
    assert [place[1].model for place in order.of("up/0")] == ["m", "n"] and order.of("up/1") == []
