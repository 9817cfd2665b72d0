"""Parts of a content to canon parts. What stands beside its kind is kept in extras["gemini"]."""

from __future__ import annotations

from typing import Any, Literal

from gateway.canon.parts import Extras, Media, Opaque, Part, Text, Thinking
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.signatures import AUTHOR, from_wire, thinking_signed
from gateway.protocols.gemini.spelling import spelled

Kind = Literal["image", "audio", "video", "document"]

_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video"}
_GOOGLE_FILES = ("gs://", "https://generativelanguage.googleapis.com/", "files/")


def extras_of(value: dict[str, Any], *known: str) -> Extras:
    """{"gemini": {"fields": ...}} with the fields that are not `known`, {} when there are none."""
    fields = {key: item for key, item in value.items() if key not in known and item is not None}
    return {"gemini": {"fields": fields}} if fields else {}


def read_text(part: dict[str, Any]) -> list[Part]:
    """{"text"}, {"text", "thought": true} and either with a signature."""
    text = part.get("text") or ""
    value = part.get("thoughtSignature")
    extras = extras_of(part, "text", "thought", "thoughtSignature")
    if part.get("thought"):
        thinking = thinking_signed(text, value) if value else Thinking(text)
        thinking.extras = extras
        if thinking.redacted is None and (thinking.signature is None or thinking.signature.author == AUTHOR):
            thinking.extras = {"gemini": {**extras.get("gemini", {}), "thought": True}}
        return [thinking]
    if not value:
        return [Text(text, extras=extras)]
    signature, redacted = from_wire(value)
    if signature.author == AUTHOR:
        return [Text(text, extras={"gemini": {**extras.get("gemini", {}), "thoughtSignature": signature.value}})]
    sealed = Thinking("", redacted=signature) if redacted else Thinking("", signature)
    return [sealed, Text(text, extras=extras)] if text else [sealed]


def read_media(part: dict[str, Any]) -> Media | None:
    """inlineData or fileData, None for a part that is neither."""
    inline = part.get("inlineData")
    file = part.get("fileData")
    if isinstance(inline, dict):
        inline = spelled(inline, spelling.MEDIA)
        mime, data = inline.get("mimeType"), str(inline.get("data") or "")
        # google-genai sends the URL-safe alphabet; every other provider wants the standard one.
        if "-" in data or "_" in data:
            data = data.replace("-", "+").replace("_", "/")
        media = Media(kind_of(mime), mime, data=data, name=inline.get("displayName"))
        rest = extras_of(inline, "mimeType", "data", "displayName")
    elif isinstance(file, dict):
        file = spelled(file, spelling.MEDIA)
        mime, uri = file.get("mimeType"), str(file.get("fileUri") or "")
        media = Media(kind_of(mime), mime, name=file.get("displayName"))
        if uri.startswith(_GOOGLE_FILES):
            media.file_id = uri
        else:
            media.url = uri
        rest = extras_of(file, "mimeType", "fileUri", "displayName")
    else:
        return None
    own = extras_of(part, "inlineData", "fileData").get("gemini", {})
    if rest:
        own["media"] = rest["gemini"]["fields"]
    if mime is None:
        own["no_mime"] = True
    if own:
        media.extras = {"gemini": own}
    return media


def kind_of(mime: str | None) -> Kind:
    if not isinstance(mime, str):
        return "image"
    return _KINDS.get(mime.partition("/")[0].lower(), "document")


def read_other(part: dict[str, Any]) -> Opaque:
    """executableCode, codeExecutionResult, toolCall, toolResponse and what is not yet known."""
    return Opaque("gemini", part)


def joined(parts: list[Part]) -> list[Part]:
    """Streamed thoughts come back as many small parts, a foreign signature on the last: one Thinking again.

    Only another author's thinking is joined: it verifies its signature against the whole text.
    """
    out: list[Part] = []
    for part in parts:
        foreign = isinstance(part, Thinking) and part.signature is not None and part.signature.author != AUTHOR
        if foreign and isinstance(part, Thinking):
            while out and isinstance(out[-1], Thinking) and out[-1].signature is None and out[-1].redacted is None:
                before = out.pop()
                assert isinstance(before, Thinking)
                part.text = before.text + part.text
        out.append(part)
    return out
