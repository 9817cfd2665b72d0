"""OpenAI's usage object, both ways.

`prompt_tokens` includes what came from the cache and what was written to it, `completion_tokens` includes
reasoning. https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
"""

from __future__ import annotations

from typing import Any

from gateway.canon.usage import Usage, count
from gateway.protocols.wire_json import JSONDecodeError, loads


def read_usage(raw: Any) -> Usage | None:
    """None for anything that is not a usage object. Counts may be strings or null."""
    if not isinstance(raw, dict) or not raw:
        return None
    prompt_details, output_details = (
        _details(raw, "prompt_tokens_details"),
        _details(raw, "completion_tokens_details"),
    )
    prompt, completion = count(raw.get("prompt_tokens")), count(raw.get("completion_tokens"))
    cached = (
        count(prompt_details.get("cached_tokens"))
        or count(raw.get("prompt_cache_hit_tokens"))  # DeepSeek
        or count(raw.get("cached_tokens"))  # Moonshot
    )
    written = count(prompt_details.get("cache_write_tokens"))
    reasoning = count(output_details.get("reasoning_tokens"))
    apart = reasoning > completion or (
        reasoning > 0 and count(raw.get("total_tokens")) == prompt + completion + reasoning
    )
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    return Usage(
        input=prompt - cached - written,
        output=completion if apart else completion - reasoning,
        cache_read=cached,
        cache_write=written,
        reasoning=reasoning,
        raw=raw,
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """Details a provider of this same dialect told beyond the canon's counters are kept."""
    raw = usage.raw if usage.raw is not None and "prompt_tokens" in usage.raw else {}
    prompt_details = {**_counts(_details(raw, "prompt_tokens_details")), "cached_tokens": usage.cache_read}
    if usage.cache_write:
        prompt_details["cache_write_tokens"] = usage.cache_write
    output_details = {
        **_counts(_details(raw, "completion_tokens_details")),
        "reasoning_tokens": usage.reasoning,
    }
    return {
        "prompt_tokens": usage.prompt_total,
        "completion_tokens": usage.output_total,
        "total_tokens": usage.total,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": output_details,
    }


def _details(raw: dict[str, Any], field: str) -> dict[str, Any]:
    details = raw.get(field)
    return details if isinstance(details, dict) else {}


def _counts(details: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in details.items() if type(value) is int}


def is_usage_event(data: bytes) -> bool:
    """Whether a streamed event carries nothing but usage (`stream_options.include_usage`)."""
    if b'"usage"' not in data or len(data) > 65536:
        return False
    try:
        document = loads(data)
    except JSONDecodeError:
        return False
    return isinstance(document, dict) and document.get("choices") == [] and isinstance(document.get("usage"), dict)
