"""What rests an account, what ends its rest, and when that will be. Called under the pool's lock."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.accounts.account import Account
from gateway.accounts.rest import Rest, Strikes, rest_for
from gateway.accounts.verdict import Verdict
from gateway.canon.quota import Quota

PROBE_WAIT_S = 1.0
"""What is told of an account that one request is trying out at this moment."""


@dataclass(slots=True, frozen=True)
class Recovery:
    """When the first account of a set is usable again: seconds from now, and the status that made it rest. `busy`: it
    does not rest, other requests use all of its `max_concurrency`; `queues` as in Account."""

    seconds: float
    status: int
    why: str
    busy: bool = False
    queues: bool = False


def heal(account: Account, model: str, since: float) -> bool:
    """Ends the rests that were there when a request that was answered began, at `since` (time.time()): one that began
    before a limit was hit proves nothing about it. Whether there was anything to end."""
    if not (account.resting or account.models_resting or account.strikes):
        return False
    changed = False
    if account.resting is not None and account.resting.since <= since:
        account.resting, changed = None, True
    rest = account.models_resting.get(model)
    if rest is not None and rest.since <= since:
        del account.models_resting[model]
        changed = True
    for kind in [kind for kind in account.strikes if kind in ("rate", "server", "other", f"quota:{model}")]:
        if account.strikes[kind].at <= since:
            del account.strikes[kind]
            changed = True
    return changed


def cool(
    account: Account,
    model: str,
    verdict: Verdict,
    *,
    status: int,
    why: str,
    since: float,
    repeated: bool,
    cap_s: float,
) -> None:
    """Rests the account, or the model at it, as `verdict` says; for at most `cap_s` before it is tried again."""
    now = time.time()
    whole = verdict.action not in ("block", "cool_model")
    known = account.resting if whole else account.models_resting.get(model)
    kind = verdict.kind
    strikes = account.strikes.setdefault(f"quota:{model}" if kind == "quota" else kind, Strikes())
    # Requests that were under way together and fail together are one failure, and so are one request's attempts.
    again = strikes.count > 0 and (repeated or strikes.at > since)
    count = strikes.count if again else strikes.strike(now)
    rest = rest_for(now, verdict.delay, verdict.ladder, count, cap_s, why=why, status=status, kind=kind)
    if rest is not None and (known is None or known.until <= rest.until or known.since <= since):
        if whole:
            account.resting = rest
        else:
            account.models_resting[model] = rest


def recovery_of(account: Account, model: str, now: float, floor: float, cap_s: float) -> Recovery:
    last: tuple[float, Rest] | None = None
    for word, rest in account.rests(model):
        left = rest.left(now)
        if left <= 0 and rest.probe and word in account.probing:
            left = PROBE_WAIT_S
        if last is None or left > last[0]:
            last = left, rest
    if floor and account.low(model, now, floor):
        quota = account.quotas[model]
        left = min(max((quota.resets_at or now + 60.0) - now, 1.0), cap_s)
        if last is None or left > last[0]:
            return Recovery(left, 429, "its quota is below quota_floor")
    if last is None:
        return Recovery(0.0, 429, "as many requests are running as max_concurrency allows", True, account.queues)
    return Recovery(last[0], last[1].status or 429, last[1].why)


def read_quotas(account: Account, quotas: Iterable[Quota], cap_s: float) -> None:
    """A model with something left rests no longer, one without until its reset."""
    now = time.time()
    for quota in quotas:
        account.quotas[quota.model] = quota
        rest = account.models_resting.get(quota.model)
        if rest is None or rest.kind != "quota" or quota.remaining is None or quota.read_at < rest.since:
            continue
        if quota.remaining > 0:
            del account.models_resting[quota.model]
            account.strikes.pop(f"quota:{quota.model}", None)
        elif not rest.announced and quota.resets_at > now:
            account.models_resting[quota.model] = rest_for(
                now, quota.resets_at - now, (), 1, cap_s,
                why=rest.why, status=rest.status, kind="quota",
            ) or rest  # fmt: skip
