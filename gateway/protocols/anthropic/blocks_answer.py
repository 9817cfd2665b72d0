"""Content blocks of an answer: the same shapes whole and at the start of a streamed block."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from gateway.canon.parts import Extras, Media, Opaque, Part, Signature, Text, Thinking, ToolCall
from gateway.protocols.anthropic.fields import AUTHOR, CALL_SEAL, NAME, kept, own, rest
from gateway.protocols.names import NameMap
from gateway.protocols.sealing import seal
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads_told


def new_message_id(provider_id: str) -> str:
    return provider_id if provider_id.startswith("msg_") else f"msg_{token_hex(12)}"


def read_call(block: dict[str, Any], names: NameMap | None, taken: set[str]) -> ToolCall:
    """The call without its arguments; an id that is missing or was seen before is made anew."""
    call_id, name = block.get("id"), block.get("name")
    if not isinstance(call_id, str) or not call_id or call_id in taken:
        call_id = f"call_{token_hex(12)}"
    taken.add(call_id)
    name = name if isinstance(name, str) else ""
    return ToolCall(
        call_id,
        names.from_wire(name) if names is not None else name,
        extras=_told(block, ("type", "id", "name", "input")),
    )


def read_whole(block: dict[str, Any]) -> Part:
    """A block that comes in one piece: redacted thinking, or what only this dialect knows."""
    if block.get("type") == "redacted_thinking":
        return Thinking("", redacted=Signature(AUTHOR, _word(block.get("data"))))
    return Opaque(NAME, block)


def input_text(value: Any) -> str:
    """The input of a call as JSON text; some servers give it as text."""
    if isinstance(value, str):
        try:
            loads_told(value)
        except JSONDecodeError:
            return dumps({"input": value}).decode() if value.strip() else "{}"
        return value
    return dumps(value).decode() if value else "{}"


def read_text(block: dict[str, Any]) -> Text:
    return Text("", extras=_told(block, ("type", "text", "citations")))


def call_block(call: ToolCall, value: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": value, **own(call.extras)}


def call_seal(signature: Signature, mark: str = CALL_SEAL) -> dict[str, Any]:
    """A foreign signature of a call, which has no field here: an empty thinking block beside it."""
    value = seal(Signature(signature.author, mark + signature.value), AUTHOR)
    return {"type": "thinking", "thinking": "", "signature": value}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _told(block: dict[str, Any], known: tuple[str, ...]) -> Extras:
    return kept({field: value for field, value in rest(block, known).items() if value is not None})


def media_text(part: Media) -> str:
    """A picture or sound as Markdown: answers of this dialect hold text only."""
    address = part.url or f"data:{part.mime or 'application/octet-stream'};base64,{part.data}"
    mark = "!" if part.kind == "image" else ""
    return f"{mark}[{part.name or part.kind}]({address})"
