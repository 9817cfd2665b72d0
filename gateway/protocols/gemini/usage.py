"""usageMetadata.

https://ai.google.dev/api/generate-content#UsageMetadata: promptTokenCount includes the cached tokens,
candidatesTokenCount excludes the thoughts (a recorded answer: 5 + 1213 + 158 thoughts = 1376 in all).
"""

from __future__ import annotations

from typing import Any

from gateway.canon.usage import Usage, count
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.spelling import spelled

_OWN = frozenset(
    {
        "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount",
        "toolUsePromptTokenCount", "totalTokenCount", "promptTokensDetails", "cacheTokensDetails",
        "candidatesTokensDetails", "toolUsePromptTokensDetails", "trafficType",
    }
)  # fmt: skip


def read_usage(raw: dict[str, Any]) -> Usage:
    """Also the names of the interactions API (total_input_tokens, ...)."""
    if "total_input_tokens" in raw or "total_output_tokens" in raw:
        prompt, cached = count(raw.get("total_input_tokens")), count(raw.get("total_cached_tokens"))
        prompt += count(raw.get("total_tool_use_tokens"))
        output, thoughts = count(raw.get("total_output_tokens")), count(raw.get("total_thought_tokens"))
    else:
        told = spelled(raw, spelling.USAGE)
        prompt = count(told.get("promptTokenCount")) + count(told.get("toolUsePromptTokenCount"))
        cached = count(told.get("cachedContentTokenCount"))
        thoughts = count(told.get("thoughtsTokenCount"))
        output = count(told.get("candidatesTokenCount"))
        if "candidatesTokenCount" not in told:
            output = max(0, count(told.get("totalTokenCount")) - prompt - thoughts)
    cached = min(cached, prompt)
    return Usage(prompt - cached, output, cached, reasoning=thoughts, raw=raw)


def write_usage(usage: Usage) -> dict[str, Any]:
    """Gemini's own object where there is one (google-genai forbids keys it does not know)."""
    raw = usage.raw
    if raw and "promptTokenCount" in raw:
        own = {key: value for key, value in raw.items() if key in _OWN and value is not None}
        if read_usage(own) == Usage(usage.input, usage.output, usage.cache_read, reasoning=usage.reasoning, raw=own):
            return own
    written = {"promptTokenCount": usage.prompt_total, "candidatesTokenCount": usage.output}
    if usage.reasoning:
        written["thoughtsTokenCount"] = usage.reasoning
    if usage.cache_read:
        written["cachedContentTokenCount"] = usage.cache_read
    written["totalTokenCount"] = usage.total
    return written
