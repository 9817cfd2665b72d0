"""tokens.json on machines that share a store. Each "machine" here is a folder of its own."""

from __future__ import annotations

import json
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.accounts.account import Account
from gateway.accounts.file_lock import LockTimeout
from gateway.accounts.oauth import Client, Refused
from gateway.accounts.oauth_credential import OAuthCredential
from gateway.accounts.project import disabling, fingerprint
from gateway.accounts.roster import TokensRoster
from gateway.accounts.shared_tokens import LEASES, SPACE, SharedTokens
from gateway.accounts.store import add_project
from gateway.state.memory import MemoryStore


def entry(token: str, **more: Any) -> dict[str, Any]:
    return {"refresh_token": token, "project_id": f"p-{token}", "access_token": f"at-{token}", "expires_at": 10, **more}


class Distant(MemoryStore):
    """A machine's view of a store that can be away, as Redis is: it goes on with what it knows, and what it changed
    meanwhile is tried on return."""

    def __init__(self, shared: MemoryStore) -> None:
        super().__init__()
        self.shared = shared
        self.away = self.goes_at_next_change = False
        self.kept: dict[tuple[str, str], tuple[bytes | None, bytes | None]] = {}

    @property
    def why(self) -> str:
        return "away" if self.away else ""

    def get(self, space: str, key: str) -> bytes | None:
        if not self.away:
            value = self.shared.get(space, key)
            super().delete(space, key)
            if value is not None:
                super().put(space, key, value)
        return super().get(space, key)

    def compare_and_set(
        self, space: str, key: str, expected: bytes | None, value: bytes | None, ttl_s: float | None = None
    ) -> bool:
        if self.goes_at_next_change and space == SPACE:
            self.away, self.goes_at_next_change = True, False
        if not self.away:
            return self.shared.compare_and_set(space, key, expected, value, ttl_s)
        if not super().compare_and_set(space, key, expected, value, ttl_s):
            return False
        self.kept[space, key] = (self.kept.get((space, key), (expected, None))[0], value)
        return True

    def returns(self) -> None:
        self.away = False
        for (space, key), (expected, value) in self.kept.items():
            self.shared.compare_and_set(space, key, expected, value)
        self.kept.clear()


class Machine:
    def __init__(self, folder: Path, store: MemoryStore, *entries: dict[str, Any]) -> None:
        folder.mkdir(exist_ok=True)
        self.file, self.store = folder / "tokens.json", store
        if entries:
            self.write(*entries)
        self.tokens = SharedTokens(self.file, store, "assist")

    def write(self, *entries: dict[str, Any]) -> None:
        self.file.write_text(json.dumps({"projects": list(entries)}))

    def restart(self) -> None:
        self.tokens = SharedTokens(self.file, self.store, "assist")

    def knows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.tokens.document().get("projects", [])
        assert self.file.exists() and json.loads(self.file.read_text()).get("projects", []) == found
        return found

    def names(self) -> list[str]:
        return [each["refresh_token"] for each in self.knows()]


def test_the_first_file_fills_the_store_and_the_next_machine_has_it(tmp_path: Path) -> None:
    store = MemoryStore()
    a = Machine(tmp_path / "a", store, entry("r1"))
    assert a.names() == ["r1"]
    b = Machine(tmp_path / "b", store)
    assert b.names() == ["r1"]
    empty = Machine(tmp_path / "c", MemoryStore())
    assert empty.tokens.document() == {} and list(empty.file.parent.iterdir()) == [empty.tokens.lock_path("shared")]
    for file in (b.file, b.file.with_name(".tokens.json.shared")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_file_is_imported(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store, entry("r2"))
    assert a.names() == ["r1"] and b.names() == ["r1", "r2"] and a.names() == ["r1", "r2"]


def test_what_one_records_the_other_knows(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1"), entry("r2")), Machine(tmp_path / "b", store)
    roster = TokensRoster("assist", b.tokens, lambda name, token: credential(b, token))
    accounts = roster.changed()
    assert accounts is not None and roster.changed() is None
    a.tokens.record("r1", {"access_token": "new", "expires_at": 99, "refresh_token": "r1b", "rotated_from": "x"})
    a.tokens.record("r2", disabling("revoked", "r2"))
    first, second = b.knows()
    assert (first["refresh_token"], first["access_token"]) == ("r1b", "new")
    assert second["enabled"] is False and a.knows() == b.knows()
    changed = roster.changed()
    assert changed is not None and changed[1].disabled_reason == "revoked"


def test_a_hand_edit_wins_and_reaches_the_others(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1"), entry("r2")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1", "r2"]
    b.write(entry("r2", note="mine"), entry("r3"))
    assert b.names() == ["r2", "r3"] and a.names() == ["r2", "r3"] and a.knows()[0]["note"] == "mine"


def test_a_hand_edit_made_while_the_gateway_was_down_wins_an_old_file_does_not(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1"), entry("r2")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1", "r2"]
    a.tokens.record("r1", {"access_token": "new", "expires_at": 99})
    b.restart()
    assert b.knows()[0]["access_token"] == "new"
    a.tokens.record("r2", {"access_token": "new too", "expires_at": 99})
    b.write({**b.knows()[0], "note": "typed"}, *b.knows()[1:])
    b.restart()
    assert b.knows()[0]["note"] == "typed" and b.knows()[1]["access_token"] == "new too"
    assert a.knows() == b.knows()


def test_a_file_that_is_gone_comes_back_from_the_store(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1"]
    b.file.unlink()
    assert b.names() == ["r1"] and a.names() == ["r1"]


def test_a_store_that_lost_everything_is_filled_again(tmp_path: Path) -> None:
    store = MemoryStore()
    a = Machine(tmp_path / "a", store, entry("r1"))
    assert a.names() == ["r1"]
    store.delete(SPACE, "assist")
    assert a.names() == ["r1"] and b"r1" in (store.get(SPACE, "assist") or b"")
    store.put(SPACE, "assist", b"\xff rubbish")
    assert a.names() == ["r1"] and b"r1" in (store.get(SPACE, "assist") or b"")


@pytest.mark.parametrize("early", [True, False])
def test_what_happens_while_the_store_is_away_meets_afterwards(tmp_path: Path, early: bool) -> None:
    shared = MemoryStore()
    near, far = Distant(shared), Distant(shared)
    a, b = Machine(tmp_path / "a", near, entry("r1"), entry("r2")), Machine(tmp_path / "b", far)
    assert a.names() == b.names()
    if early:
        near.away = far.away = True
    else:
        near.goes_at_next_change = far.goes_at_next_change = True
    a.tokens.record("r1", {"access_token": "a's", "expires_at": 99})
    b.tokens.record("r2", {"access_token": "b's", "expires_at": 99})
    assert a.knows()[1]["access_token"] == "at-r2"
    near.returns()
    far.returns()
    until = time.monotonic() + 5
    while [each["access_token"] for each in (a.knows() and b.knows() and a.knows())] != ["a's", "b's"]:
        assert time.monotonic() < until
    assert a.knows() == b.knows()


def test_a_file_that_cannot_be_written_is_served_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1"]

    def full(*arguments: Any, **more: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("gateway.accounts.tokens.write_json", full)
        broken.setattr("gateway.accounts.shared_tokens.write_json", full)
        b.tokens.record("r1", {"access_token": "new", "expires_at": 99})
        assert b.tokens.projects()[0].access_token == "new" and b.tokens.problem
    assert a.knows()[0]["access_token"] == "new"


def test_the_command_line_reaches_every_machine(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1"]
    assert add_project(SharedTokens(a.file, store, "assist"), {"refresh_token": "r9", "email": "n@x"})
    assert b.names() == ["r1", "r9"]


def credential(machine: Machine, token: str, post: Any = None) -> OAuthCredential:
    return OAuthCredential(f"assist/{token}", machine.tokens, token, lambda own: [Client("c", "s", "http://t")], post)


def test_two_machines_with_one_expired_token_refresh_once(tmp_path: Path) -> None:
    store, asked = MemoryStore(), []

    def post(url: str, headers: Any, body: bytes, timeout: float) -> Any:
        asked.append(body)
        time.sleep(0.2)
        return 200, json.dumps({"access_token": "fresh", "expires_in": 3600}).encode()

    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1"]
    found: list[str] = []
    pair = [credential(each, "r1", post) for each in (a, b)]

    def ask(mine: OAuthCredential) -> None:
        found.append(mine.current(time.monotonic() + 10))

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in pair for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == ["fresh"] * 20 and len(asked) == 1
    assert a.knows() == b.knows() and list(store.scan(LEASES)) == []


def test_a_lease_is_given_back_whatever_happens(tmp_path: Path) -> None:
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1")), Machine(tmp_path / "b", store)
    with pytest.raises(Refused), a.tokens.turn("x", 1):
        with pytest.raises(LockTimeout), b.tokens.turn("x", 0.1):
            raise AssertionError
        raise Refused("invalid_grant", "no")
    with b.tokens.turn("x", 1):
        pass


def test_accounts_stay_the_same_ones(tmp_path: Path) -> None:
    """A rotation on another machine keeps the account with its health."""
    store = MemoryStore()
    a, b = Machine(tmp_path / "a", store, entry("r1", email="a@x")), Machine(tmp_path / "b", store)
    assert a.names() == b.names() == ["r1"]
    roster = TokensRoster("assist", b.tokens, lambda name, token: credential(b, token))
    (before,) = roster.changed() or [Account("", "", "")]
    rotated = {"refresh_token": "r1b", "rotated_from": fingerprint("r1"), "access_token": "n", "expires_at": 99}
    a.tokens.record("r1", rotated)
    (after,) = roster.changed() or [Account("", "", "")]
    assert after is before
