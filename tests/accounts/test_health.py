"""Accounts' health over the store: shared, kept, and never the truth about another credential."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.accounts import pool as pool_room
from gateway.accounts.account import Account
from gateway.accounts.health import HealthNotes, Memory
from gateway.accounts.pool import Pool
from gateway.accounts.rota import Seat
from gateway.accounts.selection import selector
from gateway.accounts.store import NotStored, reset, set_enabled
from gateway.accounts.verdict import RATE_LIMIT_LADDER_S, Verdict
from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore
from gateway.state.store import Store

SEAT = Seat("u", "m")


@pytest.fixture(params=["one process", "two processes"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    if request.param == "one process":
        store = MemoryStore()
        yield store, store
        return
    both = SqliteStore(tmp_path / "gateway.db"), SqliteStore(tmp_path / "gateway.db")
    yield both
    for each in both:
        each.close()


def house(memory: Memory | None, key: str = "key-1") -> tuple[Pool, Account]:
    account = Account("u/a", "u", "a", key)
    return Pool([account], selector("round_robin", 3), cooldown_max_s=900, memory=memory), account


def fail(pool: Pool, verdict: Verdict, status: int = 429) -> None:
    lease = pool.lease([SEAT])
    assert lease is not None
    pool.fail(lease, verdict, status, "why")


def seen_within(pool: Pool, seconds: float, usable: bool) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        lease = pool.lease([SEAT])
        if lease is not None:
            pool.release(lease)
        if (lease is not None) == usable:
            return True
        time.sleep(0.02)
    return False


def test_health_outlives_the_process_and_reaches_the_other_worker(stores: tuple[Store, Store]) -> None:
    one, two = stores
    pool, _ = house(HealthNotes(one))
    other, seen = house(HealthNotes(two))
    fail(pool, Verdict("cool", 300.0, RATE_LIMIT_LADDER_S))
    assert seen_within(other, 1.0, usable=False)
    assert seen.resting is not None and seen.resting.why == "why"
    pool.flush()
    again = house(HealthNotes(two))[1]
    assert again.resting is not None and again.resting.left(time.time()) == pytest.approx(300, abs=2)
    assert again.uses == 1


def test_what_heals_here_heals_there(stores: tuple[Store, Store]) -> None:
    one, two = stores
    pool, account = house(HealthNotes(one))
    other, _ = house(HealthNotes(two))
    fail(pool, Verdict("cool", 300.0, RATE_LIMIT_LADDER_S))
    assert seen_within(other, 1.0, usable=False)
    pool.succeed(pool.lease_of(account, "m"))
    assert seen_within(other, 1.0, usable=True)


def test_a_disabled_key_stays_disabled_and_a_new_one_revives_the_account(stores: tuple[Store, Store]) -> None:
    one, two = stores
    pool, _ = house(HealthNotes(one))
    fail(pool, Verdict("disable"), status=401)
    pool.flush()
    assert house(HealthNotes(two))[1].disabled_reason == "why"
    assert house(HealthNotes(two), "key-2")[1].disabled_reason is None
    assert all(b"key-1" not in value for _, value in one.scan("health"))


def test_the_operator_disables_enables_and_resets(stores: tuple[Store, Store]) -> None:
    one, two = stores
    pool, account = house(HealthNotes(one))
    set_enabled(account, None, HealthNotes(two), False)
    assert seen_within(pool, 1.0, usable=False) and "operator" in (account.disabled_reason or "")
    set_enabled(account, None, HealthNotes(two), True)
    assert seen_within(pool, 1.0, usable=True)
    fail(pool, Verdict("cool", 300.0, RATE_LIMIT_LADDER_S))
    one.flush()
    reset(account, HealthNotes(two))
    assert seen_within(pool, 1.0, usable=True) and account.resting is None


def test_uses_of_all_workers_are_added_up(stores: tuple[Store, Store]) -> None:
    for number, store in enumerate(stores):
        pool, _ = house(HealthNotes(store))
        for _ in range(3 + number):
            lease = pool.lease([SEAT])
            assert lease is not None
            pool.succeed(lease)
        pool.flush()
    assert house(HealthNotes(stores[0]))[1].uses == 7


def test_counted_uses_are_stored_without_waiting() -> None:
    store = MemoryStore()
    notes = HealthNotes(store)
    notes.count("u/a", 2)
    notes.count("u/a", 3)
    until = time.monotonic() + 5
    while HealthNotes(store).changed().get("u/a", {}).get("uses") != 5:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_change_that_cannot_be_stored_is_said(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    file.mkdir()
    store = SqliteStore(file)
    _, account = house(None)
    with pytest.raises(NotStored, match=r"gateway\.db cannot be written"):
        set_enabled(account, None, HealthNotes(store), False)
    store.close()


def test_entries_of_other_versions_are_passed_over() -> None:
    store = MemoryStore()
    store.put("health", "u/a", b"\xff no JSON")
    store.put("pool", "uses", b"[1, 2]")
    _, account = house(HealthNotes(store))
    assert account.resting is None and account.disabled_reason is None and account.uses == 0


class Token:
    def __init__(self, token: str) -> None:
        self.token = token

    def current(self, deadline: float) -> str:
        return self.token

    def renewed(self, rejected: str, deadline: float) -> str:
        return self.token

    def disable(self, reason: str) -> None: ...

    def fact(self, name: str) -> str:
        return ""

    def keep(self, name: str, value: str) -> None: ...


class Renewing:
    """A roster of one account, whose refresh token is replaced."""

    problem: str | None = None

    def __init__(self) -> None:
        self.account = Account("u/a", "u", "a")
        self.token: str | None = "old"

    def changed(self) -> list[Account] | None:
        token, self.token = self.token, None
        if token is None:
            return None
        self.account.credential = Token(token)
        self.account.resting, self.account.models_resting, self.account.strikes = None, {}, {}
        return [self.account]


def test_a_new_refresh_token_ends_what_was_noted_of_the_old_one(
    stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_room, "LOOK_EVERY_S", 0.0)
    one, two = stores
    roster = Renewing()
    pool = Pool([], selector("round_robin", 3), cooldown_max_s=900, memory=HealthNotes(one), rosters={"u": roster})
    fail(pool, Verdict("cool", 300.0, RATE_LIMIT_LADDER_S))
    assert seen_within(pool, 1.0, usable=False)
    roster.token = "new"
    assert seen_within(pool, 1.0, usable=True)
    pool.flush()
    time.sleep(0.6)
    lease = pool.lease([SEAT])
    assert lease is not None and lease.account.resting is None
    again = house(HealthNotes(two))[1]
    assert again.resting is None
