"""What a request used and what that costs, from the provider's own counts or, where it told none, by estimate."""

from __future__ import annotations

from dataclasses import replace

from gateway.canon.usage import Usage
from gateway.monitoring.prices import PriceTable
from gateway.monitoring.record import Record
from gateway.relay.call import Call

PROMPT_BYTES = 4
ANSWER_BYTES = 6
EVENT_BYTES = 200
"""A streamed token travels in an event of about this size."""


def charge(record: Record, call: Call, sent: int, prices: PriceTable, *, free: bool = False) -> None:
    """Fills the tokens, their source and the cost of `record`; `sent` are the answer's bytes. `free`: the upstream
    that answered costs nothing."""
    usage = call.outcome.usage
    if usage is not None and usage.total:
        record.source = "provider"
        if call.stream and not call.outcome.finish and call.outcome.account is not None:
            usage = _begun(usage, record, sent)
    elif call.outcome.account is not None and sent:
        usage, record.source = _estimate(call, sent), "counted"
    else:
        return
    record.input_tokens, record.output_tokens = usage.prompt_total, usage.output_total
    record.cached_tokens, record.cache_write_tokens = usage.cache_read, usage.cache_write
    record.reasoning_tokens = usage.reasoning
    if free:
        record.cost_usd = 0.0
        return
    price = prices.price(record.mapped)
    if price is not None:
        record.cost_usd = price.cost(
            input=usage.input, output=usage.output_total, cached=usage.cache_read, cache_write=usage.cache_write
        )


def _begun(usage: Usage, record: Record, sent: int) -> Usage:
    """The usage of an answer that did not come to its end. What a provider tells at the beginning (Anthropic: 1 token)
    is not what was answered: whoever left before the end would have it for nothing."""
    missing = sent // EVENT_BYTES - usage.output_total
    if missing <= 0:
        return usage
    record.source = "counted"
    return replace(usage, output=usage.output + missing)


def _estimate(call: Call, sent: int) -> Usage:
    return Usage(
        input=max(len(call.raw) // PROMPT_BYTES, 1),
        output=max(sent // (EVENT_BYTES if call.stream else ANSWER_BYTES), 1),
    )
