"""The stream of a response that has ended, told again: `GET /v1/responses/{id}?stream=true`.

https://platform.openai.com/docs/api-reference/responses/get. The events follow from the response object alone, so
that their sequence numbers are the same every time and `starting_after` can go on from one of them; every text comes
as one delta.
"""

from __future__ import annotations

from typing import Any

from gateway.protocols.sse import named_event
from gateway.protocols.wire_json import dumps_sse

Event = dict[str, Any]


def replay(response: dict[str, Any], starting_after: int = -1) -> bytes:
    """The events after number `starting_after`, as SSE."""
    out = []
    for number, event in enumerate(_events(response)):
        if number > starting_after:
            name = event["type"]
            data = dumps_sse({"type": name, "sequence_number": number, **event})
            out.append(named_event(name.encode(), data))
    return b"".join(out)


def _events(response: dict[str, Any]) -> list[Event]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "error": None}
    begun |= {"incomplete_details": None, "completed_at": None}
    events: list[Event] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(response.get("output") or ()):
        if isinstance(item, dict):
            events += _item(item, index)
    events.append({"type": f"response.{response.get('status') or 'completed'}", "response": response})
    return events


def _item(item: dict[str, Any], index: int) -> list[Event]:
    place = {"item_id": item.get("id") or "", "output_index": index}
    kind = item.get("type")
    opened, inside = item, []
    if kind == "message":
        opened = {**item, "status": "in_progress", "content": []}
        for number, part in enumerate(item.get("content") or ()):
            inside += _content(part, {**place, "content_index": number})
    elif kind == "reasoning":
        opened = {"id": place["item_id"], "type": "reasoning", "summary": []}
        for number, part in enumerate(item.get("summary") or ()):
            inside += _summary(part, {**place, "summary_index": number})
    elif kind == "function_call":
        opened = {**item, "status": "in_progress", "arguments": ""}
        arguments = item.get("arguments") or ""
        inside = [
            {"type": "response.function_call_arguments.delta", **place, "delta": arguments},
            {
                "type": "response.function_call_arguments.done",
                **place,
                "arguments": arguments,
                "name": item.get("name") or "",
            },
        ]
    elif kind == "custom_tool_call":
        opened = {**item, "status": "in_progress", "input": ""}
        text = item.get("input") or ""
        inside = [
            {"type": "response.custom_tool_call_input.delta", **place, "delta": text},
            {"type": "response.custom_tool_call_input.done", **place, "input": text},
        ]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": opened},
        *inside,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _content(part: dict[str, Any], place: Event) -> list[Event]:
    kind = part.get("type")
    if kind == "refusal":
        said = part.get("refusal") or ""
        empty = {**part, "refusal": ""}
        inside = [
            {"type": "response.refusal.delta", **place, "delta": said},
            {"type": "response.refusal.done", **place, "refusal": said},
        ]
    elif kind == "output_text":
        text, logprobs, notes = part.get("text") or "", part.get("logprobs") or [], part.get("annotations") or []
        empty = {**part, "text": "", "annotations": [], "logprobs": []}
        inside = [{"type": "response.output_text.delta", **place, "delta": text, "logprobs": logprobs}]
        inside += [
            {"type": "response.output_text.annotation.added", **place, "annotation_index": number, "annotation": note}
            for number, note in enumerate(notes)
        ]
        inside.append({"type": "response.output_text.done", **place, "text": text, "logprobs": logprobs})
    else:
        empty, inside = part, []
    return [
        {"type": "response.content_part.added", **place, "part": empty},
        *inside,
        {"type": "response.content_part.done", **place, "part": part},
    ]


def _summary(part: dict[str, Any], place: Event) -> list[Event]:
    text = part.get("text") or ""
    return [
        {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}},
        {"type": "response.reasoning_summary_text.delta", **place, "delta": text},
        {"type": "response.reasoning_summary_text.done", **place, "text": text},
        {"type": "response.reasoning_summary_part.done", **place, "part": part},
    ]
