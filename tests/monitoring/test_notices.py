from __future__ import annotations

import logging

import pytest

from gateway.monitoring import notices as module
from gateway.monitoring.notices import Condition, Notice, Notices
from gateway.state.memory import MemoryStore

DISABLED = Condition("account_disabled", "gemini/me", "Disabled", "Reason: 401.")


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def told(sent: list[Notice]) -> list[str]:
    return [f"{each.kind} {each.event}" for each in sent]


def test_once_over_two_workers_and_a_restart(clock: Clock) -> None:
    store, sent = MemoryStore(), list[Notice]()
    workers = [Notices(store, sent.append), Notices(store, sent.append)]
    for _ in range(3):
        for worker in workers:
            worker.look([DISABLED])
        clock.now += 2
    Notices(store, sent.append).look([DISABLED])
    assert told(sent) == ["trouble account_disabled"]


def test_over_is_told_once_after_a_while(clock: Clock) -> None:
    store, sent = MemoryStore(), list[Notice]()
    workers = [Notices(store, sent.append), Notices(store, sent.append)]
    workers[0].look([DISABLED])
    for _ in range(20):
        for worker in workers:
            worker.look([])
        clock.now += 2
    assert told(sent) == ["trouble account_disabled", "recovered account_disabled"]
    assert sent[1].subject == "gemini/me" and sent[1].title == "Over: Disabled"
    workers[0].look([DISABLED])
    assert told(sent)[2:] == ["trouble account_disabled"]


def test_what_comes_and_goes_is_one_event(clock: Clock) -> None:
    store, sent = MemoryStore(), list[Notice]()
    notices = Notices(store, sent.append)
    for number in range(20):
        notices.look([DISABLED] if number % 2 else [])
        clock.now += 10
    assert told(sent) == ["trouble account_disabled"]


def test_what_must_last_is_told_when_it_has(clock: Clock) -> None:
    sent = list[Notice]()
    notices = Notices(MemoryStore(), sent.append)
    empty = Condition("pool_empty", "gemini", "Empty", "All rest.", settle_s=5)
    notices.look([empty])
    notices.look([])
    clock.now += 6
    notices.look([empty])
    assert sent == []
    clock.now += 6
    notices.look([empty])
    assert told(sent) == ["trouble pool_empty"]


def test_a_webhook_that_fails_is_tried_again_and_given_up(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def send(notice: Notice) -> None:
        tries.append(notice.event)
        if len(tries) < 3:
            raise OSError("hook.example answered 500")

    notices = Notices(MemoryStore(), send)
    for _ in range(40):
        notices.look([DISABLED])
        clock.now += 2
    assert len(tries) == 3

    def never(notice: Notice) -> None:
        tries.append(notice.event)
        raise OSError("hook.example answered 500")

    tries.clear()
    notices = Notices(MemoryStore(), never)
    with caplog.at_level(logging.WARNING, "dragoman"):
        for _ in range(60):
            notices.look([DISABLED])
            clock.now += 2
    assert len(tries) == 4 and "given up" in caplog.text
