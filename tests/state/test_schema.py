"""The file's shape over time."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.state import schema
from gateway.state.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


def test_migration_keeps_what_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path)
    store.put("a", "k", b"1")
    store.close()
    more = [*schema.MIGRATIONS, ("ALTER TABLE entry ADD COLUMN color TEXT", "UPDATE entry SET color = 'red'")]
    monkeypatch.setattr(schema, "MIGRATIONS", more)
    stores = [SqliteStore(path) for _ in range(4)]
    threads = [threading.Thread(target=each.get, args=("a", "k")) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [each.get("a", "k") for each in stores] == [b"1"] * 4 and {each.why for each in stores} == {""}
    for each in stores:
        each.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT color FROM entry").fetchall() == [("red",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_newer_file_is_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = SqliteStore(path)
    assert store.get("a", "k") is None and "update Dragoman" in store.why
    store.put("a", "k", b"1")
    assert not store.flush(0.1) and store.get("a", "k") == b"1"
    store.close()


def test_a_failed_migration_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema.connect(path).close()
    broken = [*schema.MIGRATIONS, ("ALTER TABLE entry ADD COLUMN color TEXT", "SELECT nonsense FROM nowhere")]
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    with pytest.raises(sqlite3.OperationalError):
        schema.connect(path)
    monkeypatch.undo()
    connection = schema.connect(path)
    assert "color" not in str(connection.execute("SELECT sql FROM sqlite_schema").fetchall())
    connection.close()
