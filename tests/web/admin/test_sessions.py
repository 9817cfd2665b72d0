from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.state.memory import MemoryStore
from gateway.state.sqlite import SqliteStore
from gateway.web.admin.sessions import IDLE_S, LONGEST_S, SPACE, Sessions

KEY = "an-admin-key"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    found = MemoryStore()
    yield found
    found.close()


def test_a_token_finds_its_session_and_no_other_does(store: MemoryStore, clock: Clock) -> None:
    sessions = Sessions(store, clock)
    token, session = sessions.open(KEY)
    assert sessions.find(token, KEY) == session
    assert sessions.find("", KEY) is None and sessions.find(token + "x", KEY) is None
    assert sessions.find(session.name, KEY) is None


def test_another_admin_key_ends_it(store: MemoryStore, clock: Clock) -> None:
    sessions = Sessions(store, clock)
    token, _ = sessions.open(KEY)
    assert sessions.find(token, "another") is None and sessions.find(token, "") is None


def test_idle_ones_end_and_used_ones_go_on_until_the_longest(store: MemoryStore, clock: Clock) -> None:
    sessions = Sessions(store, clock)
    token, _ = sessions.open(KEY)
    began = clock.now
    while clock.now + IDLE_S / 2 < began + LONGEST_S:
        clock.now += IDLE_S / 2
        assert sessions.find(token, KEY) is not None
    clock.now = began + LONGEST_S + 1
    assert sessions.find(token, KEY) is None
    token, _ = sessions.open(KEY)
    clock.now += IDLE_S + 1
    assert sessions.find(token, KEY) is None


def test_looking_without_touching_does_not_keep_it(store: MemoryStore, clock: Clock) -> None:
    sessions = Sessions(store, clock)
    token, _ = sessions.open(KEY)
    for _ in range(3):
        clock.now += IDLE_S / 4
        assert sessions.find(token, KEY, touch=False) is not None
    clock.now += IDLE_S / 4 + 1
    assert sessions.find(token, KEY, touch=False) is None


def test_neither_token_nor_admin_key_is_stored(store: MemoryStore, clock: Clock) -> None:
    token, _ = Sessions(store, clock).open(KEY)
    kept = repr(list(store.scan(SPACE)))
    assert token not in kept and KEY not in kept


def test_a_logout_ends_it_for_other_processes_too(tmp_path: Path) -> None:
    one, other = SqliteStore(tmp_path / "gateway.db"), SqliteStore(tmp_path / "gateway.db")
    try:
        token, session = Sessions(one).open(KEY)
        assert Sessions(other).find(token, KEY) == session
        Sessions(one).end(session)
        assert Sessions(other).find(token, KEY) is None
    finally:
        one.close()
        other.close()


def test_what_is_left_is_taken_once(store: MemoryStore, clock: Clock) -> None:
    sessions = Sessions(store, clock)
    _, session = sessions.open(KEY)
    sessions.leave(session, "notice", "done")
    assert sessions.take(session, "login") == ""
    assert [sessions.take(session, "notice"), sessions.take(session, "notice")] == ["done", ""]
