"""One request to an upstream as one account: paid for, wrapped where the provider wants an envelope, unwrapped again.

A credential that is refused is renewed, once, and the request sent again: by the same account, before anybody judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.accounts.account import Account
from gateway.accounts.credential import CredentialFault
from gateway.accounts.verdict import worth_renewing
from gateway.canon.fault import Fault
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import dumps
from gateway.relay.plan import AttemptFailed
from gateway.relay.unwrapping import unwrapped
from gateway.upstreams.transport.call import Abortable
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Aborted, TransportFault
from gateway.upstreams.upstream import Operation, Upstream
from gateway.upstreams.wrapper import Errand, Refused

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of a whole answer that has to be held; one event of a stream may be as large."""
ERROR_BODY_LIMIT = 1024 * 1024
ERROR_BODY_TIMEOUT_S = 10.0
SECRET_FROM = 8
"""Characters. Shorter keys are no secrets, and words that stand everywhere."""


class Unaskable(Exception):
    """The provider has no way to ask this; nothing was sent."""


@dataclass(slots=True)
class Asking:
    """`model` is the page wanted for "models". `body` is bytes, or an object of the upstream's dialect where it has a
    wrapper; `deadline` time.monotonic(); `answer_limit` bytes."""

    operation: Operation
    model: str
    body: bytes | Mapping[str, Any] | None
    deadline: float
    head_timeout: float
    headers: Mapping[str, str]
    request_id: str = ""
    on_open: Callable[[Abortable], None] | None = None
    answer_limit: int = ANSWER_LIMIT


def asked(asking: Asking, account: Account, upstream: Upstream, dialect: Dialect) -> Exchange:
    """The exchange of a 2xx answer. Raises AttemptFailed (also where there is no credential), Unaskable,
    TransportFault."""
    secret, renewed = _paid(account, asking.deadline), False
    other_body: dict[str, Any] | None = None
    while True:
        try:
            exchange = _send(asking, account, upstream, secret, other_body)
        except Refused as refused:
            fault = dialect.read_error(refused.status, refused.headers, without(refused.body, secret))
            fault.from_upstream = True
        else:
            if 200 <= exchange.status < 300:
                if upstream.wrapper is None:
                    return exchange
                return unwrapped(exchange, upstream.wrapper.unwrap, asking.answer_limit, asking.deadline)
            if upstream.wrapper is not None and other_body is None:
                other_body = upstream.wrapper.retry(asking.operation, exchange.status)
                if other_body is not None:
                    exchange.close()
                    continue
            fault = _refusal(exchange, upstream, dialect, asking.deadline, secret)
        if renewed or account.credential is None or not worth_renewing(fault):
            raise AttemptFailed(fault, renewed=renewed)
        try:
            secret, renewed = account.credential.renewed(secret, asking.deadline), True
        except CredentialFault as error:
            raise AttemptFailed(_unpaid(error)) from None


def _paid(account: Account, deadline: float) -> str:
    try:
        return account.pay(deadline)
    except CredentialFault as error:
        raise AttemptFailed(_unpaid(error)) from None


def _unpaid(error: CredentialFault) -> Fault:
    """A credential that has ended is the provider's verdict on the account; a token endpoint that does not answer is
    none."""
    return Fault(401 if error.final else 503, str(error), code="upstream_auth", from_upstream=error.final)


def written(asking: Asking, account: Account, upstream: Upstream, secret: str, *, aside: bool = False) -> bytes | None:
    """The body as it is sent, inside the provider's envelope where there is one. `aside`: nobody is asked for what the
    envelope needs to know. Raises Unaskable, Refused, TransportFault."""
    body = asking.body
    if isinstance(body, bytes) or (body is None and upstream.wrapper is None):
        return body
    if upstream.wrapper is None:
        return dumps(body)
    errand = Errand(account, secret, asking.request_id, asking.deadline, account.proxy, asking.on_open, aside)
    wrapped = upstream.wrapper.wrap(asking.operation, asking.model, body or {}, errand)
    if wrapped is None:
        raise Unaskable
    return dumps(wrapped)


def _send(
    asking: Asking, account: Account, upstream: Upstream, secret: str, other_body: dict[str, Any] | None
) -> Exchange:
    body = written(asking, account, upstream, secret) if other_body is None else dumps(other_body)
    return upstream.open(
        asking.operation,
        asking.model,
        body,
        secret=secret,
        proxy=account.proxy,
        more_headers=asking.headers,
        head_timeout=asking.head_timeout,
        deadline=asking.deadline,
        on_open=asking.on_open,
    )


def without(body: bytes, secret: str) -> bytes:
    """An error's body: some providers repeat the key they were sent, which is none of the client's business."""
    return body.replace(secret.encode(), b"[redacted]") if len(secret) >= SECRET_FROM else body


def _refusal(exchange: Exchange, upstream: Upstream, dialect: Dialect, deadline: float, secret: str) -> Fault:
    """What a provider said with a status that is no success."""
    try:
        body = exchange.read_all(ERROR_BODY_LIMIT, ERROR_BODY_TIMEOUT_S, deadline)
    except Aborted:
        raise
    except TransportFault:
        body = b""
    finally:
        exchange.close()
    if 300 <= exchange.status < 400:
        return Fault(
            502,
            f"the upstream {upstream.name} answered with a redirect ({exchange.status}), which is not followed: "
            "correct its base_urls",
            code="upstream_error",
            from_upstream=True,
        )
    fault = dialect.read_error(exchange.status, exchange.headers, without(body, secret))
    fault.from_upstream = True
    return fault
