"""Parts of a dialogue to the content blocks of a request."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.canon.dialogue import Loss
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.anthropic.fields import AS_BLOCKS, AUTHOR, NAME, marked, own
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import JSONDecodeError, loads_told

IMAGES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
FAILED = "The call failed without a message."
Where = Literal["system", "user", "assistant", "result"]


@dataclass(slots=True)
class BlocksWriter:
    """Writes the blocks of one request, collecting `losses`.

    Tool names match ^[a-zA-Z0-9_-]{1,128}$ and call ids ^[a-zA-Z0-9_-]+$ at the provider. `native` tells that
    the dialogue came in this dialect: its file ids and odd placements are the client's own affair.
    """

    native: bool
    names: NameMap
    losses: list[Loss] = field(default_factory=list)
    _ids: NameMap = field(default_factory=lambda: NameMap(r"[^a-zA-Z0-9_-]", 64))

    def blocks(self, parts: list[Part], where: Where, path: str) -> list[dict[str, Any]]:
        written = []
        for number, part in enumerate(parts):
            block = self._block(part, where, f"{path}.parts[{number}]")
            if block is not None:
                written.append(block)
        return written

    def _block(self, part: Part, where: Where, path: str) -> dict[str, Any] | None:
        match part:
            case Text():
                return text_block(part)
            case Refusal(text):
                return {"type": "text", "text": text} if text.strip() else None
            case Opaque(dialect, raw):
                if dialect == NAME:
                    return raw
                return self._lost(path, f"only {dialect} knows this kind of content")
            case Thinking() if where == "assistant":
                return self._thinking(part, path)
            case ToolCall() if where == "assistant":
                return {
                    "type": "tool_use",
                    "id": self._ids.to_wire(part.id),
                    "name": self.names.to_wire(part.name),
                    "input": call_input(part),
                    **own(part.extras),
                }
            case ToolResult() if where == "user":
                return self._result(part, path)
            case Media() if where in ("user", "result") or self.native:
                return self._media(part, path)
        return self._lost(path, f"{type(part).__name__} cannot stand in a {where} turn of Anthropic Messages")

    def _lost(self, path: str, reason: str) -> dict[str, Any] | None:
        self.losses.append(Loss(path, reason))
        return None

    def _thinking(self, part: Thinking, path: str) -> dict[str, Any] | None:
        if part.redacted is not None:
            if part.redacted.author == AUTHOR:
                return {"type": "redacted_thinking", "data": part.redacted.value, **own(part.extras)}
        elif part.signature is not None and part.signature.author == AUTHOR:
            block = {"type": "thinking", "thinking": part.text, "signature": part.signature.value}
            return {**block, **own(part.extras)}
        if part.text.strip():
            self._lost(path, "thinking that Anthropic did not sign cannot be given back to it")
        return None

    def _result(self, part: ToolResult, path: str) -> dict[str, Any]:
        block: dict[str, Any] = {"type": "tool_result", "tool_use_id": self._ids.to_wire(part.call_id)}
        content = plain_or_blocks(self.blocks(part.parts, "result", path), marked(part.extras, AS_BLOCKS))
        if part.is_error:
            block["content"] = content or FAILED
            block["is_error"] = True
        elif content:
            block["content"] = content
        return {**block, **own(part.extras)}

    def _media(self, part: Media, path: str) -> dict[str, Any] | None:
        source: dict[str, Any]
        if part.kind not in ("image", "document"):
            return self._lost(path, f"Anthropic Messages takes no {part.kind}")
        if part.file_id is not None:
            if not self.native:
                return self._lost(path, "a file uploaded to another provider is not known here")
            source = {"type": "file", "file_id": part.file_id}
        elif part.url is not None:
            if not part.url.startswith(("https://", "http://")):
                return self._lost(path, "Anthropic Messages fetches http and https addresses only")
            source = {"type": "url", "url": part.url}
        else:
            embedded = self._embedded(part)
            if embedded is None:
                return self._lost(path, f"Anthropic Messages takes no {part.kind} of type {part.mime}")
            source = embedded
        if part.detail in ("low", "high"):
            self.losses.append(Loss(f"{path}.detail", "Anthropic Messages has no detail setting for a picture"))
        block: dict[str, Any] = {"type": part.kind, "source": source}
        if part.name is not None and part.kind == "document":
            block["title"] = part.name
        return {**block, **own(part.extras)}

    def _embedded(self, part: Media) -> dict[str, Any] | None:
        data = part.data or ""
        mime = (part.mime or "").partition(";")[0].strip().lower()
        if part.kind == "image":
            mime = {"": "image/png", "image/jpg": "image/jpeg"}.get(mime, mime)
            return {"type": "base64", "media_type": mime, "data": data} if mime in IMAGES else None
        if mime in ("", "application/pdf"):
            return {"type": "base64", "media_type": "application/pdf", "data": data}
        if mime.startswith("text/") or mime in ("application/json", "application/xml"):
            try:
                text = b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "replace")
            except ValueError:
                return None
            return {"type": "text", "media_type": "text/plain", "data": text}
        return None


def text_block(part: Text) -> dict[str, Any] | None:
    """None for blank text: the provider refuses "text content blocks must contain non-whitespace text"."""
    if not part.text.strip():
        return None
    block: dict[str, Any] = {"type": "text", "text": part.text}
    if part.extras:
        block.update(own(part.extras))
        citations = block.get("citations")
        if isinstance(citations, list):
            block["citations"] = [each for each in citations if not _made_here(each)]
    return block


def _made_here(citation: Any) -> bool:
    """Our answer writer made it from another provider's: it has no index this provider could check."""
    return isinstance(citation, dict) and citation.get("encrypted_index") == ""


def plain_or_blocks(blocks: list[dict[str, Any]], as_blocks: bool) -> str | list[dict[str, Any]]:
    """A lone plain text as a string, unless the client wrote it as a list."""
    if len(blocks) == 1 and not as_blocks and len(blocks[0]) == 2 and blocks[0]["type"] == "text":
        return str(blocks[0]["text"])
    return blocks


def call_input(call: ToolCall) -> dict[str, Any]:
    """The arguments as an object; anything else is carried as `input`, as free-form tools are declared."""
    if call.freeform:
        return {"input": call.arguments}
    try:
        value = loads_told(call.arguments or "{}")
    except JSONDecodeError:
        value = call.arguments
    return value if isinstance(value, dict) else {"input": value}
