"""Accounts and quotas in words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.accounts.account import Account
from gateway.canon.quota import Quota


def described(
    accounts: Iterable[Account], now: float | None = None, unavailable: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """One object an account, without secrets. `cooldown_s` is by model, "" for all of them; `unavailable` are upstreams
    that cannot be asked now (a tool that is not installed), with the reason."""
    now = time.time() if now is None else now
    rows = []
    for account in accounts:
        rests = {"": account.resting} if account.resting else {}
        rests |= account.models_resting
        cooling = {model: round(rest.left(now), 1) for model, rest in rests.items() if rest.left(now) > 0}
        state = "disabled" if account.disabled_reason is not None else "cooling" if "" in cooling else "usable"
        why = account.disabled_reason or "; ".join(
            f"{model + ': ' if model else ''}{rest.why}" for model, rest in rests.items() if model in cooling
        )
        missing = (unavailable or {}).get(account.upstream)
        if missing is not None and state != "disabled":
            state, why = "unavailable", missing
        known = {model: quota.remaining for model, quota in account.quotas.items() if quota.remaining is not None}
        rows.append(
            {
                "account": account.label,
                "upstream": account.upstream,
                "id": account.id,
                "state": state,
                "uses": account.uses,
                "cooldown_s": cooling,
                "quota": known,
                "why": why,
            }
        )
    return rows


def worded(rows: list[dict[str, Any]]) -> str:
    """A table for people."""
    if not rows:
        return "no account is configured; `dragoman accounts login` or `dragoman accounts add-key` adds one"
    head = ("ACCOUNT", "UPSTREAM", "STATE", "USES", "COOLDOWN", "QUOTA", "WHY")
    table = [head]
    for row in rows:
        cooldown = ", ".join(f"{model + ' ' if model else ''}{left:.0f} s" for model, left in row["cooldown_s"].items())
        lowest = min(row["quota"].values(), default=None)
        quota = "" if lowest is None else f"{lowest:.0%} of the scarcest model"
        table.append(
            (row["account"], row["upstream"], row["state"], str(row["uses"]), cooldown or "-", quota or "-", row["why"])
        )
    widths = [max(len(row[column]) for row in table) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in table
    )


def quotas_described(account: Account, said: list[Quota] | str) -> dict[str, Any]:
    """`models`: what is left, 0 to 1, and when it is renewed (time.time() seconds, null when not told)."""
    quotas = [] if isinstance(said, str) else said
    return {
        "account": account.label,
        "upstream": account.upstream,
        "id": account.id,
        "models": {each.model: {"left": each.remaining, "resets_at": each.resets_at or None} for each in quotas},
        "error": said if isinstance(said, str) else None,
    }


def quotas_worded(account: Account, said: list[Quota] | str) -> str:
    if isinstance(said, str):
        return f"{account.label}: {said}"
    if not said:
        return f"{account.label}: the provider tells no quota"
    lines = [f"{account.label}:"]
    for quota in sorted(said, key=lambda each: each.model):
        left = "?" if quota.remaining is None else f"{quota.remaining:.0%}"
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(quota.resets_at))
        lines.append(f"  {quota.model}: {left} left{', resets ' + moment if quota.resets_at else ''}")
    return "\n".join(lines)
