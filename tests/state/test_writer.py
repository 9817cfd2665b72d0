"""Bounds of what is written and of what waits to be."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from gateway.state import kept, writer
from gateway.state.operation import Operation
from gateway.state.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


def test_too_much_to_keep_loses_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(kept, "KEPT_OPERATIONS", 10)
    store = SqliteStore(tmp_path / "file" / "gateway.db")
    for number in range(30):
        store.put("a", f"k{number}", b"1")
    store.flush(0.05)
    assert store.get("a", "k0") is None and store.get("a", "k29") == b"1"
    assert len(list(store.scan("a"))) == 10
    store.close()


def test_what_expired_is_swept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SWEEP_S", 0.0)
    store = SqliteStore(path)
    for number in range(50):
        store.put("a", f"k{number}", b"1", 0.05)
    store.put("a", "stays", b"1")
    store.flush()
    time.sleep(0.1)
    store.put("a", "later", b"1", 60)
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT key FROM entry ORDER BY key").fetchall() == [("later",), ("stays",)]
    connection.close()


def test_the_size_is_bounded_and_what_never_expires_stays(path: Path) -> None:
    limit = 2 * 1024 * 1024
    store = SqliteStore(path, limit_bytes=limit)
    store.put("a", "forever", b"1")
    for number in range(100):
        for part in range(10):
            store.put("a", f"k{number}.{part}", os.urandom(8000), 3600 + number)
        store.flush()
    store.close()
    assert path.stat().st_size < 2 * limit
    again = SqliteStore(path)
    assert again.get("a", "forever") == b"1" and again.get("a", "k99.9") is not None and again.get("a", "k0.0") is None
    again.close()


def test_what_nobody_waits_for_gathers_and_what_somebody_waits_for_does_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LINGER_S", 30.0)
    sizes: list[int] = []
    write = writer.Writer._write

    def counted(self: writer.Writer, batch: list[Operation], closing: bool) -> None:
        sizes.append(len(batch))
        write(self, batch, closing)

    monkeypatch.setattr(writer.Writer, "_write", counted)
    store = SqliteStore(path)
    for number in range(100):
        store.put("a", f"k{number}", b"1")
        time.sleep(0.001)
    assert sizes == []
    assert store.compare_and_set("a", "taken", None, b"1")
    assert sizes == [101]
    store.put("a", "late", b"1")
    store.close()
    assert sizes == [101, 1]


def test_a_condition_that_was_kept_gives_way_to_what_another_worker_has_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOCK_PATIENCE_S", 0.05)
    monkeypatch.setattr(writer, "RETRY_S", 0.1)
    stores = first, second = SqliteStore(path), SqliteStore(path)
    first.put("a", "k", b"0")
    assert first.flush() and second.get("a", "k") == b"0" and second.compare_and_set("a", "other", None, b"1")
    locked = sqlite3.connect(path, isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    for number, store in enumerate(stores):
        assert store.compare_and_set("a", "k", b"0", b"kept by %d" % number)
        assert not store.compare_and_set("a", "k", b"0", b"x"), "it is something else here"
        assert store.compare_and_set("a", "k", b"kept by %d" % number, b"last of %d" % number)
    second._writer._retry_at = time.monotonic() + 1.0
    locked.execute("ROLLBACK")
    locked.close()
    assert first.flush() and second.flush()
    assert [store.get("a", "k") for store in stores] == [b"last of 0"] * 2
    for store in stores:
        store.close()
