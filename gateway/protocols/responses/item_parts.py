"""Items a model produces (calls, reasoning, pictures) to canon parts, for histories and for answers alike."""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Media, Opaque, Part, Thinking, ToolCall
from gateway.protocols.responses.carried import Carried, uncarry
from gateway.protocols.responses.client_tools import BY_CALL, arguments_of
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.tool_names import flat_name
from gateway.protocols.wire_json import dumps

CALLS = ("function_call", "custom_tool_call", *BY_CALL)


def call_id_of(item: dict[str, Any]) -> str:
    """`call_id`, else `id` (behaviours AM-P4)."""
    for field in ("call_id", "id"):
        value = item.get(field)
        if isinstance(value, str) and value:
            return value
    return ""


def read_call(item: dict[str, Any]) -> ToolCall:
    """A call item; arguments that are no text (some servers send the object itself) become JSON text."""
    kind = item["type"]
    extras = {OWN: {"raw": item}}
    client = BY_CALL.get(kind)
    if client is not None:
        return ToolCall(call_id_of(item), client.name, arguments_of(client, item), extras=extras)
    name = item.get("name")
    flat = flat_name(item.get("namespace"), name if isinstance(name, str) else "")
    if kind == "custom_tool_call":
        return ToolCall(call_id_of(item), flat, as_text(item.get("input"), ""), freeform=True, extras=extras)
    return ToolCall(call_id_of(item), flat, as_text(item.get("arguments"), "{}"), extras=extras)


def as_text(value: Any, empty: str) -> str:
    """Text as it is (or `empty`), anything else as JSON text."""
    if isinstance(value, str):
        return value or empty
    return empty if value is None else dumps(value).decode()


def reasoning_text(item: dict[str, Any]) -> str:
    """The summary, paragraphs apart; else the full reasoning text (open models show it)."""
    for field in ("summary", "content"):
        entries = item.get(field)
        if isinstance(entries, list):
            texts = [entry.get("text") for entry in entries if isinstance(entry, dict)]
            text = "\n\n".join(text for text in texts if isinstance(text, str))
            if text:
                return text
    return ""


def read_reasoning(item: dict[str, Any]) -> tuple[Thinking, Carried | None]:
    """The thinking, and what its `encrypted_content` carried."""
    part = Thinking(reasoning_text(item), extras={OWN: {"raw": item}})
    sealed = item.get("encrypted_content")
    if not isinstance(sealed, str) or not sealed:
        return part, None
    carried = uncarry(sealed)
    if carried.redacted:
        part.redacted = carried.signature
    elif carried.call_id is None:
        part.signature = carried.signature
    return part, carried


def read_other(item: dict[str, Any]) -> Part:
    """An item that is no message, call or reasoning."""
    if item.get("type") == "image_generation_call" and isinstance(item.get("result"), str) and item["result"]:
        form = item.get("output_format")
        mime = f"image/{form}" if isinstance(form, str) and form else "image/png"
        return Media("image", mime=mime, data=item["result"], extras={OWN: {"raw": item}})
    return Opaque(OWN, item)
