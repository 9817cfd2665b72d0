"""Accounts as the pages show them: what `dragoman accounts list` tells, with times and every quota."""

from __future__ import annotations

import time
from typing import Any

from gateway.command.account_table import described
from gateway.upstreams.upstream import Upstream
from gateway.web.gateway import Gateway

WORDS = {"usable": "good", "cooling": "warn", "unavailable": "bad", "disabled": "off"}


def account_rows(gateway: Gateway) -> list[dict[str, Any]]:
    """`tone` is the colour of the state; `cooling` (model, unix seconds of its end, why); `quotas` (model, 0..1 left
    or None, when it resets in unix seconds or 0) with the scarcest first. No secret is among it."""
    now = time.time()
    accounts = gateway.pool.accounts()
    rows = described(accounts, now, gateway.unavailable())
    for account, row in zip(accounts, rows, strict=True):
        rests = {**({"": account.resting} if account.resting else {}), **account.models_resting}
        row["tone"] = WORDS[row["state"]]
        row["cooling"] = [(model, rest.until, rest.why) for model, rest in rests.items() if rest.left(now) > 0]
        row["quotas"] = sorted(
            ((each.model, each.remaining, each.resets_at) for each in account.quotas.values()),
            key=lambda quota: (quota[1] is None, quota[1] or 0.0, quota[0]),
        )
        row["running"] = account.in_use
        row["kind"] = gateway.upstreams[account.upstream].settings.kind
        row["login"] = account.credential is not None
        row["models"] = _models(gateway.upstreams[account.upstream])
    return rows


def _models(upstream: Upstream) -> list[str]:
    return [name for name in upstream.settings.models if "*" not in name]
