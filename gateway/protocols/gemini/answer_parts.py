"""Canon parts of an answer to Gemini parts for a client. google-genai forbids keys it does not know."""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall
from gateway.protocols.gemini.shown_code import own_part
from gateway.protocols.gemini.signatures import to_wire
from gateway.protocols.wire_json import JSONDecodeError, loads_told

SOURCES = ("groundingMetadata", "citationMetadata", "urlContextMetadata")
_MIME = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "document": "application/pdf"}


def call_part(call: ToolCall) -> dict[str, Any]:
    part: dict[str, Any] = {
        "functionCall": {"name": call.name, "args": args_object(call.arguments, call.freeform), "id": call.id}
    }
    if call.signature is not None:
        part["thoughtSignature"] = to_wire(call.signature)
    return part


def was_cut(call: ToolCall) -> bool:
    """Whether the arguments begin as an object and are none: the answer ended inside them. Gemini itself never gives
    such a call; whoever got it with other arguments would run it."""
    if call.freeform or not call.arguments.lstrip().startswith("{"):
        return False
    try:
        loads_told(call.arguments)
    except JSONDecodeError:
        return True
    return False


def args_object(arguments: str, freeform: bool = False) -> dict[str, Any]:
    """Gemini's args are an object: anything else becomes {"input": ...}."""
    if freeform:
        return {"input": arguments}
    if not arguments.strip():
        return {}
    try:
        value = loads_told(arguments)
    except JSONDecodeError:
        return {"input": arguments}
    return value if isinstance(value, dict) else {"input": value}


def media_part(media: Media) -> dict[str, Any]:
    mime = media.mime or _MIME[media.kind]
    if media.data is not None:
        return {"inlineData": {"mimeType": mime, "data": media.data}}
    return {"fileData": {"mimeType": mime, "fileUri": media.url or media.file_id or ""}}


def signature_part(thinking: Thinking) -> dict[str, Any] | None:
    """The part that carries a Thinking's signature or redacted block alone."""
    if thinking.redacted is not None:
        return {"text": "", "thought": True, "thoughtSignature": to_wire(thinking.redacted, redacted=True)}
    if thinking.signature is None:
        return None
    value = to_wire(thinking.signature)
    if on_text(thinking):
        return {"text": "", "thoughtSignature": value}
    return {"text": "", "thought": True, "thoughtSignature": value}


def on_text(thinking: Thinking) -> bool:
    return thinking.extras.get("gemini", {}).get("on") == "text"


def whole_parts(parts: list[Part], shows_thinking: bool) -> list[dict[str, Any]]:
    """All parts of a finished choice."""
    written: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case Text() if (own := own_part(part)) is not None:
                written.append(own)
            case Text(text) | Refusal(text):
                if text:
                    written.append({"text": text})
            case Thinking(text):
                signed = signature_part(part)
                if not shows_thinking and not on_text(part):
                    continue
                if signed is not None:
                    written.append({**signed, "text": text})
                elif text:
                    written.append({"text": text, "thought": True})
            case ToolCall():
                if not was_cut(part):
                    written.append(call_part(part))
            case Media():
                written.append(media_part(part))
            case Opaque("gemini", raw):
                written.append(raw)
    return written


def grounding_of(text: Text) -> dict[str, Any]:
    """What Gemini itself told about a text part's sources: fields of the candidate."""
    own = text.extras.get("gemini", {})
    return {key: own[key] for key in SOURCES if own.get(key)}
