"""Token counts as Messages says them: input_tokens excludes what was read from or written to the cache.

https://docs.anthropic.com/en/api/messages#response-usage; output_tokens includes thinking.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.usage import Usage, count


def merged(known: dict[str, Any], told: Any) -> dict[str, Any]:
    """message_delta's counts over message_start's, both cumulative. Null and a fall to 0 tell nothing new."""
    if not isinstance(told, dict):
        return known
    return {**known, **{field: value for field, value in told.items() if value or not known.get(field)}}


def read_usage(raw: dict[str, Any]) -> Usage:
    details = raw.get("output_tokens_details")
    output = count(raw.get("output_tokens"))
    thought = min(count(details.get("thinking_tokens")), output) if isinstance(details, dict) else 0
    creation = raw.get("cache_creation")
    hour = count(creation.get("ephemeral_1h_input_tokens")) if isinstance(creation, dict) else 0
    written = count(raw.get("cache_creation_input_tokens"))
    return Usage(
        input=count(raw.get("input_tokens")),
        output=output - thought,
        cache_read=count(raw.get("cache_read_input_tokens")),
        cache_write=written,
        reasoning=thought,
        cache_write_1h=min(hour, written),
        raw=raw,
    )


def write_usage(usage: Usage | None, prompt_tokens: int) -> dict[str, Any]:
    """`prompt_tokens` is the estimate used when the provider told nothing."""
    if usage is None:
        usage = Usage(input=prompt_tokens)
    written: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output_total,
    }
    if usage.cache_write:
        written["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.reasoning:
        written["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    server_tools = (usage.raw or {}).get("server_tool_use")
    if isinstance(server_tools, dict):
        written["server_tool_use"] = server_tools
    return written
