"""Media in an answer, for a dialect whose answers hold text and sound only."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from gateway.canon.parts import Media


def in_words(media: Media) -> str:
    """Markdown: the form every chat client shows (behaviours AM-I2)."""
    target = media.url or (f"data:{media.mime or 'application/octet-stream'};base64,{media.data}" if media.data else "")
    if not target:
        return ""
    label = media.name or media.kind
    return f"![{label}]({target})" if media.kind == "image" else f"[{label}]({target})"


def audio_object(media: Media) -> dict[str, Any]:
    """`message.audio` of https://platform.openai.com/docs/api-reference/chat/object, all keys required."""
    told = media.extras.get("chat", {}).get("audio", {})
    identity, expires = told.get("id"), told.get("expires_at")
    return {
        "id": identity if isinstance(identity, str) and identity else "audio_" + token_hex(12),
        "data": media.data or "",
        "expires_at": expires if type(expires) is int else 0,
        "transcript": told.get("transcript") or "",
    }
