"""Token counts: input_tokens holds the cached ones, output_tokens the reasoning ones (behaviours AM-S9)."""

from __future__ import annotations

from typing import Any

from gateway.canon.usage import Usage, count


def read_usage(usage: Any) -> Usage | None:
    """None when the provider told nothing; the chat API's names are accepted too."""
    if not isinstance(usage, dict):
        return None
    told_in = usage.get("input_tokens", usage.get("prompt_tokens"))
    told_out = usage.get("output_tokens", usage.get("completion_tokens"))
    cache = _details(usage, "input_tokens_details", "prompt_tokens_details")
    thought = _details(usage, "output_tokens_details", "completion_tokens_details")
    read, written = count(cache.get("cached_tokens")), count(cache.get("cache_write_tokens"))
    reasoning = count(thought.get("reasoning_tokens"))
    return Usage(
        input=max(count(told_in) - read - written, 0),
        output=max(count(told_out) - reasoning, 0),
        cache_read=read,
        cache_write=written,
        reasoning=reasoning,
        raw=usage,
    )


def _details(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((usage[name] for name in names if isinstance(usage.get(name), dict)), {})


def write_usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_total,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output_total,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
