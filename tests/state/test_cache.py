"""What counts as known."""

from __future__ import annotations

from gateway.state.cache import OUTDATED, Cache, Cached
from gateway.state.operation import Operation

KEY = ("a", "k")


def write(number: int, value: bytes | None = b"1", key: tuple[str, str] = KEY) -> Operation:
    return Operation(key, value, None, number=number)


def test_an_entry_counts_for_its_version_only() -> None:
    cache = Cache()
    cache.keep(KEY, Cached(b"1", None, 7))
    assert cache.entry(KEY, 7) == Cached(b"1", None, 7)
    assert cache.entry(KEY, 8) is None and cache.entry(KEY, None) is None


def test_the_newest_write_is_pending_whatever_the_order() -> None:
    cache = Cache()
    first, second = write(1), write(2)
    cache.expect(second)
    cache.expect(first)
    assert cache.pending[KEY] is second
    cache.settle([first], 3)
    assert cache.pending[KEY] is second and first.settled and not second.settled
    cache.settle([second], 3)
    assert cache.pending == {} and cache.changes == 2


def test_a_settled_write_is_known_as_of_its_commit() -> None:
    cache = Cache()
    done = write(1, None)
    cache.expect(done)
    cache.settle([done], 5)
    assert cache.entry(KEY, 5) == Cached(None, None, 5)


def test_a_dropped_write_is_forgotten() -> None:
    cache = Cache()
    cache.keep(KEY, Cached(b"old", None, 5))
    lost = write(1)
    cache.expect(lost)
    cache.settle([lost], None)
    assert cache.pending == {} and cache.entry(KEY, 5) is None


def test_the_least_used_go_first() -> None:
    cache = Cache(limit_bytes=3 * 1300)
    for name in "abc":
        cache.keep(("s", name), Cached(b"x" * 1000, None, 1))
    assert cache.entry(("s", "a"), 1) is not None
    cache.keep(("s", "d"), Cached(b"x" * 1000, None, 1))
    assert [name for name in "abcd" if cache.entry(("s", name), 1)] == ["a", "c", "d"]
    cache.keep(("s", "big"), Cached(b"x" * 100_000, None, 1))
    assert not any(cache.entry(("s", name), 1) for name in [*"abcd", "big"]) and cache._size == 0


def test_what_others_changed_does_not_count_but_is_remembered() -> None:
    cache = Cache()
    cache.keep(KEY, Cached(b"1", None, 7))
    cache.keep(("b", "k"), Cached(b"2", None, 7))
    cache.outdate([KEY, ("a", "never seen")])
    assert cache.entry(KEY, 7) is None and cache.changes == 1
    assert cache.last(KEY) == Cached(b"1", None, OUTDATED) and cache.last_of("b") == {"k": Cached(b"2", None, 7)}
