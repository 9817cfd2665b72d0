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
from gateway.protocols.wire_json import JSONDecodeError, loads
from gateway.relay.asking import Asking, Unaskable, asked
from gateway.relay.call import Call
from gateway.relay.plan import AttemptFailed
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
    model = lease.seat.model
    written = dialect.write_request(replace(dialogue, model=model), upstream.fitted(profile))
    asking = Asking(
        operation="count",
        model=model,
        body=counting.write(written.body, model),
        deadline=time.monotonic() + PATIENCE_S,
        head_timeout=PATIENCE_S,
        headers=upstream.translated_headers,
        request_id=call.request_id,
        on_open=call.live.attach,
    )
    try:
        exchange = asked(asking, lease.account, upstream, dialect)
        try:
            raw = exchange.read_all(LIMIT, PATIENCE_S)
        finally:
            exchange.close()
    except Aborted:
        raise ClientGone from None
    except (TransportFault, AttemptFailed, Unaskable):
        return None
    if exchange.status != 200:
        return None
    try:
        return counting.read_count(loads(raw)) or None
    except JSONDecodeError:
        return None
