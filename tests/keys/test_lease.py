"""Keys in heavy use: few changes of the store, and limits as exact as without (gateway/keys/lease.py)."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.config.model import AuthKey
from gateway.keys.lease import KEEP_S, SHARE, Since
from gateway.keys.ledger import SPACE, Ledger, Reservation
from gateway.keys.tally import AHEAD_S, NANO, Refused, Tally
from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore
from tests.keys.counting import Counting

NOW = 1_767_225_600.5


def key(name: str = "anna", **limits: Any) -> AuthKey:
    return AuthKey(name=name, key_hash="sha256:0", **limits)


def test_a_key_in_heavy_use_far_from_its_limits_changes_the_store_seldom() -> None:
    store = Counting()
    ledger = Ledger(store)
    limits = key(rpm=10**6, tpm=10**9, daily_tokens=10**9, monthly_usd=10**6, max_concurrency=10**4)
    for _ in range(3000):
        reserved = ledger.enter(limits, 50, 0.002)
        assert isinstance(reserved, Reservation)
        reserved.settle(20, 0.001)
    assert store.changes < 300
    assert ledger.flush()
    tally = ledger.tally("anna")
    assert (tally.day_tokens, tally.month_nano_usd) == (60_000, 3 * NANO)
    assert sum(each[2] for each in tally.seconds) == 60_000
    until = time.monotonic() + 5
    while ledger.tally("anna").holds and time.monotonic() < until:
        time.sleep(KEEP_S)
    tally = ledger.tally("anna")
    assert tally.holds == {} and sum(each[1] for each in tally.seconds) == 3000, "what was not used went back"


@pytest.mark.parametrize(
    ("limits", "passing", "settled"),
    [
        ({"rpm": 400}, 400, True),
        ({"max_concurrency": 300}, 300, False),
        ({"daily_tokens": 40_000}, 400, False),
        ({"monthly_usd": 0.4}, 400, False),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_over_workers_exactly_as_many_pass_as_may(
    tmp_path: Path, limits: dict[str, Any], passing: int, settled: bool
) -> None:
    """Three stores on one file stand for three workers; twelve clients ask 600 times as fast as they can."""
    stores = [SqliteStore(tmp_path / "gateway.db") for _ in range(3)]
    ledgers = [Ledger(store) for store in stores]
    passed: list[Reservation] = []

    def client(ledger: Ledger) -> None:
        for _ in range(50):
            found = ledger.enter(key(**limits), 100, 0.001)
            if isinstance(found, Reservation):
                passed.append(found)
                if settled:
                    found.settle()

    try:
        threads = [threading.Thread(target=client, args=(ledgers[n % 3],)) for n in range(12)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert len(passed) == passing
    finally:
        for store in stores:
            store.close()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_no_limit_is_overrun_and_the_sums_are_right(seed: int) -> None:
    """Workers come to the store in any order; nobody uses more than it reserved."""
    dice = random.Random(seed)
    limits = key(rpm=dice.randint(100, 2000), tpm=dice.randint(10**4, 10**6), max_concurrency=dice.randint(8, 200))
    store = MemoryStore()
    ledgers = [Ledger(store) for _ in range(3)]
    running: list[tuple[Reservation, int]] = []
    begun = used = 0
    for _ in range(1500):
        if running and dice.random() < 0.48:
            reserved, most = running.pop(dice.randrange(len(running)))
            spent = dice.randint(0, most)
            reserved.settle(spent)
            used += spent
        else:
            tokens = dice.randint(1, 400)
            found = dice.choice(ledgers).enter(limits, tokens)
            if isinstance(found, Reservation):
                running.append((found, tokens))
                begun += 1
            else:
                break
        assert len(running) <= limits.max_concurrency and begun <= limits.rpm
        assert used + sum(most for _, most in running) <= limits.tpm
    for reserved, _ in running:
        reserved.settle()
    assert all(each.flush() for each in ledgers)
    until = time.monotonic() + 5
    while ledgers[0].tally("anna").holds and time.monotonic() < until:
        time.sleep(KEEP_S)
    tally = ledgers[0].tally("anna")
    assert (tally.holds, tally.day_tokens, sum(each[1] for each in tally.seconds)) == ({}, used, begun)


def test_near_its_limits_a_key_has_no_lease() -> None:
    asked = Since(begun=10, tokens=100)
    assert Tally().lease(key(rpm=SHARE - 1), "a", asked, NOW) is None
    found = Tally().lease(key(rpm=3 * SHARE), "a", asked, NOW)
    assert found is not None and found.requests == found.granted == 3
    assert Tally().lease(key(max_concurrency=7), "a", asked, NOW) is None
    assert Tally(day=int(NOW // 86400), day_tokens=101).lease(key(daily_tokens=100), "a", asked, NOW) is None


def test_the_lease_of_a_worker_that_died_is_free_after_a_while() -> None:
    tally, limits = Tally(), key(max_concurrency=16)
    assert tally.lease(limits, "dead", Since(begun=10), NOW) is not None
    again = Tally.load(tally.dump())
    refused = Refused("tokens", 2.0)
    assert again.elsewhere("a", refused) and not again.elsewhere("dead", refused)
    assert again.at(NOW + AHEAD_S + 1).holds == {}


def test_changed_limits_count_at_once() -> None:
    ledger = Ledger(MemoryStore())
    for _ in range(50):
        assert isinstance(ledger.enter(key(rpm=10**6)), Reservation)
    assert isinstance(ledger.enter(key(rpm=50)), Refused)


class Broken(MemoryStore):
    broken = False

    def compare_and_set(self, *args: Any, **more: Any) -> bool:
        if self.broken:
            raise OSError("the disk is gone")
        return super().compare_and_set(*args, **more)


def test_what_was_settled_while_the_store_was_away_is_told_it_later() -> None:
    store = Broken()
    ledger, limits = Ledger(store), key(daily_tokens=1000)
    reserved = ledger.enter(limits, 100)
    assert isinstance(reserved, Reservation)
    store.broken = True
    reserved.settle(70)
    time.sleep(0.05)
    with pytest.raises(OSError, match="the disk"):
        ledger.enter(limits, 100)
    store.broken = False
    assert isinstance(ledger.enter(limits, 100), Reservation)
    tally = Tally.load(store.get(SPACE, "anna"))
    assert tally.day_tokens == 70 and next(iter(tally.holds.values())).tokens == 100
