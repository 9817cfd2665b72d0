"""Canon parts to content parts."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from gateway.canon.dialogue import Loss
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text

_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
}


def text_part(text: Text) -> dict[str, Any]:
    return {"type": "text", "text": text.text, **text.extras.get("chat", {})}


def write_part(part: Part, losses: list[Loss], where: str) -> dict[str, Any] | None:
    """None, and a loss, for what no content part can hold."""
    match part:
        case Text():
            return text_part(part)
        case Refusal(text):
            own = part.extras.get("chat", {})
            return {"type": "refusal", "refusal": text, **{k: v for k, v in own.items() if k != "part"}}
        case Media():
            written = _write_media(part)
            if written is None:
                losses.append(Loss(where, f"Chat Completions cannot carry this {part.kind}"))
            return written
        case Opaque("chat", raw):
            return raw
        case Opaque(dialect, raw):
            losses.append(Loss(where, f"only {dialect} knows this part ({raw.get('type', 'untyped')})"))
    return None


def _write_media(media: Media) -> dict[str, Any] | None:
    own = media.extras.get("chat")
    rest = {
        field: value for field, value in (own or {}).items() if field not in ("as", "inside", "bare", "images", "audio")
    }
    inside = (own or {}).get("inside", {})
    shape = (own or {}).get("as") or _shape(media)
    if shape == "file":
        return _write_file(media, own is not None, bool(own and own.get("bare")), inside, rest)
    if shape == "input_audio" and media.data is not None:
        mime = media.mime or "audio/wav"
        audio = {"data": media.data, "format": _FORMATS.get(mime) or mime.partition("/")[2]}
        return {"type": "input_audio", "input_audio": {**audio, **inside}, **rest}
    if shape in ("image_url", "audio_url", "video_url"):
        url = media.url or (f"data:{media.mime or 'image/png'};base64,{media.data}" if media.data is not None else None)
        if url is not None:
            detail = {} if media.detail is None else {"detail": media.detail}
            return {"type": shape, shape: {"url": url, **detail, **inside}, **rest}
    return None


def _shape(media: Media) -> str:
    """Sound by URL, and film, are known to some compatible servers only, hence not written."""
    if media.kind == "image":
        return "image_url"
    if media.kind == "audio":
        return "input_audio"
    return "file" if media.kind == "document" else ""


def _write_file(
    media: Media, native: bool, bare: bool, inside: dict[str, Any], rest: dict[str, Any]
) -> dict[str, Any] | None:
    """A file id means something to its own provider only; plain text needs no file."""
    file: dict[str, Any] = {}
    if media.data is not None:
        mime = media.mime or "application/pdf"
        if not native and mime.startswith("text/"):
            return {"type": "text", "text": _plain_text(media)}
        file["file_data"] = media.data if bare else f"data:{mime};base64,{media.data}"
        if media.name is None and not native:
            file["filename"] = "document.pdf" if mime == "application/pdf" else "document"
    elif media.file_id is not None and native:
        file["file_id"] = media.file_id
    else:
        return None
    if media.name is not None:
        file["filename"] = media.name
    return {"type": "file", "file": {**file, **inside}, **rest}


def _plain_text(media: Media) -> str:
    try:
        text = b64decode(media.data or "").decode("utf-8", "replace")
    except ValueError:
        text = media.data or ""
    return f"{media.name}:\n{text}" if media.name else text
