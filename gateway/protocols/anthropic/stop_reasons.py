"""Why an answer ended (https://docs.anthropic.com/en/api/handling-stop-reasons)."""

from __future__ import annotations

from typing import Any

from gateway.canon.events import Finish, FinishReason

_READ: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
}
_WRITE: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "other": "end_turn",
}


def read_finish(reason: Any, stop_sequence: Any) -> Finish:
    raw = reason if isinstance(reason, str) else None
    return Finish(_READ.get(raw or "", "other"), raw, stop_sequence if isinstance(stop_sequence, str) else None)


def write_reason(finish: Finish) -> str:
    """The provider's own word where it was this dialect's."""
    if finish.raw is not None and _READ.get(finish.raw) == finish.reason:
        return finish.raw
    if finish.reason == "stop" and finish.stop_sequence is not None:
        return "stop_sequence"
    return _WRITE[finish.reason]


def explanation(details: Any) -> str:
    """The provider's sentence in `stop_details` of a refusal, "" when there is none."""
    if not isinstance(details, dict):
        return ""
    text = details.get("explanation")
    return text if isinstance(text, str) else ""
