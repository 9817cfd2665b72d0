from __future__ import annotations

import pytest

from gateway.state import kept
from gateway.state.kept import Kept
from gateway.state.operation import Operation


def write(key: str, value: bytes) -> Operation:
    return Operation(("a", key), value, None)


def test_the_newest_of_each_key_in_the_order_of_writing() -> None:
    found = Kept()
    first, second, third = write("k", b"1"), write("x", b"1"), write("k", b"2")
    for each in (first, second, third):
        found.put(each)
    assert list(found) == [second, third] and found.get(("a", "k")) is third and len(found) == 2
    found.forget(("a", "k"))
    found.forget(("a", "never there"))
    assert list(found) == [second]
    found.clear()
    assert not found and found.dropped() == []


def test_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_OPERATIONS", 2)
    found = Kept()
    operations = [write(f"k{number}", b"") for number in range(5)]
    for each in operations:
        found.put(each)
    assert found.dropped() == operations[:3] and list(found) == operations[3:] and found.dropped() == []


def test_bounded_in_bytes_that_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEPT_BYTES", 250)
    found = Kept()
    for _ in range(10):  # the same key again: only the last counts
        found.put(write("k", b"x" * 100))
    assert found.dropped() == []
    found.put(write("l", b"x" * 100))
    found.forget(("a", "l"))
    found.put(write("m", b"x" * 100))
    assert found.dropped() == []
    found.put(write("n", b"x" * 100))
    assert [each.key[1] for each in found.dropped()] == ["k"]
