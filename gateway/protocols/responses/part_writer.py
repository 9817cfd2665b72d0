"""Canon parts to content parts."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text
from gateway.protocols.responses.part_reader import OWN

_AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}


def own_of(part: Part) -> dict[str, Any]:
    """The part's own-dialect extras."""
    return {} if isinstance(part, Opaque) else part.extras.get(OWN, {})


def is_attribution(part: Part) -> bool:
    """Claude Code's billing block, which is no prompt (clients.md 2)."""
    return isinstance(part, Text) and part.extras.get("anthropic", {}).get("attribution") is True


def write_content(parts: list[Part], text_type: str, path: str, losses: list[Loss]) -> list[dict[str, Any]]:
    """Content parts; what has none is a loss."""
    written = [write_part(part, text_type, path, losses) for part in parts if not is_attribution(part)]
    return [part for part in written if part is not None]


def write_part(part: Part, text_type: str, path: str, losses: list[Loss]) -> dict[str, Any] | None:
    raw = part.raw if isinstance(part, Opaque) and part.dialect == OWN else own_of(part).get("raw")
    if raw is not None:
        return raw if isinstance(raw, dict) else None
    if isinstance(part, Text):
        written: dict[str, Any] = {"type": text_type, "text": part.text}
        if part.annotations and text_type == "output_text":
            written["annotations"] = [flat_annotation(note) for note in part.annotations]
        return written
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    if isinstance(part, Media):
        return _write_media(part, path, losses)
    if isinstance(part, Opaque):
        losses.append(Loss(path, f"a {part.raw.get('type', 'block')} block only {part.dialect} knows"))
    return None


def flat_annotation(note: dict[str, Any]) -> dict[str, Any]:
    """A citation in this API's flat shape; the chat API nests the same fields under `url_citation`."""
    nested = note.get("url_citation")
    if note.get("type", "url_citation") != "url_citation":
        return note
    fields = nested if isinstance(nested, dict) else note
    flat = {"type": "url_citation", "start_index": 0, "end_index": 0, "url": "", "title": ""}
    return {**flat, **{key: fields[key] for key in flat if fields.get(key) is not None}}


def _write_media(media: Media, path: str, losses: list[Loss]) -> dict[str, Any] | None:
    mime = media.mime or ("image/png" if media.kind == "image" else "application/octet-stream")
    if media.kind == "image":
        written: dict[str, Any] = {"type": "input_image"}
        if media.file_id is not None:
            written["file_id"] = media.file_id
        else:
            written["image_url"] = media.url if media.data is None else f"data:{mime};base64,{media.data}"
        written["detail"] = media.detail or "auto"
        return written
    if media.kind == "audio" and media.data is not None and mime in _AUDIO_FORMATS:
        return {"type": "input_audio", "input_audio": {"data": media.data, "format": _AUDIO_FORMATS[mime]}}
    if media.kind in ("video", "audio"):
        losses.append(Loss(path, f"{media.kind} of type {mime} cannot be sent to the Responses API"))
        return None
    if media.file_id is not None:
        return {"type": "input_file", "file_id": media.file_id}
    if media.data is None:
        return {"type": "input_file", "file_url": media.url}
    name = media.name or ("document.pdf" if mime == "application/pdf" else "document")
    return {"type": "input_file", "filename": name, "file_data": f"data:{mime};base64,{media.data}"}
