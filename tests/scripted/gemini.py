"""Gemini's generateContent, as generativelanguage.googleapis.com sends it. https://ai.google.dev/api/generate-content"""

from __future__ import annotations

import json
from typing import Any

from tests.scripted.answer import Answer, Event

FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "refusal": "SAFETY", "tool_calls": "STOP"}
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def whole(answer: Answer, model: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if answer.thinking:
        parts.append({"text": "".join(answer.thinking), "thought": True})
    if answer.words:
        parts.append({"text": answer.text})
    parts += [_call(tool.name, tool.arguments) for tool in answer.tools]
    return _document(answer, model, parts, finish=True)


def events(answer: Answer, model: str, body: dict[str, Any]) -> list[Event]:
    """The last word carries finishReason; there is no end mark."""
    spoken: list[tuple[str, dict[str, Any]]] = [
        *(("thinking", {"text": word, "thought": True}) for word in answer.thinking),
        *(("word", {"text": word}) for word in answer.words),
        *(("tool", _call(tool.name, tool.arguments)) for tool in answer.tools),
    ]
    out = [Event(kind, sse(_document(answer, model, [part]))) for kind, part in spoken]
    out.append(Event("tail", sse(_document(answer, model, [{"text": ""}] if spoken else [], finish=True))))
    return out


def error(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": code or STATUS.get(status, "UNAVAILABLE")}}


def error_event(status: int, message: str, code: str | None = None) -> bytes:
    return sse(error(status, message, code))


def sse(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace") + b"\r\n\r\n"


def _call(name: str, arguments: str) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": json.loads(arguments)}}


def _document(answer: Answer, model: str, parts: list[dict[str, Any]], finish: bool = False) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if not parts:
        candidate["content"] = {"role": "model"}
    if finish:
        candidate["finishReason"] = FINISH.get(answer.said_finish, answer.said_finish)
    document: dict[str, Any] = {"candidates": [candidate], "modelVersion": model, "responseId": f"resp-{answer.id}"}
    if answer.usage != "never" and (finish or answer.usage == "every"):
        document["usageMetadata"] = {
            "promptTokenCount": answer.prompt_tokens,
            "candidatesTokenCount": answer.completion_tokens,
            "totalTokenCount": answer.prompt_tokens + answer.completion_tokens,
        }
    return document
