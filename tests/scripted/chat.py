"""OpenAI's chat completions, as api.openai.com sends them. https://platform.openai.com/docs/api-reference/chat"""

from __future__ import annotations

import json
from typing import Any

from tests.scripted.answer import Answer, Event, pieces

FINISH = {"refusal": "stop"}
END = b"data: [DONE]\n\n"
TYPES = {401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error", 429: "rate_limit_error"}


def usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def whole(answer: Answer, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None, "annotations": []}
    if answer.finish == "refusal":
        message["content"], message["refusal"] = None, answer.text
    if answer.thinking:
        message["reasoning_content"] = "".join(answer.thinking)
    if answer.tools:
        message["tool_calls"] = [
            {"id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
            for tool in answer.tools
        ]
    document = {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion",
        "created": 1762355135,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}],
        "service_tier": "default",
    }
    if answer.usage != "never":
        document["usage"] = usage(answer)
    return document


def events(answer: Answer, model: str, body: dict[str, Any]) -> list[Event]:
    """Usage is sent only when `stream_options.include_usage` asks for it, as OpenAI does."""
    asked = bool((body.get("stream_options") or {}).get("include_usage")) and answer.usage != "never"
    shared: dict[str, Any] = {
        "id": f"chatcmpl-{answer.id}",
        "object": "chat.completion.chunk",
        "created": 1762355135,
        "model": model,
    }

    def chunk(delta: dict[str, Any] | None, finish: str | None = None, used: Any = None) -> bytes:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        document = {**shared, "choices": choices}
        if asked:
            document["usage"] = used or (usage(answer) if answer.usage == "every" else None)
        written = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return b"data: " + written.encode(errors="backslashreplace") + b"\n\n"

    out = [Event("head", chunk({"role": "assistant", "content": "", "refusal": None}))]
    out += [Event("thinking", chunk({"reasoning_content": word})) for word in answer.thinking]
    field = "refusal" if answer.finish == "refusal" else "content"
    out += [Event("word", chunk({field: word})) for word in answer.words]
    for number, tool in enumerate(answer.tools):
        first = {"index": number, "id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": ""}}
        out.append(Event("tool", chunk({"tool_calls": [first]})))
        out += [
            Event("tool", chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]}))
            for piece in pieces(tool.arguments)
        ]
    out.append(Event("tail", chunk({}, _finish(answer))))
    if asked:
        out += [Event("tail", chunk(None, used=usage(answer)))] * (2 if answer.usage == "twice" else 1)
    out.append(Event("end", END))
    return out


def error(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_event(status: int, message: str, code: str | None = None) -> bytes:
    return b"data: " + json.dumps(error(status, message, code)).encode() + b"\n\n"


def _finish(answer: Answer) -> str:
    return FINISH.get(answer.said_finish, answer.said_finish)
