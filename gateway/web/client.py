"""Where a request comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def client_address(environ: Mapping[str, Any], trusted: Collection[str]) -> str:
    """The client's address; X-Forwarded-For is believed only from trusted proxies (the right-most untrusted hop)."""
    peer = str(environ.get("REMOTE_ADDR") or "")
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    if not forwarded or (peer and peer not in trusted):
        return peer
    for hop in reversed([hop.strip() for hop in forwarded.split(",")]):
        if hop and hop not in trusted:
            return str(hop)
    return peer
