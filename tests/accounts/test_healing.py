"""Cooldowns that end: the half-open probe, a ladder for each kind, what success proves (AM-E9..E13, detail 9)."""

from __future__ import annotations

import time

import pytest

from gateway.accounts import rest as rest_module
from gateway.accounts.account import Account
from gateway.accounts.health import Memory
from gateway.accounts.pool import Pool
from gateway.accounts.rest import Rest, Strikes, rest_for
from gateway.accounts.rota import Seat
from gateway.accounts.selection import selector
from gateway.accounts.verdict import QUOTA_LADDER_S, RATE_LIMIT_LADDER_S, SERVER_LADDER_S, Verdict
from gateway.canon.quota import Quota

SEAT, OTHER = Seat("u", "m"), Seat("u", "other")
RATE = Verdict("cool", None, RATE_LIMIT_LADDER_S)
QUOTA = Verdict("cool_model", None, QUOTA_LADDER_S)
SERVER = Verdict("rotate", None, SERVER_LADDER_S)


def house(memory: Memory | None = None, cap: float = 900.0, **more: float) -> tuple[Pool, Account]:
    account = Account("u/a", "u", "a", "key-1")
    return Pool([account], selector("round_robin", 3), cooldown_max_s=cap, memory=memory, **more), account


def fail(pool: Pool, verdict: Verdict, seat: Seat = SEAT, status: int = 429) -> None:
    lease = pool.lease([seat])
    assert lease is not None
    pool.fail(lease, verdict, status, "why")


def over(account: Account) -> None:
    """As if the time of its rests had passed."""

    def past(rest: Rest) -> Rest:
        length = rest.until - rest.since
        return Rest(
            rest.since - length, rest.until - length, rest.why, rest.status, rest.kind, rest.probe, rest.announced
        )

    account.resting = past(account.resting) if account.resting else None
    account.models_resting = {model: past(rest) for model, rest in account.models_resting.items()}


def test_the_announced_time_counts_up_to_the_cap() -> None:
    now = time.time()
    short = rest_for(now, 40.0, (), 1, 900.0, why="", status=429, kind="rate")
    long = rest_for(now, 604800.0, (), 1, 900.0, why="", status=429, kind="quota")
    assert short is not None and (short.left(now), short.probe) == (pytest.approx(40.0), False)
    assert long is not None and (long.left(now), long.probe) == (pytest.approx(900.0), True)


def test_one_request_probes_and_the_others_wait_for_it() -> None:
    pool, account = house()
    fail(pool, QUOTA)
    assert pool.lease([SEAT]) is None
    other = pool.lease([OTHER])
    assert other is not None  # a quota is the model's
    pool.release(other)
    over(account)
    probe = pool.lease([SEAT])
    assert probe is not None and pool.lease([SEAT]) is None
    recovery = pool.recovery([SEAT])
    assert recovery is not None and 0 < recovery.seconds <= 1
    pool.opened(probe)  # a 2xx is proof enough, the answer may take minutes
    assert pool.lease([SEAT]) is not None and not account.models_resting


def test_a_probe_that_fails_climbs_and_one_that_ends_otherwise_frees_the_place() -> None:
    """AM-E9."""
    pool, account = house(cap=1000.0)
    for expected in (60.0, 300.0, 1000.0):
        fail(pool, QUOTA)
        assert account.models_resting["m"].left(time.time()) == pytest.approx(expected, abs=1)
        over(account)
    probe = pool.lease([SEAT])
    assert probe is not None
    pool.release(probe)
    assert pool.lease([SEAT]) is not None


def test_each_kind_has_its_own_ladder() -> None:
    """AM-E10, detail 9: 5xx must not climb the ladder of the rate limit."""
    pool, account = house()
    for _ in range(4):
        fail(pool, SERVER, status=500)
        over(account)
    fail(pool, RATE)
    assert account.resting is not None and account.resting.left(time.time()) == pytest.approx(5.0, abs=1)
    assert {kind: each.count for kind, each in account.strikes.items()} == {"server": 4, "rate": 1}


def test_failures_that_were_under_way_together_count_once() -> None:
    pool, account = house()
    leases = [pool.lease([SEAT]) for _ in range(10)]
    for lease in leases:
        assert lease is not None
        pool.fail(lease, RATE, 429, "why")
    assert account.strikes["rate"].count == 1


def test_success_clears_only_what_it_can_speak_for() -> None:
    """AM-E13, detail 9."""
    pool, account = house()
    early = pool.lease([SEAT])
    assert early is not None
    time.sleep(0.01)
    fail(pool, RATE)
    pool.succeed(early)  # began before the limit was hit
    assert account.resting is not None
    over(account)
    account.resting = Rest(early.since, early.since, "why", 429, "rate", True)
    late = pool.lease([SEAT])
    assert late is not None
    pool.succeed(late)
    assert account.resting is None and not account.strikes


def test_strikes_are_forgotten_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """AM-E10."""
    strikes = Strikes()
    assert [strikes.strike(0.5), strikes.strike(10.0), strikes.strike(11.0 + rest_module.STRIKES_LAST_S)] == [1, 2, 1]


def test_a_clock_set_back_does_not_lengthen_a_rest() -> None:
    now = time.time()
    rest = Rest(now, now + 60, "", 429)
    assert rest.left(now - 86400) == pytest.approx(60.0)
    assert rest.left(now + 86400) == 0.0


def test_a_quota_read_ends_or_bounds_a_rest_and_unknown_quota_is_usable() -> None:
    """AM-E12, detail 21 (AM-T10)."""
    pool, account = house(quota_floor=0.1)
    assert account.usable("m", time.time(), 0.1)
    fail(pool, QUOTA)
    pool.note_quotas(account, [Quota("m", 0.0, time.time() + 200, time.time() + 1)])
    assert account.models_resting["m"].left(time.time()) == pytest.approx(200, abs=2)
    pool.note_quotas(account, [Quota("m", 0.7, 0.0, time.time() + 1)])
    assert not account.models_resting
    now = time.time()
    pool.note_quotas(account, [Quota("m", 0.05, now + 100, now)])
    assert pool.lease([SEAT]) is None and pool.lease([OTHER]) is not None
    recovery = pool.recovery([SEAT])
    assert recovery is not None and 98 < recovery.seconds <= 100
