"""One attempt at a whole answer."""

from __future__ import annotations

from typing import Any

from gateway.canon.answer import Answer
from gateway.canon.fault import Fault
from gateway.canon.fold import Broken, fold
from gateway.canon.parts import Media, Opaque, Refusal, Text, ToolCall
from gateway.errors import GatewayError
from gateway.protocols.sse import EventTooLarge
from gateway.protocols.wire_json import JSONDecodeError, loads_told
from gateway.relay.attempt import Attempt
from gateway.relay.long import HOLD, LongAnswer, body_length, long_answer
from gateway.relay.plan import AttemptFailed
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.transport.faults import TooLarge, TransportFault

OWN_CODES = ("upstream_error", "empty_response")
"""Fault codes that are our reading of a broken answer, not the provider's verdict."""


def whole_answer(attempt: Attempt, exchange: Exchange) -> bytes | LongAnswer:
    """The body for the client. Raises AttemptFailed, ClientGone, Draining."""
    call, outcome = attempt.call, attempt.call.outcome
    raw = None
    streamed = (exchange.headers.get("content-type") or "").lower().startswith("text/event-stream")
    if streamed:
        answer = _from_stream(attempt, bytes(_read(attempt, exchange)))
    elif attempt.native:
        passes = attempt.upstream.wrapper is None and (call.keeper is None or not call.keeper.choices)
        pieces, ended = _first(attempt, exchange, HOLD if passes else attempt.settings.answer_limit)
        if not ended:
            if passes:
                return long_answer(attempt, exchange, pieces)
            raise _too_large(attempt)
        raw = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        answer = _answer(attempt, _parsed(raw))
    else:
        answer = read_document_answer(attempt, exchange)
    if is_empty(answer):
        raise AttemptFailed(empty_response())
    outcome.usage = answer.usage
    outcome.finish = answer.choices[0].finish.reason
    outcome.account = attempt.lease.account.label
    if raw is not None:
        return raw
    outcome.mode = "translated"
    return call.dialect.write_answer(answer, attempt.asked())


def read_document_answer(attempt: Attempt, exchange: Exchange) -> Answer:
    """The answer in a whole JSON body. Raises AttemptFailed, ClientGone, Draining."""
    return _answer(attempt, _parsed(_read(attempt, exchange)))


def is_empty(answer: Answer) -> bool:
    """A normal end without anything a client could see."""
    return not any(
        choice.finish.reason not in ("stop", "other")
        or any(
            isinstance(part, ToolCall | Media | Opaque) or (isinstance(part, Text | Refusal) and part.text)
            for part in choice.parts
        )
        for choice in answer.choices
    )


def empty_response() -> Fault:
    return Fault(502, "the provider's answer had no content", code="empty_response")


def _read(attempt: Attempt, exchange: Exchange) -> bytes | bytearray:
    """All of it. A long one is put together piece by piece, so that it is in memory once."""
    if (body_length(exchange) or 0) > attempt.settings.answer_limit:
        raise _too_large(attempt)
    pieces, ended = _first(attempt, exchange, attempt.settings.answer_limit)
    if not ended:
        raise _too_large(attempt)
    if len(pieces) == 1:
        return pieces[0]
    raw = bytearray()
    pieces.reverse()
    while pieces:
        raw += pieces.pop()
    return raw


def _first(attempt: Attempt, exchange: Exchange, size: int) -> tuple[list[bytes], bool]:
    try:
        return exchange.read_first(size, attempt.upstream.limits.idle, attempt.deadline)
    except TooLarge:
        raise _too_large(attempt) from None
    except TransportFault as fault:
        raise attempt.broken(fault) from None


def _too_large(attempt: Attempt) -> GatewayError:
    """No other account would make it shorter."""
    limit = attempt.settings.answer_limit >> 20
    return GatewayError(
        Fault(
            502,
            f"the upstream {attempt.upstream.name} sent an answer that is too large: the limit for an answer that "
            f"has to be translated is {limit} MB",
            code="answer_too_large",
        )
    )


def _parsed(raw: bytes | bytearray) -> Any:
    try:
        return loads_told(raw)
    except JSONDecodeError:
        word = "an empty body" if not raw.strip() else "something that is not JSON"
        raise AttemptFailed(Fault(502, f"the provider answered with {word}", code="upstream_error")) from None


def _answer(attempt: Attempt, document: Any) -> Answer:
    try:
        answer = attempt.dialect.read_answer(document, attempt.names)
    except Broken as broken:
        raise _verdict(broken) from None
    attempt.settings.remembered.hear_answer(answer)
    return answer


def _from_stream(attempt: Attempt, raw: bytes) -> Answer:
    """Some hosts stream whatever was asked; the client still gets its whole answer."""
    reader = attempt.dialect.answer_reader(attempt.names)
    try:
        events = [*reader.feed(raw), *reader.close()]
        attempt.hear(events)
        return fold(events)
    except Broken as broken:
        raise _verdict(broken) from None
    except EventTooLarge as large:
        raise AttemptFailed(Fault(502, str(large), code="upstream_error")) from None


def _verdict(broken: Broken) -> AttemptFailed:
    broken.fault.from_upstream = broken.fault.code not in OWN_CODES
    return AttemptFailed(broken.fault)
