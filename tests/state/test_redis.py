"""Without a server: what a process can do by itself. With one: tests/system/test_redis_store.py, test_store.py."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gateway.config.redis_url import redis_url
from gateway.state.redis import RedisStore
from tests.running import ROOT, free_port


@pytest.fixture
def store() -> Iterator[RedisStore]:
    made = RedisStore(redis_url(f"redis://:s3cret@127.0.0.1:{free_port()}/0"))
    yield made
    made.close()


def test_nothing_is_loaded_or_connected_before_it_is_needed() -> None:
    code = (
        "import sys, threading; from gateway.state.redis import RedisStore; import gateway.wiring\n"
        "from gateway.config.redis_url import redis_url; s = RedisStore(redis_url('redis://127.0.0.1:1'))\n"
        "assert 'redis' not in sys.modules and threading.active_count() == 1; s.close()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=ROOT)


def test_without_redis_it_is_the_store_of_this_process(store: RedisStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    began = time.monotonic()
    store.put("a", "k", b"1")
    assert store.get("a", "k") == b"1" and store.get("a", "x") is None
    store.put("a", "short", b"1", 0.05)
    assert store.compare_and_set("a", "k", b"1", b"2") and not store.compare_and_set("a", "k", b"1", b"3")
    assert store.compare_and_set("a", "new", None, b"n") and store.get_many("a", ["k", "new"]) == {
        "k": b"2",
        "new": b"n",
    }
    time.sleep(0.06)
    assert list(store.scan("a")) == [("k", b"2"), ("new", b"n")] and list(store.scan("a", "n")) == [("new", b"n")]
    store.delete("a", "k")
    assert store.get("a", "k") is None and store.compare_and_set("a", "k", None, b"4")
    assert not store.flush(0.1) and "cannot be used" in store.why and "s3cret" not in store.why
    assert time.monotonic() - began < 5
    said = [record.getMessage() for record in caplog.records if record.name == "dragoman"]
    assert len(said) == 1 and "Is it running" in said[0] and "s3cret" not in said[0]


def test_questions_are_quick_while_it_is_away(store: RedisStore) -> None:
    store.get("a", "first")
    began = time.monotonic()
    for number in range(1000):
        store.get("a", f"{number}")
        list(store.scan("a"))
    assert time.monotonic() - began < 2
