"""Why a candidate ended, in Gemini's words and ours.

https://ai.google.dev/api/generate-content#FinishReason and BlockReason; google.genai.types lists some more.
"""

from __future__ import annotations

from gateway.canon.events import Finish, FinishReason

REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "LANGUAGE": "other",
    "OTHER": "other",
    "MALFORMED_FUNCTION_CALL": "other",
    "UNEXPECTED_TOOL_CALL": "other",
    "TOO_MANY_TOOL_CALLS": "other",
    "MISSING_THOUGHT_SIGNATURE": "other",
    "MALFORMED_RESPONSE": "other",
    "IMAGE_OTHER": "other",
    "NO_IMAGE": "other",
}
CUT_CALL = "MALFORMED_FUNCTION_CALL"
"""What Gemini says in the place of a call whose arguments are no object."""
UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"

_WORDS: dict[str, str] = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "pause": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "other": "OTHER",
}


def read_finish(raw: str, choice: int, calls: bool) -> Finish:
    """Gemini says STOP after function calls too."""
    reason = REASONS.get(raw, "other")
    if reason == "stop" and calls:
        reason = "tool_calls"
    return Finish(reason, raw, choice=choice)


def write_finish(finish: Finish) -> str:
    """Gemini's own word where the reason came from Gemini."""
    raw = finish.raw or ""
    if raw in REASONS and (REASONS[raw] == finish.reason or (raw == "STOP" and finish.reason == "tool_calls")):
        return raw
    return _WORDS.get(finish.reason, "OTHER")
