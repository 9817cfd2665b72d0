from __future__ import annotations

import threading
from pathlib import Path

from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore
from gateway.web.admin.attempts import LIMIT, LIMIT_OF_ALL, WINDOW_S, Attempts

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_in_a_while_and_then_none() -> None:
    clock = Clock()
    attempts = Attempts(MemoryStore(), clock)
    assert [attempts.enter(HERE) for _ in range(LIMIT)] == [0.0] * LIMIT
    clock.now += 100
    assert attempts.enter(HERE) == WINDOW_S - 100
    assert attempts.enter(THERE) == 0.0
    clock.now += WINDOW_S - 99
    assert attempts.enter(HERE) == 0.0


def test_the_right_key_forgets_the_wrong_ones() -> None:
    attempts = Attempts(MemoryStore(), Clock())
    for _ in range(3 * LIMIT):
        assert attempts.enter(HERE) == 0.0
        attempts.succeeded(HERE)


def test_one_house_with_ipv6_is_one_client() -> None:
    attempts = Attempts(MemoryStore(), Clock())
    waits = [attempts.enter(f"2001:db8:0:1::{n:x}") for n in range(LIMIT + 1)]
    assert waits[:-1] == [0.0] * LIMIT and waits[-1] > 0
    assert attempts.enter("2001:db8:0:2::1") == 0.0


def test_many_addresses_together_have_a_limit_too() -> None:
    attempts = Attempts(MemoryStore(), Clock())
    waits = [attempts.enter(f"192.0.2.{n}") for n in range(LIMIT_OF_ALL + 1)]
    assert waits[:-1] == [0.0] * LIMIT_OF_ALL and waits[-1] > 0


def test_attempts_at_the_same_time_are_all_counted(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "gateway.db")
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(Attempts(store).enter(HERE))) for _ in range(4 * LIMIT)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    store.close()
    assert len(waits) == 4 * LIMIT and waits.count(0.0) <= LIMIT
