"""Without a server: what a process can do by itself. With one: tests/system/test_redis_store.py, test_store.py."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gateway.config.redis_url import redis_url
from gateway.state.cache import OUTDATED, Cached
from gateway.state.operation import Operation
from gateway.state.redis import RedisStore, _Scan
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


def test_what_another_process_changed_during_a_write_is_looked_at_again(store: RedisStore) -> None:
    """Its change may have come after ours; both are over before ours is settled here."""
    store._begun()
    mine, quiet = Operation(("a", "k"), b"mine", None), Operation(("a", "quiet"), b"mine", None)
    store._heard([("a", "k")])
    store._settled([mine, quiet], 7)
    assert store._cache.entry(("a", "k"), 7) is None and store._cache.entry(("a", "quiet"), 7) is not None
    store._begun()
    store._settled([mine], 7)
    assert store._cache.entry(("a", "k"), 7) is not None


def test_a_scan_counts_until_its_space_changes(store: RedisStore) -> None:
    for space in ("a", "b"):
        store._scans[space, ""] = _Scan({"k": (b"1", None)}, store._link.epoch)
    assert store._scanned("a", "") == {"k": (b"1", None)}
    store._heard([("a", "other")])
    assert store._scans["a", ""].version == OUTDATED != store._scans["b", ""].version
    store._settled([Operation(("b", "k"), None, None)], 7)
    assert store._scans["b", ""].version == OUTDATED


def test_while_redis_is_away_a_revoked_key_does_not_come_back(store: RedisStore) -> None:
    """The last whole scan knows better than an older single value; a newer single value better than the scan."""
    store._cache.keep(("keys", "revoked"), Cached(b"old", None, OUTDATED))
    store._cache.keep(("keys", "new"), Cached(b"new", None, 5))
    store._scans["keys", ""] = _Scan({"anna": (b"hash", None), "new": (b"before", None)}, 5)
    assert list(store.scan("keys")) == [("anna", b"hash"), ("new", b"new")]
