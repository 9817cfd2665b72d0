from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from gateway.accounts import bindings
from gateway.accounts.bindings import AGAIN_S, LINGER_S, LOOK_EVERY_S, MARK, SPACE, Bindings
from gateway.state.memory import MemoryStore


class Watched(MemoryStore):
    """Counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []
        self.writes: list[str] = []

    def get_many(self, space: str, keys: Sequence[str]) -> dict[str, bytes]:
        self.reads += keys
        return super().get_many(space, keys)

    def put(self, space: str, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self.writes.append(key)
        super().put(space, key, value, ttl_s)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def workers(store: Watched, clock: Clock, limit: int = 100) -> tuple[Bindings, Bindings]:
    one, other = (Bindings(store, 3600, limit=limit, linger_s=0, clock=clock) for _ in range(2))
    return one, other


def test_what_one_has_bound_another_finds(store: Watched, clock: Clock) -> None:
    one, other = workers(store, clock)
    assert one.find("c") == ""
    one.bind("c", "a1")
    assert one.find("c") == other.find("c") == "a1"


def test_a_conversation_in_its_course_costs_no_look_into_the_store(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock)
    one.bind("c", "a1")
    for _ in range(5):
        clock.now += 2 * AGAIN_S
        assert one.find("c") == "a1"
        one.bind("c", "a1")
    assert store.reads == ["c"] and store.writes == ["c", "c"]  # looked at once more, to be sure, and so written again


def test_a_move_is_heard_of(store: Watched, clock: Clock) -> None:
    one, other = workers(store, clock)
    one.bind("c", "a1")
    for _ in range(3):
        clock.now += 1
        assert other.find("c") == "a1"
    one.bind("c", "a2", moved=True)
    assert other.find("c") == "a1"
    clock.now += LOOK_EVERY_S + 0.01
    assert other.find("c") == one.find("c") == "a2"
    assert LINGER_S + LOOK_EVERY_S < 0.6 and LINGER_S + AGAIN_S < 0.7


def test_two_that_bind_at_once_agree_afterwards(store: Watched, clock: Clock) -> None:
    one, other = workers(store, clock)
    one.bind("c", "a1", first=True)
    other.bind("c", "a2", first=True)
    assert (one.find("c"), other.find("c")) == ("a1", "a2")
    clock.now += AGAIN_S
    assert one.find("c") == other.find("c") == "a2"


def test_of_two_requests_here_the_quicker_one_is_right(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock)
    one.bind("c", "a1", first=True)
    one.bind("c", "a2", first=True)
    assert one.find("c") == "a1" and store.get(SPACE, "c") == b"a1"
    one.bind("c", "a2")
    assert one.find("c") == "a2"


def test_the_first_name_that_is_bound_counts(store: Watched, clock: Clock) -> None:
    one, other = workers(store, clock)
    one.bind("first", "a1")
    assert one.find("opening", "first") == "a1"
    other.bind("opening", "a2")
    assert one.find("opening", "first") == "a2"


def test_a_binding_lives_from_its_last_use(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock)
    one.bind("c", "a1")
    for _ in range(3):
        clock.now += 3500
        store.delete(SPACE, "c")
        assert one.find("c") == "a1"
        one.bind("c", "a1")
    clock.now += 3600
    store.delete(SPACE, "c")
    assert one.find("c") == ""


def test_the_store_hears_of_a_use_before_its_entry_ends(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock)
    one.bind("c", "a1")
    clock.now += 1
    one.find("c")
    one.bind("c", "a1")
    before = len(store.writes)
    clock.now += 800
    one.bind("c", "a1")
    assert len(store.writes) == before
    clock.now += 101
    one.bind("c", "a1")
    assert len(store.writes) == before + 1


def test_the_longest_unused_go(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock, limit=3)
    for name in "abc":
        one.bind(name, "a1")
    one.find("a")
    one.bind("d", "a1")
    assert len(one) == 3
    assert [name for name, _ in store.scan(SPACE)] == ["a", "c", "d"]


def test_what_others_wrote_is_not_deleted_here(store: Watched, clock: Clock) -> None:
    one, other = workers(store, clock, limit=1)
    one.bind("c", "a1")
    assert other.find("c") == "a1"
    other.bind("d", "a1")
    assert store.get(SPACE, "c") == b"a1" and len(other) == 1
    assert other.find("c") == "a1" and len(other) == 1
    assert store.get(SPACE, "d") is None


def test_a_store_in_trouble_takes_nothing_away(store: Watched, clock: Clock) -> None:
    one, _ = workers(store, clock)
    one.bind("c", "a1")
    store.close()
    clock.now += 10
    assert one.find("c") == "a1"
    one.bind("c", "a2", moved=True)
    clock.now += 10
    assert one.find("c") == "a2"


def test_writes_go_together(store: Watched) -> None:
    """What is not written yet is known all the same, and the mark comes after what it speaks of."""
    one = Bindings(store, 3600, linger_s=0.1)
    for number in range(50):
        one.bind("c", f"a{number}", moved=True)
        one.bind("d", f"a{number}")
    assert store.writes == [] and one.find("d") == one.find("other", "d") == "a49"
    until = time.monotonic() + 5
    while len(store.writes) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert sorted(store.writes) == ["c", "d", MARK] and store.writes.index("c") < store.writes.index(MARK)
    assert store.get(SPACE, "d") == b"a49"


def test_the_mark_is_no_name(store: Watched, clock: Clock) -> None:
    """Names are 32 hexadecimal digits."""
    assert len(MARK) != 32 and bindings.LIMIT == 100_000
