"""What a conversation was so far, as input items: for `previous_response_id` where nobody else keeps it.

https://platform.openai.com/docs/guides/conversation-state. Instructions are not part of it: the API does not carry
them from one response to the next.
"""

from __future__ import annotations

from typing import Any

from gateway.protocols.responses.item_parts import CALLS
from gateway.protocols.responses.response_object import new_id

_PREFIXES = {
    "message": "msg_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "reasoning": "rs_",
}


def kept_items(given: Any) -> list[dict[str, Any]]:
    """The `input` of a request as `/input_items` tells it: items with ids, their contents as parts."""
    if isinstance(given, str):
        return [_message("user", given, {})] if given else []
    return [_kept(item) for item in given or () if not is_reference(item)]


def is_reference(item: dict[str, Any]) -> bool:
    """An item that only names another one; its type may be left out."""
    kind = item.get("type")
    return kind == "item_reference" or (kind is None and "role" not in item)


def fresh_items(given: Any, history: list[dict[str, Any]], made: set[str]) -> Any:
    """`input` without what `history` holds already: references to its items, and items that a model `made` (clients
    send back what they got together with the id of the response it came from)."""
    if not isinstance(given, list):
        return given
    known = {item.get("id") for item in history}
    return [item for item in given if item.get("id") not in (known if is_reference(item) else made)]


def inlined(body: dict[str, Any], history: list[dict[str, Any]], fresh: Any) -> dict[str, Any]:
    """The request with its history in `input` instead of the id of a response."""
    told = {name: value for name, value in body.items() if name != "previous_response_id"}
    if isinstance(fresh, str):
        fresh = [{"role": "user", "content": fresh}] if fresh else []
    told["input"] = [*history, *(fresh or ())]
    return told


def portable(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items for a provider's account that has not seen them: ids and sealed reasoning mean nothing there (OpenAI
    answers 400 or 404 to them), nor do the calls of tools that the provider itself ran."""
    return [
        {name: value for name, value in item.items() if name not in ("id", "status")}
        for item in items
        if (kind := item.get("type")) in ("message", *CALLS) or str(kind).endswith("_output")
    ]


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type") or "message"
    if kind == "message":
        return _message(item.get("role", "user"), item.get("content"), item)
    if isinstance(item.get("id"), str):
        return item
    return {**item, "id": new_id(_PREFIXES.get(kind, "item_"))}


def _message(role: str, content: Any, item: dict[str, Any]) -> dict[str, Any]:
    if isinstance(content, str):
        part: dict[str, Any] = {"type": "input_text", "text": content}
        if role == "assistant":
            part = {"type": "output_text", "text": content, "annotations": []}
        content = [part]
    known = item.get("id")
    return {
        "status": "completed",
        **item,
        "id": known if isinstance(known, str) else new_id("msg_"),
        "type": "message",
        "role": role,
        "content": content or [],
    }
