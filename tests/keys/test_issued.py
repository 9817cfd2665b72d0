from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.config.model import AuthKey
from gateway.keys import issued as room
from gateway.keys.issued import SPACE, IssuedKeys, load_issued
from gateway.state.memory import MemoryStore


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FRESH_S", 0.0)


def key(name: str = "anna", digest: str = "aa", **more: Any) -> AuthKey:
    return AuthKey(name=name, key_hash=f"sha256:{digest}", **more)


def test_another_process_sees_what_was_added_and_revoked() -> None:
    store = MemoryStore()
    operator, worker = IssuedKeys(store), IssuedKeys(store)
    assert worker.find("aa") is None and not worker.any()
    given = key(models=("gpt-*",), rpm=3, expires="2099-01-01")
    assert operator.add(given)
    assert worker.find("aa") == given == worker.named("anna") and worker.any()
    assert not operator.add(key(digest="bb")), "the name is taken"
    assert operator.revoke("anna") and worker.find("aa") is None
    assert not operator.revoke("anna") and worker.named("anna") is None


def test_turned_with_and_without_grace() -> None:
    now = [1000.0]
    keys = IssuedKeys(MemoryStore(), clock=lambda: now[0])
    keys.add(key(rpm=3))
    assert keys.rotate("anna", "sha256:bb") and keys.find("aa") is None
    found = keys.find("bb")
    assert found is not None and found.rpm == 3
    assert keys.rotate("anna", "sha256:cc", grace_s=60)
    assert keys.find("bb") is not None and keys.find("cc") is not None
    now[0] += 61
    assert keys.find("bb") is None and keys.find("cc") is not None
    assert not keys.rotate("nobody", "sha256:dd")


def watched(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    scans: list[str] = []
    scan = store.scan
    monkeypatch.setattr(store, "scan", lambda *words: scans.append("") or scan(*words))
    return scans


def test_a_worker_asks_the_store_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FRESH_S", 60.0)
    store = MemoryStore()
    keys = IssuedKeys(store)
    keys.add(key())
    scans = watched(store, monkeypatch)
    for _ in range(50):
        assert keys.find("aa") is not None
    assert len(scans) == 1


def test_an_added_key_works_at_its_first_request_though_somebody_just_guessed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "FRESH_S", 60.0)
    keys = IssuedKeys(MemoryStore())
    for n in range(5):
        assert keys.find("zz") is None
        keys.add(key(f"anna-{n}", f"a{n}"))
        assert keys.find(f"a{n}") is not None


def test_who_guesses_keys_does_not_make_a_worker_read_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FRESH_S", 60.0)
    monkeypatch.setattr(room, "LOOK_AGAIN_S", 60.0)
    store = MemoryStore()
    keys = IssuedKeys(store)
    scans = watched(store, monkeypatch)
    for _ in range(200):
        assert keys.find("zz") is None
    assert room.LOOKS <= len(scans) <= room.LOOKS + 2


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"name":"x"}', b'{"name":"x","key_hash":"y","expires":"soon"}'])
def test_entries_nobody_can_read_are_no_keys(value: bytes) -> None:
    store = MemoryStore()
    store.put(SPACE, "x", value)
    assert load_issued(value) is None and IssuedKeys(store).find("y") is None


def test_fields_of_a_newer_version_are_passed_over() -> None:
    document = {"name": "anna", "key_hash": "sha256:aa", "models": ["a"], "moon_phase": 3}
    found = load_issued(json.dumps(document).encode())
    assert found is not None and found.key == key(models=("a",))


def test_limits_change_and_the_secret_stays() -> None:
    store = MemoryStore()
    keys = IssuedKeys(store)
    assert keys.add(AuthKey(name="anna", key_hash="sha256:" + "a" * 64, rpm=1))
    assert keys.change("anna", AuthKey(name="ignored", key_hash="", rpm=9, models=("m",)))
    assert not keys.change("nobody", AuthKey(name="nobody", key_hash=""))
    found = keys.find("a" * 64)
    assert found == AuthKey(name="anna", key_hash="sha256:" + "a" * 64, rpm=9, models=("m",))
