"""Whole answers of providers, the smallest bodies of clients, and what a client reads in an answer."""

from __future__ import annotations

from typing import Any

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "upstream-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "said"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
GEMINI = {
    "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "said"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    "modelVersion": "upstream-model",
}

CHAT_ASKS: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
RESPONSES_ASKS: dict[str, Any] = {"model": "m", "input": "hi"}
MESSAGES_ASKS: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
GEMINI_ASKS: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
COMPLETION_ASKS: dict[str, Any] = {"model": "m", "prompt": "hi"}

DOORS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", CHAT_ASKS),
    "completions": ("/v1/completions", COMPLETION_ASKS),
    "responses": ("/v1/responses", RESPONSES_ASKS),
    "messages": ("/v1/messages", MESSAGES_ASKS),
    "gemini": ("/v1beta/models/m:generateContent", GEMINI_ASKS),
}


def kind(document: Any) -> str:
    """Which protocol a whole answer, an error or a list is worded in; "" for none."""
    if not isinstance(document, dict):
        return ""
    error = document.get("error")
    if error is not None:
        if document.get("type") == "error":
            return "messages"
        return "gemini" if isinstance(error.get("code"), int) and "status" in error else "openai"
    if "candidates" in document:
        return "gemini"
    if document.get("type") == "message":
        return "messages"
    return {"chat.completion": "chat", "text_completion": "completions", "response": "responses"}.get(
        document.get("object", ""), ""
    )
