"""The shapes of Open Responses (https://www.openresponses.org, OpenAPI document of 2026-04-24): what every response
object, item, part and streaming event must have, as its compliance suite checks it."""

from __future__ import annotations

from typing import Any

NONE = type(None)
NUMBER = (int, float)
Shape = dict[str, Any]

RESPONSE: Shape = {
    "id": str, "object": str, "created_at": int, "completed_at": (int, NONE), "status": str,
    "incomplete_details": (dict, NONE), "model": str, "previous_response_id": (str, NONE),
    "instructions": (str, list, NONE), "output": list, "error": (dict, NONE), "tools": list, "tool_choice": (str, dict),
    "truncation": str, "parallel_tool_calls": bool, "text": dict, "top_p": NUMBER, "presence_penalty": NUMBER,
    "frequency_penalty": NUMBER, "top_logprobs": int, "temperature": NUMBER, "reasoning": (dict, NONE),
    "user": (str, NONE), "usage": (dict, NONE), "max_output_tokens": (int, NONE), "max_tool_calls": (int, NONE),
    "store": bool, "background": bool, "service_tier": str, "metadata": dict, "safety_identifier": (str, NONE),
    "prompt_cache_key": (str, NONE),
}  # fmt: skip
USAGE: Shape = {
    "input_tokens": int, "output_tokens": int, "total_tokens": int, "input_tokens_details": dict,
    "output_tokens_details": dict,
}  # fmt: skip
FUNCTION: Shape = {"name": str, "description": (str, NONE), "parameters": (dict, NONE), "strict": (bool, NONE)}
ITEMS: dict[str, Shape] = {
    "message": {"id": str, "status": str, "role": str, "content": list},
    "function_call": {"id": str, "call_id": str, "name": str, "arguments": str, "status": str},
    "reasoning": {"id": str, "summary": list},
}
PARTS: dict[str, Shape] = {
    "output_text": {"text": str, "annotations": list},
    "refusal": {"refusal": str},
    "summary_text": {"text": str},
}
_ITEM: Shape = {"output_index": int, "item": dict}
_AT: Shape = {"item_id": str, "output_index": int}
_CONTENT: Shape = {**_AT, "content_index": int}
_SUMMARY: Shape = {**_AT, "summary_index": int}
_WHOLE: Shape = {"response": dict}
EVENTS: dict[str, Shape] = {
    "response.created": _WHOLE,
    "response.in_progress": _WHOLE,
    "response.completed": _WHOLE,
    "response.incomplete": _WHOLE,
    "response.failed": _WHOLE,
    "response.output_item.added": _ITEM,
    "response.output_item.done": _ITEM,
    "response.content_part.added": {**_CONTENT, "part": dict},
    "response.content_part.done": {**_CONTENT, "part": dict},
    "response.output_text.delta": {**_CONTENT, "delta": str},
    "response.output_text.done": {**_CONTENT, "text": str},
    "response.refusal.delta": {**_CONTENT, "delta": str},
    "response.refusal.done": {**_CONTENT, "refusal": str},
    "response.reasoning_summary_part.added": {**_SUMMARY, "part": dict},
    "response.reasoning_summary_part.done": {**_SUMMARY, "part": dict},
    "response.reasoning_summary_text.delta": {**_SUMMARY, "delta": str},
    "response.reasoning_summary_text.done": {**_SUMMARY, "text": str},
    "response.function_call_arguments.delta": {**_AT, "delta": str},
    "response.function_call_arguments.done": {**_AT, "arguments": str},
}
STATUSES = ("in_progress", "completed", "incomplete")


def check_response(document: dict[str, Any]) -> None:
    _fits(document, RESPONSE, "response")
    assert document["object"] == "response"
    assert document["truncation"] in ("auto", "disabled")
    for item in document["output"]:
        check_item(item)
    for tool in document["tools"]:
        assert tool["type"] == "function"
        _fits(tool, FUNCTION, "tool")
    if document["usage"] is not None:
        used = document["usage"]
        _fits(used, USAGE, "usage")
        assert type(used["input_tokens_details"]["cached_tokens"]) is int
        assert type(used["output_tokens_details"]["reasoning_tokens"]) is int
        assert used["total_tokens"] == used["input_tokens"] + used["output_tokens"]
    if document["reasoning"] is not None:
        _fits(document["reasoning"], {"effort": (str, NONE), "summary": (str, NONE)}, "reasoning")
    assert document["text"]["format"]["type"] in ("text", "json_object", "json_schema")


def check_item(item: dict[str, Any]) -> None:
    _fits(item, ITEMS[item["type"]], item["type"])
    assert item.get("status", "completed") in STATUSES
    for part in (*item.get("content", ()), *item.get("summary", ())):
        check_part(part)


def check_part(part: dict[str, Any]) -> None:
    _fits(part, PARTS[part["type"]], part["type"])


def check_event(event: dict[str, Any]) -> None:
    kind = event["type"]
    _fits(event, {"sequence_number": int, **EVENTS[kind]}, kind)
    if "response" in event:
        check_response(event["response"])
    if "item" in event:
        check_item(event["item"])
    if "part" in event:
        check_part(event["part"])


def _fits(value: dict[str, Any], shape: Shape, what: str) -> None:
    for field, kinds in shape.items():
        assert field in value, f"{what} has no {field}"
        allowed = kinds if isinstance(kinds, tuple) else (kinds,)
        assert type(value[field]) in allowed, f"{what}.{field} is {value[field]!r}"
