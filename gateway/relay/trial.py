"""Trying an account out: one tiny real request, as anybody's would go, whatever state the account is in."""

from __future__ import annotations

import time

from gateway.accounts.account import Account
from gateway.accounts.pool import Pool
from gateway.canon.fault import Fault
from gateway.errors import GatewayError
from gateway.protocols.dialect import Dialect
from gateway.relay.attempt import Attempt
from gateway.relay.call import Call
from gateway.relay.plan import AttemptFailed, Plan
from gateway.relay.settings import RelaySettings
from gateway.relay.whole import whole_answer
from gateway.routing.router import Route
from gateway.upstreams.upstream import Upstream

TIMEOUT_S = 60.0


def tried(
    account: Account,
    model: str,
    pool: Pool,
    upstream: Upstream,
    client: Dialect,
    dialect: Dialect,
    settings: RelaySettings,
) -> Fault | None:
    """None when it answered. Settles the account as any other request would: success ends its cooldown.

    `client` is the chat dialect, `dialect` the upstream's.
    """
    body = {"model": model, "messages": [{"role": "user", "content": "Say OK."}], "max_tokens": 64}
    call = Call(
        dialect=client,
        body=body,
        raw=b"",
        asked=model,
        stream=False,
        deadline=time.monotonic() + TIMEOUT_S,
        request_id=f"test-{time.time_ns():x}",
    )
    lease = pool.lease_of(account, model)
    plan = Plan(call, Route(model, "test", [[lease.seat]]), pool, 1)
    plan.begin(lease)
    attempt = Attempt(call, lease, upstream, dialect, settings)
    attempt.mode = "translated"
    try:
        whole_answer(attempt, attempt.open())
        pool.succeed(lease)
    except AttemptFailed as failure:
        try:
            plan.failed(lease, failure)
        except GatewayError as error:
            return error.fault
        return failure.fault
    finally:
        attempt.close()
        pool.release(lease)
    return None
