"""From a machine's own store into the shared one."""

from __future__ import annotations

from pathlib import Path

from gateway.state.adopt import adopt
from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore

SPACES = {"keys": None, "limits": 60.0}


def filled(file: Path) -> Path:
    own = SqliteStore(file)
    own.put("keys", "anna", b"old")
    own.put("keys", "ben", b"ben")
    own.put("limits", "anna", b"7", 60)
    own.put("responses", "r", b"large")
    own.close()
    return file


def test_named_spaces_come_over_once_and_never_over_newer_ones(tmp_path: Path) -> None:
    file, store = filled(tmp_path / "gateway.db"), MemoryStore()
    store.put("keys", "anna", b"newer")
    adopt(file, store, SPACES)
    assert dict(store.scan("keys")) == {"anna": b"newer", "ben": b"ben"}
    assert store.get("limits", "anna") == b"7" and store.get("responses", "r") is None
    store.delete("keys", "ben")
    adopt(file, store, SPACES)
    assert store.get("keys", "ben") is None
    adopt(filled(tmp_path / "another.db"), store, SPACES)
    assert store.get("keys", "ben") == b"ben"


def test_nothing_is_marked_while_the_store_is_away(tmp_path: Path) -> None:
    class Away(MemoryStore):
        reason = "away"

        @property
        def why(self) -> str:
            return self.reason

    file, store = filled(tmp_path / "gateway.db"), Away()
    adopt(file, store, SPACES)
    assert store.get("keys", "ben") is None
    store.reason = ""
    adopt(file, store, SPACES)
    assert store.get("keys", "ben") == b"ben"


def test_no_file_is_made(tmp_path: Path) -> None:
    adopt(tmp_path / "gateway.db", MemoryStore(), SPACES)
    assert list(tmp_path.iterdir()) == []
