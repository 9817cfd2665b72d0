"""Why an answer ended: OpenAI's words and those of compatible servers, both ways."""

from __future__ import annotations

from gateway.canon.events import FinishReason

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refusal",
    "pause_turn": "pause",
}

BROKEN: dict[str, int] = {
    "error": 502,
    "abort": 502,
    "network_error": 502,
    "insufficient_system_resource": 503,
}
"""Words by which compatible servers (OpenRouter, vLLM, Zhipu, DeepSeek) say that the answer broke off."""


def read_finish(raw: str, calls: bool, refused: bool) -> FinishReason:
    """`calls`, `refused`: the choice holds tool calls or words of refusal; both may come with "stop"."""
    reason = _REASONS.get(raw.lower(), "other")
    if reason == "stop":
        return "tool_calls" if calls else "refusal" if refused else "stop"
    return reason


def write_finish(reason: FinishReason, calls: bool, refused: bool, legacy: bool = False) -> str:
    """`legacy`: the client asked with `functions` and expects "function_call"."""
    if reason in ("stop", "tool_calls", "other") and calls:
        return "function_call" if legacy else "tool_calls"
    if reason == "refusal":
        return "stop" if refused else "content_filter"
    return reason if reason in ("length", "content_filter") else "stop"
