"""Posting a form to an address that is not the provider's API: an OAuth token endpoint."""

from __future__ import annotations

import time

from gateway.upstreams.transport.faults import TransportFault
from gateway.upstreams.upstream import Upstream

LIMIT = 1024 * 1024


def post_form(
    upstream: Upstream, url: str, headers: dict[str, str], body: bytes, timeout_s: float
) -> tuple[int, bytes]:
    """(status, body), by the proxy and certificates of `upstream`, within `timeout_s` in all. Raises OSError."""
    deadline = time.monotonic() + timeout_s
    try:
        exchange = upstream.transport().send(
            "POST",
            url,
            {**headers, "User-Agent": upstream.settings.user_agent or "dragoman", "Accept-Encoding": "gzip"},
            body,
            connect_timeout=min(upstream.settings.connect_timeout_s, timeout_s),
            header_timeout=timeout_s,
            deadline=deadline,
        )
        try:
            return exchange.status, exchange.read_all(LIMIT, timeout_s, deadline)
        finally:
            exchange.close()
    except TransportFault as fault:
        raise OSError(str(fault)) from None
