"""accounts.json of older installations."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gateway.accounts.account import Account
from gateway.accounts.health import HealthNotes, recall
from gateway.accounts.health_file import take_over
from gateway.state.memory import MemoryStore


def written(folder: Path) -> None:
    now = time.time()
    resting = {"since": now, "until": now + 300, "why": "limited", "status": 429}
    document = {"resting": resting, "models": {}, "strikes": {"rate": [2, now]}, "quotas": {}, "uses": 12, "at": now}
    off = {"resting": None, "disabled": {"reason": "refused", "credential": ""}, "uses": 1, "at": now, "by": 7}
    (folder / "accounts.json").write_text(json.dumps({"accounts": {"u/a": document, "u/b": off}}))


def test_its_notes_move_into_the_store_once(tmp_path: Path) -> None:
    written(tmp_path)
    store = MemoryStore()
    take_over(tmp_path, store)
    assert [each.name for each in tmp_path.iterdir()] == ["accounts.json.old"]
    found = HealthNotes(store).changed()
    a, b = Account("u/a", "u", "a", "k"), Account("u/b", "u", "b", "k")
    recall(a, found["u/a"])
    recall(b, found["u/b"])
    assert a.resting is not None and a.resting.why == "limited" and a.uses == 12 and a.strikes["rate"].count == 2
    assert b.disabled_reason == "refused" and b.uses == 1
    HealthNotes(store).note("u/b", {})
    take_over(tmp_path, store)
    assert "disabled" not in HealthNotes(store).changed()["u/b"]


def test_what_the_store_knows_is_newer(tmp_path: Path) -> None:
    written(tmp_path)
    store = MemoryStore()
    HealthNotes(store).note("u/a", {"resting": None})
    take_over(tmp_path, store)
    assert HealthNotes(store).changed()["u/a"]["resting"] is None


def test_a_broken_file_is_said_and_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "accounts.json").write_text('{"accounts": {')
    take_over(tmp_path, MemoryStore())
    assert "accounts.json could not be taken over" in caplog.text and not (tmp_path / "accounts.json").exists()


def test_nothing_is_made_where_there_was_nothing(tmp_path: Path) -> None:
    take_over(tmp_path, MemoryStore())
    assert list(tmp_path.iterdir()) == []
