"""Content blocks of a request to parts. The blocks have been checked (see `check`)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from gateway.canon.parts import Media, Opaque, Part, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.protocols import sealing
from gateway.protocols.anthropic.fields import (
    AS_BLOCKS,
    ATTRIBUTION,
    ATTRIBUTION_TEXT,
    AUTHOR,
    CALL_SEAL,
    LATE_SEAL,
    NAME,
    kept,
    own,
    rest,
)
from gateway.protocols.wire_json import dumps


def read_content(content: str | list[dict[str, Any]] | None) -> list[Part]:
    """`content` of a message or tool_result."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Part] = []
    seals: list[tuple[int, Thinking]] = []
    for block in content:
        reader = _READERS.get(block["type"])
        part = Opaque(NAME, block) if reader is None else reader(block)
        if isinstance(part, Thinking) and _seals_call(part):
            seals.append((len(parts), part))
        else:
            parts.append(part)
    for place, seal in seals:
        _give_seal(parts, place, seal)
    return parts


def form(content: Any, parts: list[Part]) -> dict[str, Any]:
    """The mark of a lone plain text that came as a list."""
    if isinstance(content, list) and len(parts) == 1:
        lone = parts[0]
        if isinstance(lone, Text) and not own(lone.extras):
            return {AS_BLOCKS: True}
    return {}


def mark_attribution(parts: list[Part]) -> None:
    """Marks Claude Code's billing block among the system blocks: other dialects leave it out."""
    for part in parts:
        if isinstance(part, Text) and part.text.startswith(ATTRIBUTION_TEXT):
            part.extras = kept({**part.extras.get(NAME, {}), ATTRIBUTION: True})


def _text(block: dict[str, Any]) -> Part:
    extras = rest(block, ("type", "text")) if len(block) > 2 else {}
    return Text(block["text"], extras=kept(extras))


def _thinking(block: dict[str, Any]) -> Part:
    signature = block.get("signature")
    return Thinking(
        block["thinking"],
        sealing.unseal(signature, AUTHOR) if signature else None,
        extras=kept(rest(block, ("type", "thinking", "signature"))),
    )


def _redacted(block: dict[str, Any]) -> Part:
    return Thinking("", redacted=sealing.unseal(block["data"], AUTHOR), extras=kept(rest(block, ("type", "data"))))


def _seals_call(part: Thinking) -> bool:
    signature = part.signature
    return (
        signature is not None
        and not part.text
        and signature.author != AUTHOR
        and signature.value.startswith((CALL_SEAL, LATE_SEAL))
    )


def _give_seal(parts: list[Part], place: int, seal: Thinking) -> None:
    """To the tool call our answer writer put it beside; a call that is gone takes its seal along."""
    assert seal.signature is not None
    mark, _, value = seal.signature.value.partition(":")
    beside = parts[place:] if f"{mark}:" == CALL_SEAL else reversed(parts[:place])
    for part in beside:
        if isinstance(part, ToolCall):
            part.signature = Signature(seal.signature.author, value)
            return


def _tool_use(block: dict[str, Any]) -> Part:
    return ToolCall(
        block["id"],
        block["name"],
        dumps(block.get("input") or {}).decode(),
        extras=kept(rest(block, ("type", "id", "name", "input"))),
    )


def _tool_result(block: dict[str, Any]) -> Part:
    content = block.get("content")
    parts = read_content(content)
    extras = {**rest(block, ("type", "tool_use_id", "content", "is_error")), **form(content, parts)}
    if block.get("is_error") is False:
        extras["is_error"] = False
    return ToolResult(block["tool_use_id"], None, parts, bool(block.get("is_error")), kept(extras))


def _image(block: dict[str, Any]) -> Part:
    return _media(block, "image")


def _document(block: dict[str, Any]) -> Part:
    source = block["source"]
    if source["type"] == "text":
        data = b64encode(source["data"].encode("utf-8", "replace")).decode()
        return Media(
            "document",
            mime=source.get("media_type") or "text/plain",
            data=data,
            name=block.get("title"),
            extras=kept(rest(block, ("type", "source", "title"))),
        )
    return _media(block, "document")


def _media(block: dict[str, Any], kind: Any) -> Part:
    source = block["source"]
    extras = kept(rest(block, ("type", "source", "title")))
    name = block.get("title")
    match source["type"]:
        case "base64":
            return Media(kind, mime=source.get("media_type"), data=source["data"], name=name, extras=extras)
        case "url":
            return Media(kind, url=source["url"], name=name, extras=extras)
        case "file":
            return Media(kind, file_id=source["file_id"], name=name, extras=extras)
    return Opaque(NAME, block)


_READERS = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _document,
}
