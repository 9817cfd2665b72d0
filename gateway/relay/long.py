"""A whole answer that is too long to hold: relayed in pieces as it arrives, when the client speaks the provider's
dialect.

It is begun once HOLD bytes have shown that it is an answer. What it has used and how it ended is read from its
outline. Its last piece leaves only when the document was whole: one that is cut never looks finished to the client.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.canon.fault import Fault
from gateway.canon.fold import Broken
from gateway.protocols.outline import Outline
from gateway.relay.attempt import Attempt
from gateway.relay.plan import AttemptFailed
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import Silence, TransportFault

HOLD = 4 * 1024 * 1024
"""Bytes that are read before the client gets any: an answer up to this size is judged as a whole."""


@dataclass(slots=True)
class LongAnswer:
    """`length` is the body's in bytes where the provider told it. `pieces` raises BrokenOff, ClientGone, Draining;
    it has a `close()`."""

    length: int | None
    pieces: Iterator[bytes]


def long_answer(attempt: Attempt, exchange: Exchange, held: list[bytes]) -> LongAnswer:
    """`held` is what was read of it. Raises AttemptFailed when that is no JSON; its pieces do too."""
    outline = Outline()
    for piece in held:
        outline.feed(piece)
    if outline.broken:
        raise AttemptFailed(Fault(502, "the provider answered with something that is not JSON", code="upstream_error"))
    attempt.call.outcome.account = attempt.lease.account.label
    return LongAnswer(body_length(exchange), _pieces(attempt, exchange, held, outline))


def _pieces(attempt: Attempt, exchange: Exchange, held: list[bytes], outline: Outline) -> Iterator[bytes]:
    if len(held) == 1:
        held = [held[0][:HOLD], held[0][HOLD:]]
    last = held.pop()
    yield from held
    held.clear()
    idle, deadline = attempt.upstream.limits.idle, attempt.deadline
    while True:
        wait = min(idle, deadline - time.monotonic())
        try:
            if wait <= 0:
                raise Silence("the answer was not complete by its deadline")
            data = exchange.read(wait)
        except TransportFault as fault:
            raise attempt.broken(fault) from None
        if not data:
            break
        outline.feed(data)
        yield last
        last = data
    if not outline.whole:
        raise AttemptFailed(Fault(502, "the provider's answer ended before it was whole", code="upstream_error"))
    _note(attempt, outline)
    yield last


def _note(attempt: Attempt, outline: Outline) -> None:
    """Usage and finish. Signatures are not remembered: this client has them in the provider's own words."""
    try:
        answer = attempt.dialect.read_answer(outline.document(), attempt.names)
    except Broken:
        return
    attempt.call.outcome.usage = answer.usage
    attempt.call.outcome.finish = answer.choices[0].finish.reason


def body_length(exchange: Exchange) -> int | None:
    """Bytes, where the provider tells them of what `exchange` reads."""
    told = exchange.headers.get("content-length")
    if told is None or not told.isdigit() or exchange.headers.get("content-encoding"):
        return None
    return int(told)
