"""Counting a prompt: by the provider that would answer where it can count, else by estimate."""

from __future__ import annotations

import time
from dataclasses import replace

from gateway.accounts.pool import Lease
from gateway.canon.dialogue import Dialogue
from gateway.canon.pairing import paired
from gateway.canon.profile import Profile
from gateway.errors import ClientGone
from gateway.protocols.dialect import Dialect
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads
from gateway.relay.call import Call
from gateway.upstreams.transport.faults import Aborted, TransportFault
from gateway.upstreams.upstream import Upstream

LIMIT = 1024 * 1024
PATIENCE_S = 10.0
"""A count is asked for in passing: a provider that takes longer is estimated instead."""


def read_dialogue(call: Call) -> Dialogue:
    """The count request in the common language. Raises Malformed."""
    assert call.dialect.counting is not None
    dialogue = call.dialect.counting.read(call.body, call.asked)
    dialogue.turns, _ = paired(dialogue.turns)
    return dialogue


def provider_count(
    call: Call, dialogue: Dialogue, lease: Lease, upstream: Upstream, dialect: Dialect, profile: Profile
) -> int | None:
    """The provider's own number; None when it cannot or does not say. Raises ClientGone."""
    counting = dialect.counting
    if counting is None or not upstream.counts:
        return None
    written = dialect.write_request(replace(dialogue, model=lease.seat.model), profile)
    try:
        exchange = upstream.open(
            "count",
            lease.seat.model,
            dumps(counting.write(written.body, lease.seat.model)),
            secret=lease.account.secret,
            proxy=lease.account.proxy,
            more_headers=upstream.translated_headers,
            head_timeout=PATIENCE_S,
            deadline=time.monotonic() + PATIENCE_S,
            on_open=call.live.attach,
        )
        try:
            raw = exchange.read_all(LIMIT, PATIENCE_S)
        finally:
            exchange.close()
    except Aborted:
        raise ClientGone from None
    except TransportFault:
        return None
    if exchange.status != 200:
        return None
    try:
        return counting.read_count(loads(raw)) or None
    except JSONDecodeError:
        return None


