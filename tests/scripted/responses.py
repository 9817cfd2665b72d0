"""OpenAI's Responses, as api.openai.com sends them. https://platform.openai.com/docs/api-reference/responses-streaming"""

from __future__ import annotations

import json
from typing import Any

from tests.scripted import chat
from tests.scripted.answer import Answer, Event, pieces

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def whole(answer: Answer, model: str) -> dict[str, Any]:
    return _response(answer, model, _items(answer), ended=True)


def events(answer: Answer, model: str, body: dict[str, Any]) -> list[Event]:
    out: list[Event] = []

    def say(kind: str, name: str, /, **fields: Any) -> None:
        document = {"type": name, "sequence_number": len(out), **fields}
        event = f"event: {name}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"
        out.append(Event(kind, event.encode(errors="backslashreplace")))

    say("head", "response.created", response=_response(answer, model, []))
    say("head", "response.in_progress", response=_response(answer, model, []))
    items = _items(answer)
    for number, item in enumerate(items):
        opened = {**item, "status": "in_progress"}
        at: dict[str, Any] = {"item_id": item["id"], "output_index": number}
        if item["type"] == "reasoning":
            say("head", "response.output_item.added", output_index=number, item={**item, "summary": []})
            part = {"type": "summary_text", "text": ""}
            say("head", "response.reasoning_summary_part.added", **at, summary_index=0, part=part)
            for word in answer.thinking:
                say("thinking", "response.reasoning_summary_text.delta", **at, summary_index=0, delta=word)
            text = "".join(answer.thinking)
            say("tail", "response.reasoning_summary_text.done", **at, summary_index=0, text=text)
            say("tail", "response.reasoning_summary_part.done", **at, summary_index=0, part={**part, "text": text})
        elif item["type"] == "message":
            kind = item["content"][0]["type"]
            field, stem = ("refusal", "refusal") if kind == "refusal" else ("text", "output_text")
            empty = {**item["content"][0], field: ""}
            say("head", "response.output_item.added", output_index=number, item={**opened, "content": []})
            say("head", "response.content_part.added", **at, content_index=0, part=empty)
            odds: dict[str, Any] = {} if kind == "refusal" else {"logprobs": []}
            for word in answer.words:
                say("word", f"response.{stem}.delta", **at, content_index=0, delta=word, **odds)
            say("tail", f"response.{stem}.done", **at, content_index=0, **{field: answer.text}, **odds)
            say("tail", "response.content_part.done", **at, content_index=0, part=item["content"][0])
        else:
            say("tool", "response.output_item.added", output_index=number, item={**opened, "arguments": ""})
            for piece in pieces(item["arguments"]):
                say("tool", "response.function_call_arguments.delta", **at, delta=piece)
            say("tail", "response.function_call_arguments.done", **at, arguments=item["arguments"], name=item["name"])
        say("tail", "response.output_item.done", output_index=number, item=item)
    last = "response.incomplete" if answer.finish in INCOMPLETE else "response.completed"
    say("end", last, response=_response(answer, model, items, ended=True))
    return out


error = chat.error


def error_event(status: int, message: str, code: str | None = None) -> bytes:
    kind = "rate_limit_error" if status == 429 else "server_error"
    code = code or ("rate_limit_exceeded" if status == 429 else "server_error")
    document: dict[str, Any] = {"type": "error", "code": code, "message": message, "param": None, "sequence_number": 99}
    document["error"] = {"type": kind, "code": code, "message": message, "param": None}
    return f"event: error\ndata: {json.dumps(document)}\n\n".encode()


def _items(answer: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if answer.thinking:
        summary = [{"type": "summary_text", "text": "".join(answer.thinking)}]
        items.append({"id": f"rs_{answer.id}", "type": "reasoning", "summary": summary})
    if answer.words:
        part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}
        if answer.finish == "refusal":
            part = {"type": "refusal", "refusal": answer.text}
        status = "incomplete" if answer.finish in INCOMPLETE else "completed"
        items.append(
            {"id": f"msg_{answer.id}", "type": "message", "status": status, "content": [part], "role": "assistant"}
        )
    for number, tool in enumerate(answer.tools):
        items.append(
            {
                "id": f"fc_{answer.id}{number}",
                "type": "function_call",
                "status": "completed",
                "arguments": tool.arguments,
                "call_id": tool.id,
                "name": tool.name,
            }
        )
    return items


def _response(answer: Answer, model: str, items: list[dict[str, Any]], ended: bool = False) -> dict[str, Any]:
    reason = INCOMPLETE.get(answer.finish) if ended else None
    status = "in_progress" if not ended else "incomplete" if reason else "completed"
    used = None
    if ended and answer.usage != "never":
        used = {
            "input_tokens": answer.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": answer.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        }
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": 1795257000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "max_output_tokens": None,
        "model": model,
        "output": items,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": used,
        "user": None,
        "metadata": {},
    }
