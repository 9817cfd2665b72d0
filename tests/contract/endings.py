"""Answers that say "it ends", with any finish reason and any usage, on each dialect's wire."""

from __future__ import annotations

import json
from typing import Any

from tests.scripted import gemini
from tests.scripted.anthropic import named
from tests.scripted.script import Script

TEXT = "it ends"
SSE = "text/event-stream"


def answer(dialect: str, stream: bool, finish: dict[str, Any], usage: Any, calls: bool = False) -> Script:
    """`finish` are the fields that tell it, where the dialect has them; `usage` is the dialect's own object."""
    body = _WORDED[dialect](stream, finish, usage, calls)
    return Script(body=body, content_type=SSE if stream else "")


def _chat(stream: bool, finish: dict[str, Any], usage: Any, calls: bool) -> bytes:
    call = [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    message: dict[str, Any] = {"role": "assistant", "content": TEXT, **({"tool_calls": call} if calls else {})}
    head = {"id": "c", "created": 1, "model": "m"}
    if not stream:
        choice = {"index": 0, "message": message, **finish}
        return json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    choices: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": message, "finish_reason": None}],
        [{"index": 0, "delta": {}, **finish}],
    ]
    documents = [{**head, "object": "chat.completion.chunk", "choices": each} for each in choices]
    documents.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in documents) + b"data: [DONE]\n\n"


def _responses(stream: bool, finish: dict[str, Any], usage: Any, calls: bool) -> bytes:
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    output: list[dict[str, Any]] = [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    ]
    if calls:
        output.append({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"})
    head = {"id": "r", "object": "response", "created_at": 1, "model": "m", "error": None, "incomplete_details": None}
    done = {**head, "status": "completed", "output": output, "usage": usage, **finish}
    if not stream:
        return json.dumps(done).encode()
    started = {**head, "status": "in_progress", "output": []}
    delta = {"output_index": 0, "content_index": 0, "item_id": "msg_1", "delta": TEXT}
    events = [named("response.created", {"response": started}), named("response.output_text.delta", delta)]
    events += [
        named("response.output_item.done", {"output_index": number, "item": item}) for number, item in enumerate(output)
    ]
    return b"".join([*events, named(f"response.{done['status']}", {"response": done})])


def _anthropic(stream: bool, finish: dict[str, Any], usage: Any, calls: bool) -> bytes:
    use = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    content: list[dict[str, Any]] = [{"type": "text", "text": TEXT}, *([use] if calls else [])]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    if not stream:
        return json.dumps({**message, "content": content, "usage": usage, **finish}).encode()
    first = {**usage, "output_tokens": 1}
    first.pop("output_tokens_details", None)
    events = [named("message_start", {"message": {**message, "content": [], "stop_reason": None, "usage": first}})]
    for index, block in enumerate(content):
        start = {**block, "text": ""} if block["type"] == "text" else block
        events.append(named("content_block_start", {"index": index, "content_block": start}))
        if block["type"] == "text":
            delta = {"type": "text_delta", "text": TEXT}
            events.append(named("content_block_delta", {"index": index, "delta": delta}))
        events.append(named("content_block_stop", {"index": index}))
    events.append(named("message_delta", {"delta": {"stop_sequence": None, **finish}, "usage": usage}))
    return b"".join([*events, named("message_stop", {})])


def _gemini(stream: bool, finish: dict[str, Any], usage: Any, calls: bool) -> bytes:
    """Streamed, the usage stands in every chunk, and grows."""
    parts: list[dict[str, Any]] = [{"text": TEXT}, *([{"functionCall": {"name": "f", "args": {}}}] if calls else [])]
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
    if not stream:
        return json.dumps(
            {"candidates": [{**candidate, **finish}], "usageMetadata": usage, "modelVersion": "m"}
        ).encode()
    less = {**usage, "candidatesTokenCount": 1, "totalTokenCount": usage["promptTokenCount"] + 1}
    less.pop("thoughtsTokenCount", None)
    last = {"content": {"role": "model", "parts": [{"text": ""}]}, "index": 0, **finish}
    return b"".join(
        gemini.sse({"candidates": [each], "usageMetadata": used, "modelVersion": "m"})
        for each, used in ((candidate, less), (last, usage))
    )


_WORDED = {"chat": _chat, "responses": _responses, "anthropic": _anthropic, "gemini": _gemini}
