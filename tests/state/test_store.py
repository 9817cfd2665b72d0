"""One suite over every kind of store."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.redis_url import redis_url
from gateway.state.memory import MemoryStore
from gateway.state.redis import RedisStore
from gateway.state.sqlite import SqliteStore
from gateway.state.store import Store, upper_bound
from tests.system.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.system)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisStore(redis_url(server.url(prefix=f"{tmp_path.name}:")))
    else:
        made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    yield made
    made.close()


def test_what_is_put_is_there_at_once_and_after_it_is_durable(store: Store) -> None:
    assert store.get("a", "k") is None
    store.put("a", "k", b"\x00\xffvalue")
    assert store.get("a", "k") == b"\x00\xffvalue"
    assert store.flush()
    assert store.get("a", "k") == b"\x00\xffvalue" and store.get("b", "k") is None
    store.put("a", "k", b"")
    assert store.get("a", "k") == b""
    assert store.flush() and store.get("a", "k") == b"" and store.why == ""


def test_delete(store: Store) -> None:
    store.put("a", "k", b"1")
    store.delete("a", "k")
    assert store.get("a", "k") is None
    store.put("a", "k", b"2")
    store.flush()
    store.delete("a", "k")
    assert store.get("a", "k") is None
    assert store.flush() and store.get("a", "k") is None
    store.delete("a", "never there")


def test_many_at_once(store: Store) -> None:
    for number in range(1200):
        store.put("a", f"k{number}", str(number).encode())
    asked = [f"k{number}" for number in range(-5, 1205)]
    for _ in range(2):
        found = store.get_many("a", asked)
        assert len(found) == 1200 and found["k1199"] == b"1199"
        assert store.flush()
    assert store.get_many("a", []) == {}


@pytest.mark.parametrize("settled", [False, True])
def test_expiry(store: Store, settled: bool) -> None:
    store.put("a", "short", b"1", 1.0)
    store.put("a", "long", b"2", 60)
    if settled:
        store.flush()
    assert store.get("a", "short") == b"1"
    time.sleep(1.2)
    assert store.get("a", "short") is None and store.get("a", "long") == b"2"
    assert [key for key, _ in store.scan("a")] == ["long"]
    assert store.compare_and_set("a", "short", None, b"3")


def test_scan_is_in_order_and_within_its_prefix(store: Store) -> None:
    for number in range(450):
        store.put("a", f"x{number:04d}", b"1")
    store.put("b", "x", b"other space")
    store.put("a", "w", b"before")
    store.put("a", "y", b"after")
    store.flush()
    store.put("a", "x0007", b"2")
    store.put("a", "x0200a", b"new")
    store.delete("a", "x0008")
    for _ in range(2):
        found = list(store.scan("a", "x"))
        assert found == sorted(found) and len(found) == 450
        assert ("x0007", b"2") in found and ("x0200a", b"new") in found and "x0008" not in dict(found)
        store.flush()
    assert len(list(store.scan("a"))) == 452
    assert list(store.scan("nothing")) == []


def test_scan_takes_any_text(store: Store) -> None:
    for key in ("a%b", "a_b", "a\U0010ffff", "aé", "A%b", "b"):
        store.put("s", key, b"1")
    store.flush()
    assert {key for key, _ in store.scan("s", "a")} == {"a%b", "a_b", "a\U0010ffff", "aé"}
    assert [key for key, _ in store.scan("s", "a%")] == ["a%b"]


def test_compare_and_set(store: Store) -> None:
    assert store.compare_and_set("a", "k", None, b"1")
    assert not store.compare_and_set("a", "k", None, b"2")
    assert not store.compare_and_set("a", "k", b"0", b"2")
    assert store.compare_and_set("a", "k", b"1", b"2") and store.get("a", "k") == b"2"
    store.put("a", "k", b"3")
    assert not store.compare_and_set("a", "k", b"2", b"4") and store.compare_and_set("a", "k", b"3", b"4")
    assert store.compare_and_set("a", "k", b"4", None) and store.get("a", "k") is None
    assert store.compare_and_set("a", "k", None, b"5", 0.1)
    time.sleep(0.15)
    assert store.get("a", "k") is None and store.compare_and_set("a", "k", None, b"6")


def test_of_many_that_compare_and_set_one_wins(store: Store) -> None:
    won: list[int] = []

    def run(number: int) -> None:
        if store.compare_and_set("locks", "k", None, str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(won) == 1 and store.get("locks", "k") == str(won[0]).encode()


def test_threads_see_their_own_last_write(store: Store) -> None:
    """The cache must not bring back an older value while writes and reads run into one another."""
    wrong: list[tuple[bytes, bytes | None]] = []

    def run(name: str) -> None:
        for number in range(150):
            value = f"{number}".encode()
            store.put("a", name, value)
            for _ in range(2):
                if (seen := store.get("a", name)) != value:
                    wrong.append((value, seen))
            if number % 10 == 0:
                store.flush()

    threads = [threading.Thread(target=run, args=(f"k{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_after_close_there_is_nothing(store: Store) -> None:
    store.put("a", "k", b"1")
    store.close()
    store.put("a", "k", b"2")
    assert store.get("a", "k") is None and list(store.scan("a")) == []
    assert not store.compare_and_set("a", "k", None, b"3")
    store.close()


def test_upper_bound() -> None:
    assert upper_bound("") is None and upper_bound("\U0010ffff") is None
    assert upper_bound("ab") == "ac" and upper_bound("a\U0010ffff") == "b" and upper_bound("\ud7ff") == "\ue000"
