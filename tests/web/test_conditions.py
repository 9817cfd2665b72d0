from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from gateway.accounts.rest import Rest
from gateway.canon.quota import Quota
from gateway.web.conditions import Conditions
from tests.gateways import InProcess, Provider, config_for


@pytest.fixture
def house() -> Iterator[InProcess]:
    config = config_for(Provider("http://127.0.0.1:1", keys=("one", "two")))
    with InProcess(config) as gateway:
        yield gateway


def seen(house: InProcess, conditions: Conditions | None = None) -> set[tuple[str, str]]:
    return {(each.event, each.subject) for each in (conditions or Conditions()).of(house.gateway)}


def test_nothing_while_all_is_well(house: InProcess) -> None:
    assert seen(house) == set()


def test_accounts(house: InProcess) -> None:
    one, two = house.gateway.pool.accounts()
    one.disabled_reason = "401 invalid_api_key"
    assert seen(house) == {("account_disabled", "chat/one")}
    now = time.time()
    two.resting = Rest(now, now + 60, "429", 429)
    assert seen(house) == {("account_disabled", "chat/one"), ("pool_empty", "chat")}
    one.recover(), two.recover()
    two.quotas["m"] = Quota("m", 0.05, now + 60, now)
    assert seen(house) == {("quota_low", "chat/two")}


def test_a_provider_that_was_there_and_is_gone(house: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions, upstream = Conditions(), house.gateway.upstreams["chat"]
    kind = type(upstream)
    monkeypatch.setattr(kind, "available", lambda self: "the model process ended")
    (early,) = Conditions().of(house.gateway)
    assert early.event == "provider_unavailable" and early.settle_s > 0, "it may still be starting"
    monkeypatch.setattr(kind, "available", lambda self: None)
    assert seen(house, conditions) == set()
    monkeypatch.setattr(kind, "available", lambda self: "the model process ended")
    (gone,) = conditions.of(house.gateway)
    assert gone.settle_s == 0 and "the model process ended" in gone.message


def test_storage(house: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_bavail=10, f_frsize=4096))
    house.gateway.recorder.trouble = lambda: "OperationalError: disk I/O error"
    assert seen(house) == {("disk_full", "data"), ("storage", "records")}
