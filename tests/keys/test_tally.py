from __future__ import annotations

import calendar
from typing import Any

import pytest

from gateway.config.model import AuthKey
from gateway.keys.lease import Since
from gateway.keys.tally import HOLD_S, NANO, Hold, Refused, Tally

NOW = calendar.timegm((2026, 12, 31, 23, 0, 0)) + 0.5


def key(**limits: Any) -> AuthKey:
    return AuthKey(name="anna", key_hash="sha256:0", **limits)


def enter(tally: Tally, limits: AuthKey, tokens: int = 0, nano: int = 0, now: float = NOW, worker: str = "a") -> Any:
    return tally.at(now).enter(limits, worker, tokens, nano, now)


def leave(tally: Tally, limits: AuthKey, tokens: int = 0, nano: int = 0, *, used: int = 0, now: float = NOW) -> None:
    since = Since()
    since.end(tokens, nano, used, nano)
    tally.settle(limits, "a", since, None, now)


def test_requests_of_any_sixty_seconds() -> None:
    limits, tally = key(rpm=2), Tally()
    assert enter(tally, limits) is None and enter(tally, limits, now=NOW + 30) is None
    assert enter(tally, limits, now=NOW + 59.9) == Refused("requests", 1)
    assert enter(tally, limits, now=NOW + 30.1) == Refused("requests", 31)
    assert enter(tally, limits, now=NOW + 61) is None
    assert enter(tally, limits, now=NOW + 61) is not None


def test_what_runs_at_once_over_workers() -> None:
    limits, tally = key(max_concurrency=2), Tally()
    assert enter(tally, limits) is None and enter(tally, limits, worker="b") is None
    refused = enter(tally, limits)
    assert refused == Refused("concurrency", 1.0) and tally.elsewhere("a", refused)
    leave(tally, limits)
    assert enter(tally, limits) is None and enter(tally, limits) is not None


def test_a_worker_that_died_holds_nothing_for_ever() -> None:
    limits, tally = key(max_concurrency=1, daily_tokens=100), Tally()
    assert enter(tally, limits, 90, worker="dead") is None
    assert enter(tally, limits, 20, now=NOW + HOLD_S - 1) is not None
    tally.settle(limits, "dead", Since(), None, NOW + HOLD_S - 1)
    assert enter(tally, limits, 20, now=NOW + HOLD_S + 1) is not None
    assert enter(tally, limits, 20, now=NOW + 2 * HOLD_S) is None


@pytest.mark.parametrize("name", ["tpm", "daily_tokens"])
def test_tokens_are_reserved_and_settled(name: str) -> None:
    limits, tally = key(**{name: 100}), Tally()
    assert enter(tally, limits, 60) is None
    assert enter(tally, limits, 60).retry_after == 2.0, "what is reserved counts"
    assert enter(tally, limits, 40) is None
    leave(tally, limits, 60, used=10)
    assert enter(tally, limits, 50) is None, "settled: 10 used, 40 reserved"
    leave(tally, limits, 40, used=40)
    leave(tally, limits, 50, used=50)
    refused = enter(tally, limits, 1)
    assert refused is not None and refused.retry_after == (61 if name == "tpm" else 3599.5)
    assert enter(tally, limits, 1, now=NOW + refused.retry_after) is None


def test_a_large_request_alone_is_never_refused_for_ever() -> None:
    limits, tally = key(tpm=100), Tally()
    assert enter(tally, limits, 5000) is None and enter(tally, limits, 1) is not None
    leave(tally, limits, 5000, used=99)
    assert enter(tally, limits, 5000) is None


def test_cost_of_a_month() -> None:
    limits, tally = key(monthly_usd=1.5), Tally()
    assert enter(tally, limits, nano=NANO) is None and enter(tally, limits, nano=NANO) is not None
    leave(tally, limits, nano=NANO)
    assert enter(tally, limits, nano=NANO // 2) is None
    leave(tally, limits, nano=NANO // 2)
    assert enter(tally, limits) == Refused("monthly_usd", 3599.5)
    assert enter(tally, limits, now=NOW + 3600) is None, "a new month (and year)"


def test_written_and_read_again() -> None:
    limits, tally = key(rpm=5, tpm=500), Tally()
    enter(tally, limits, 60, 7)
    enter(tally, limits, 5, worker="b", now=NOW + 3)
    leave(tally, limits, 60, 7, used=33, now=NOW + 4)
    again = Tally.load(tally.dump())
    assert again.holds == {"b": Hold(round(NOW + 3 + HOLD_S), 1, 5, 0)}
    assert (again.seconds, again.day_tokens, again.month_nano_usd) == (tally.seconds, 33, 7)
    assert again.seconds == [[int(NOW), 1, 0], [int(NOW) + 3, 1, 0], [int(NOW) + 4, 0, 33]]


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[1]", b"[[],[],[],{}]", b"\xff"])
def test_what_cannot_be_read_counts_as_nothing(value: bytes | None) -> None:
    assert Tally.load(value) == Tally()


def test_a_clock_that_went_back() -> None:
    limits, tally = key(rpm=2), Tally()
    assert enter(tally, limits) is None and enter(tally, limits, now=NOW - 5) is None
    assert [each[0] for each in tally.seconds] == [int(NOW) - 5, int(NOW)]
    assert enter(tally, limits, now=NOW - 5) is not None


def test_a_clock_that_was_an_hour_ahead_blocks_nobody_for_an_hour() -> None:
    limits, tally = key(rpm=1, max_concurrency=2), Tally()
    assert enter(tally, limits, now=NOW + 3600) is None and enter(tally, limits, now=NOW + 3600) is not None
    tally.at(NOW)
    assert enter(tally, limits) is None, "that minute is far in the future"
    assert tally.at(NOW + HOLD_S - 1).holds["a"].requests == 2
    assert tally.at(NOW + HOLD_S + 1).holds == {}


def test_what_one_counted_beyond_another_can_be_added_to_a_third() -> None:
    limits = key(rpm=50, tpm=5000)
    known, mine, others = Tally(), Tally(), Tally()
    for tally in (known, mine, others):
        enter(tally, limits, 60, 7)
    leave(mine, limits, 60, 7, used=33, now=NOW + 2)
    enter(mine, limits, 10, now=NOW + 2)
    enter(others, limits, 5, worker="b", now=NOW + 2)
    since = Since()
    since.end(5, 0, 4, 0)
    others.settle(limits, "b", since, None, NOW + 3)
    others.add(mine.beyond(known.at(NOW + 3), "a"), "a")
    assert others.seconds == [[int(NOW), 1, 0], [int(NOW) + 2, 2, 33], [int(NOW) + 3, 0, 4]]
    assert (others.day_tokens, others.month_nano_usd) == (37, 7)
    assert {name: hold.tokens for name, hold in others.holds.items()} == {"a": 10}
