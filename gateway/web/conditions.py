"""What of a running gateway an operator should be told of."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from gateway.accounts.account import Account
from gateway.monitoring.notices import Condition
from gateway.web.gateway import Gateway
from gateway.web.headers import masked

QUOTA_LOW = 0.1
"""Where [routing] quota_floor says nothing."""
DISK_LOW = 64 * 1024 * 1024
EMPTY_S = 5.0
UNAVAILABLE_S = 60.0
"""For a provider that has not been seen available yet: it may still be starting."""


class Conditions:
    """One for a worker, across reloads."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def of(self, gateway: Gateway) -> Iterator[Condition]:
        by_upstream: dict[str, list[Account]] = {}
        for account in gateway.pool.accounts():
            by_upstream.setdefault(account.upstream, []).append(account)
        for accounts in by_upstream.values():
            yield from _accounts(gateway, accounts)
        yield from self._unavailable(gateway)
        yield from _storage(gateway)

    def _unavailable(self, gateway: Gateway) -> Iterator[Condition]:
        missing = gateway.unavailable()
        self._seen |= gateway.upstreams.keys() - missing.keys()
        for name, reason in missing.items():
            yield Condition(
                "provider_unavailable",
                name,
                f"{name} is not available",
                f"Requests to it fail: {reason}.",
                0.0 if name in self._seen else UNAVAILABLE_S,
            )


def _accounts(gateway: Gateway, accounts: list[Account]) -> Iterator[Condition]:
    shown = masked if gateway.config.server.account_header == "masked" else str
    now, upstream = time.time(), accounts[0].upstream
    floor = gateway.config.routing.quota_floor or QUOTA_LOW
    for account in accounts:
        name = shown(account.label)
        if account.disabled_reason is not None:
            yield Condition(
                "account_disabled",
                f"{upstream}/{name}",
                f"Account {name} of {upstream} is disabled",
                f"Reason: {account.disabled_reason}. A new login or key revives it.",
            )
        low = sorted(model for model in account.quotas if account.low(model, now, floor))
        if low:
            yield Condition(
                "quota_low",
                f"{upstream}/{name}",
                f"Account {name} of {upstream} has little quota left",
                f"Below {floor:.0%}: {', '.join(low)}.",
            )
    if all(each.disabled_reason is not None or (each.resting and each.resting.left(now) > 0) for each in accounts):
        yield Condition(
            "pool_empty",
            upstream,
            f"No account of {upstream} is usable",
            f"All {len(accounts)} are disabled or resting; requests to it fail or go elsewhere.",
            EMPTY_S,
        )


def _storage(gateway: Gateway) -> Iterator[Condition]:
    folder = gateway.config.data_dir
    try:
        found = os.statvfs(folder)
    except (AttributeError, OSError):
        free = DISK_LOW
    else:
        free = found.f_bavail * found.f_frsize
    if free < DISK_LOW:
        yield Condition(
            "disk_full", "data", "The disk is full", f"{free // 2**20} MB are left where the data folder is: {folder}."
        )
    trouble = gateway.recorder.trouble()
    for what, why in (("shared state", gateway.state.why), ("records", trouble)):
        if why:
            yield Condition("storage", what, f"The {what} cannot be written", f"{why}.", EMPTY_S)
