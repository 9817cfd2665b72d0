from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.config.model import AuthKey
from gateway.keys.ledger import SPACE, Ledger, Reservation
from gateway.keys.tally import Refused
from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore
from tests.keys.counting import Counting


def key(name: str = "anna", **limits: Any) -> AuthKey:
    return AuthKey(name=name, key_hash="sha256:0", **limits)


def at_once(ledgers: Sequence[Ledger], limits: AuthKey, count: int) -> list[Reservation | Refused]:
    found: list[Reservation | Refused] = []
    barrier = threading.Barrier(count)

    def ask(ledger: Ledger) -> None:
        barrier.wait()
        found.append(ledger.enter(limits))

    threads = [threading.Thread(target=ask, args=(ledgers[n % len(ledgers)],)) for n in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert len(found) == count
    return found


@pytest.mark.parametrize("limits", [{"rpm": 20}, {"max_concurrency": 20}], ids=str)
def test_of_fifty_at_once_exactly_twenty_pass(tmp_path: Path, limits: dict[str, Any]) -> None:
    """Two stores on one file stand for two workers."""
    stores = [SqliteStore(tmp_path / "gateway.db") for _ in range(2)]
    try:
        found = at_once([Ledger(store) for store in stores], key(**limits), 50)
        assert sum(isinstance(each, Reservation) for each in found) == 20
        refused = next(each for each in found if isinstance(each, Refused))
        assert 1 <= refused.retry_after <= 61
    finally:
        for store in stores:
            store.close()


def test_what_is_settled_is_free_for_the_next_at_once() -> None:
    ledger, limits = Ledger(MemoryStore()), key(max_concurrency=1)
    for _ in range(200):
        reserved = ledger.enter(limits)
        assert isinstance(reserved, Reservation)
        reserved.settle()


def test_another_workers_settlement_is_waited_for_a_moment() -> None:
    store = MemoryStore()
    one, two, limits = Ledger(store), Ledger(store), key(max_concurrency=1)
    reserved = one.enter(limits)
    assert isinstance(reserved, Reservation) and isinstance(two.enter(limits), Refused)
    threading.Timer(0.02, reserved.settle).start()
    assert isinstance(two.enter(limits), Reservation)


def test_settled_once_and_counted() -> None:
    ledger, limits = Ledger(MemoryStore()), key(tpm=100, monthly_usd=1)
    reserved = ledger.enter(limits, 50, 0.5)
    assert isinstance(reserved, Reservation)
    assert ledger.tally("anna").holds
    for _ in range(3):
        reserved.settle(30, 0.25)
    assert ledger.flush()
    tally = ledger.tally("anna")
    assert (tally.day_tokens, tally.month_nano_usd, tally.holds) == (30, 250_000_000, {})
    assert ledger.tally("ben").day_tokens == 0


def test_keys_do_not_share() -> None:
    ledger = Ledger(MemoryStore())
    assert isinstance(ledger.enter(key("anna", rpm=1)), Reservation)
    assert isinstance(ledger.enter(key("ben", rpm=1)), Reservation)
    assert isinstance(ledger.enter(key("anna", rpm=1)), Refused)
    ledger.forget("anna")
    assert isinstance(ledger.enter(key("anna", rpm=1)), Reservation)


def test_asks_of_one_moment_share_one_change() -> None:
    store = Counting(0.01)
    found = at_once([Ledger(store)], key(rpm=100), 60)
    assert all(isinstance(each, Reservation) for each in found)
    assert store.changes < 20


class Stubborn(MemoryStore):
    def compare_and_set(self, *_: Any, **__: Any) -> bool:
        return False


def test_a_store_that_takes_no_change_lets_nobody_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.keys.ledger.TRIES", 3)
    assert isinstance(Ledger(Stubborn()).enter(key(rpm=1)), Refused)


def test_what_a_store_holds_of_another_time_is_no_obstacle() -> None:
    store = MemoryStore()
    store.put(SPACE, "anna", b"not a tally")
    assert isinstance(Ledger(store).enter(key(rpm=1)), Reservation)


class Reached(MemoryStore):
    """Several processes' view of one store, each of which may find it away for itself."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self.store, self.said = store, ""

    @property
    def why(self) -> str:
        return self.said

    def get(self, space: str, key: str) -> bytes | None:
        return self.store.get(space, key)

    def compare_and_set(self, *args: Any, **more: Any) -> bool:
        assert not self.said, "of what is changed now the store would take one worker's only"
        return self.store.compare_and_set(*args, **more)


def test_what_several_workers_use_while_the_store_is_away_is_all_counted_when_it_is_back() -> None:
    views = [Reached(MemoryStore())]
    views.append(Reached(views[0].store))
    ledgers = [Ledger(view) for view in views]
    limits = key(rpm=1000, daily_tokens=10**6, max_concurrency=20)

    def use(tokens: int) -> None:
        for ledger in ledgers:
            for _ in range(20):
                reserved = ledger.enter(limits, 100)
                assert isinstance(reserved, Reservation)
                reserved.settle(tokens)

    use(10)
    left = [ledger.enter(limits, 100) for ledger in ledgers]
    for view in views:
        view.said = "away"
    use(7)
    for each in left:
        assert isinstance(each, Reservation)
        each.settle(50)
    assert all(ledger.flush() for ledger in ledgers)
    for view in views:
        view.said = ""
    assert all(ledger.flush() for ledger in ledgers), "nobody has to come for it"
    tally = ledgers[0].tally("anna")
    assert (tally.day_tokens, sum(each[1] for each in tally.seconds)) == (40 * 17 + 100, 82)
    assert tally.holds == {}


def test_limits_count_in_each_process_while_the_store_is_away() -> None:
    view = Reached(MemoryStore())
    ledger, limits = Ledger(view), key(rpm=4)
    assert isinstance(ledger.enter(limits), Reservation)
    view.said = "away"
    assert [isinstance(ledger.enter(limits), Reservation) for _ in range(5)] == [True, True, True, False, False]


class Gated(MemoryStore):
    """A change waits for the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.came = threading.Event(), threading.Event()
        self.gate.set()

    def compare_and_set(self, *args: Any, **more: Any) -> bool:
        self.came.set()
        assert self.gate.wait(20)
        return super().compare_and_set(*args, **more)


def test_what_is_settled_while_somebody_elses_change_is_on_its_way_is_told_soon() -> None:
    """It waited for the next request of the key, or half a minute; another worker's saw its slot taken all the time."""
    store = Gated()
    ledger, limits = Ledger(store), key(max_concurrency=4)
    reserved = ledger.enter(limits)
    assert isinstance(reserved, Reservation)
    store.gate.clear()
    store.came.clear()
    other = threading.Thread(target=ledger.enter, args=(limits,))
    other.start()
    assert store.came.wait(20)
    reserved.settle(7)
    store.gate.set()
    other.join(20)
    until = time.monotonic() + 5
    while ledger.tally("anna").day_tokens != 7 and time.monotonic() < until:
        time.sleep(0.02)
    tally = ledger.tally("anna")
    assert tally.day_tokens == 7 and [each.requests for each in tally.holds.values()] == [1]
