"""Anthropic's Messages, as api.anthropic.com sends them. https://docs.anthropic.com/en/api/messages-streaming"""

from __future__ import annotations

import json
from typing import Any

from tests.scripted.answer import Answer, Event, pieces

FINISH = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
SIGNATURE = "EqQBCkYIBxgCKkD0scripted"


def whole(answer: Answer, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if answer.thinking:
        content.append({"type": "thinking", "thinking": "".join(answer.thinking), "signature": SIGNATURE})
    if answer.words:
        content.append({"type": "text", "text": answer.text})
    content += [
        {"type": "tool_use", "id": tool.id, "name": tool.name, "input": json.loads(tool.arguments)}
        for tool in answer.tools
    ]
    document = _message(answer, model, content)
    document["stop_reason"] = FINISH.get(answer.said_finish, answer.said_finish)
    if answer.usage == "never":
        del document["usage"]
    else:
        document["usage"]["output_tokens"] = answer.completion_tokens
    return document


def events(answer: Answer, model: str, body: dict[str, Any]) -> list[Event]:
    message = _message(answer, model, [])
    if answer.usage == "never":
        del message["usage"]
    out = [Event("head", named("message_start", {"message": message}))]
    blocks: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = []
    if answer.thinking:
        deltas: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": word} for word in answer.thinking]
        deltas.append({"type": "signature_delta", "signature": SIGNATURE})
        blocks.append(("thinking", {"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if answer.words:
        deltas = [{"type": "text_delta", "text": word} for word in answer.words]
        blocks.append(("word", {"type": "text", "text": ""}, deltas))
    for tool in answer.tools:
        block = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces(tool.arguments)]]
        blocks.append(("tool", block, deltas))
    for index, (kind, block, deltas) in enumerate(blocks):
        starts = "tool" if kind == "tool" else "head"
        out.append(Event(starts, named("content_block_start", {"index": index, "content_block": block})))
        if index == 0:
            out.append(Event("head", named("ping", {})))
        out += [Event(kind, named("content_block_delta", {"index": index, "delta": delta})) for delta in deltas]
        out.append(Event("tail", named("content_block_stop", {"index": index})))
    delta = {"stop_reason": FINISH.get(answer.said_finish, answer.said_finish), "stop_sequence": None}
    last: dict[str, Any] = {"delta": delta}
    if answer.usage != "never":
        last["usage"] = {"output_tokens": answer.completion_tokens}
    out += [Event("tail", named("message_delta", last))]
    out.append(Event("end", named("message_stop", {})))
    return out


def error(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": code or TYPES.get(status, "api_error"), "message": message},
        "request_id": "req_011CScripted",
    }


def error_event(status: int, message: str, code: str | None = None) -> bytes:
    return named("error", error(status, message, code))


def named(kind: str, document: dict[str, Any]) -> bytes:
    data = json.dumps({"type": kind, **document}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode(errors="backslashreplace")


def _message(answer: Answer, model: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": answer.prompt_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 1,
            "service_tier": "standard",
        },
    }
