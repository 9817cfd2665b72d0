"""What is kept while Redis is away."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gateway.config.redis_url import redis_url
from gateway.state import kept
from gateway.state.operation import Operation
from gateway.state.redis_layout import Layout
from gateway.state.redis_writer import RedisWriter
from gateway.state.store import Key


class Link:
    """One that is up when told so; its client takes batches and notes their operations."""

    def __init__(self) -> None:
        self.is_up = False
        self.epoch = 1
        self.result = 1
        self.batches: list[list[tuple[Any, ...]]] = []

    @property
    def client(self) -> Any:
        return self

    def ready(self) -> bool:
        return self.is_up

    def evalsha(self, name: str, keys: int, prefix: str, channel: str, origin: bytes, *words: Any) -> list[int]:
        self.batches.append([words[at : at + 8] for at in range(0, len(words), 8)])
        return [self.result] * len(self.batches[-1])


class House:
    def __init__(self) -> None:
        self.link = Link()
        self.settled: list[tuple[Sequence[Operation], int | None]] = []
        self.known: dict[Key, bytes] = {}
        self.writer = RedisWriter(
            redis_url("redis://h"), self.link, Layout("p:", 0, "me"),  # type: ignore[arg-type]
            lambda operations, epoch: self.settled.append((operations, epoch)), lambda: None, self.known.get,
        )  # fmt: skip

    def write(self, *operations: Operation) -> None:
        self.writer._write(list(operations), False)
        for each in operations:
            if each.value is not None and each.result:
                self.known[each.key] = each.value

    def returns(self) -> list[tuple[Any, ...]]:
        """(space, key, condition, expected, kind, value, ...) of what is written on return."""
        self.link.is_up = True
        self.writer._retry_at = 0.0
        self.writer._write([], False)
        return [written for each in self.link.batches for written in each]


@pytest.fixture
def house() -> Iterator[House]:
    yield House()


def put(key: str, value: bytes) -> Operation:
    return Operation(("a", key), value, None)


def case(key: str, expected: bytes | None, value: bytes) -> Operation:
    return Operation(("a", key), value, None, conditional=True, expected=expected)


def test_the_newest_of_each_key_is_written_on_return(house: House) -> None:
    house.write(put("k", b"1"), put("x", b"1"))
    house.write(put("k", b"2"))
    assert house.settled == []
    assert [(each[1], each[5]) for each in house.returns()] == [(b"x", b"1"), (b"k", b"2")]
    assert house.settled[0][1] == 1 and list(house.writer._kept) == [] and house.writer._kept._bytes == 0


def test_conditions_are_judged_by_what_is_known_and_stay_conditions(house: House) -> None:
    first, wrong, second = case("k", None, b"1"), case("k", b"0", b"x"), case("k", b"1", b"2")
    for each in (first, wrong, second):
        house.write(each)
    assert (first.result, wrong.result, second.result) == (True, False, True)
    (said,) = house.returns()
    assert said[1:6] == (b"k", "absent", b"", "", b"2")  # from nothing to the last value


def test_a_put_after_a_condition_is_a_put(house: House) -> None:
    house.write(case("k", None, b"1"))
    house.write(put("k", b"2"))
    house.write(case("k", b"2", b"3"))
    assert [each[1:6] for each in house.returns()] == [(b"k", "", b"", "", b"3")]


def test_work_that_goes_on_does_not_put_off_the_return(house: House) -> None:
    """Every batch that had to be kept once moved the next look into the future."""
    house.write(put("k", b"1"))
    house.link.is_up = True
    until = time.monotonic() + 5
    while not house.link.batches:
        house.write(put("busy", b"1"))
        assert time.monotonic() < until
        time.sleep(0.005)


def test_as_soon_as_the_server_is_there_it_judges_conditions(house: House) -> None:
    """One that was still judged here, just after what was kept had failed there, was lost with it."""
    house.write(case("k", None, b"1"))
    house.link.is_up, house.link.result = True, 0
    last = case("k", b"1", b"2")
    house.write(last)
    assert not last.result and len(house.link.batches) == 2


def test_above_the_bound_the_oldest_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_OPERATIONS", 3)
    house.write(*(put(f"k{number}", b"1") for number in range(5)))
    ((dropped, epoch),) = house.settled
    assert [each.key[1] for each in dropped] == ["k0", "k1"] and epoch is None
    monkeypatch.setattr(kept, "KEPT_BYTES", 100)
    house.write(put("large", b"x" * 99))
    assert list(house.writer._kept) == [], "it is larger than all that may be kept"


def test_a_flush_tells_that_nothing_was_written(house: House) -> None:
    flush = Operation(("", ""), None, None, flush=True)
    house.write(put("k", b"1"), flush)
    assert not flush.result
    house.returns()
    again = Operation(("", ""), None, None, flush=True)
    house.write(again)
    assert again.result


def test_a_condition_that_did_not_hold_makes_what_was_known_forgotten(house: House) -> None:
    house.link.is_up, house.link.result = True, 0
    tried = case("k", b"0", b"1")
    house.write(tried)
    assert not tried.result and house.settled == [([], 1), ([tried], None)]
