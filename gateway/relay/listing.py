"""What a provider lists: its models and, where it tells, what is left of an account's quota for each."""

from __future__ import annotations

import time

from gateway.accounts.account import Account
from gateway.canon.models import ModelInfo
from gateway.canon.quota import Quota
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import loads
from gateway.relay.asking import Asking, asked
from gateway.upstreams.upstream import Upstream

LIMIT = 16 * 1024 * 1024
PAGES = 5


def listed(
    upstream: Upstream, account: Account, dialect: Dialect, timeout_s: float
) -> tuple[list[ModelInfo], list[Quota]]:
    """All pages. Raises AttemptFailed, Unaskable, TransportFault, and ValueError for what is no JSON."""
    deadline = time.monotonic() + timeout_s
    wrapper = upstream.wrapper
    found: list[ModelInfo] = []
    quotas: list[Quota] = []
    page = ""
    for _ in range(PAGES):
        asking = Asking(
            operation="models",
            model=page,
            body=None if wrapper is None else {},
            deadline=deadline,
            head_timeout=timeout_s,
            headers=upstream.translated_headers,
        )
        exchange = asked(asking, account, upstream, dialect)
        try:
            document = loads(exchange.read_all(LIMIT, timeout_s, deadline))
        finally:
            exchange.close()
        if wrapper is not None:
            quotas += wrapper.quotas(document, time.time())
            document = wrapper.listed(document)
        models, page = dialect.read_models(document)
        found += models
        if not page:
            break
    return found, quotas
