"""Content parts of messages and tool outputs to canon parts.

A part whose wire form the writer would not build by itself keeps it under extras["responses"]["raw"].
"""

from __future__ import annotations

import re
from mimetypes import guess_type
from typing import Any

from gateway.canon.parts import Media, Opaque, Part, Refusal, Text
from gateway.protocols.responses.check import TEXT_TYPES

OWN = "responses"
_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.I)
_AUDIO_MIME = {"mp3": "audio/mpeg", "wav": "audio/wav"}


def read_content(content: Any, plain_type: str) -> list[Part]:
    """`plain_type` is the text type the writer uses in this place ("input_text" or "output_text")."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    return [read_part(part, plain_type) for part in content]


def read_part(part: dict[str, Any], plain_type: str = "input_text") -> Part:
    kind = part["type"]
    if kind in TEXT_TYPES:
        if kind == plain_type and len(part) == 2:
            return Text(part["text"])
        found = part.get("annotations")
        annotations = [note for note in found if isinstance(note, dict)] if isinstance(found, list) else []
        return Text(part["text"], annotations, {OWN: {"raw": part}})
    if kind == "refusal":
        return Refusal(part["refusal"], {} if len(part) == 2 else {OWN: {"raw": part}})
    if kind in ("input_image", "image_url"):
        return _read_image(part)
    if kind == "input_file":
        return _read_file(part)
    if kind == "input_audio":
        audio = part["input_audio"]
        form = audio.get("format")
        mime = _AUDIO_MIME.get(form, f"audio/{form}") if isinstance(form, str) else None
        return Media("audio", mime=mime, data=audio["data"], extras={OWN: {"raw": part}})
    return Opaque(OWN, part)


def _read_image(part: dict[str, Any]) -> Media:
    url: Any = part.get("image_url")
    detail = part.get("detail")
    if isinstance(url, dict):
        url, detail = url.get("url"), url.get("detail")
    media = Media("image", detail=detail if isinstance(detail, str) else None, extras={OWN: {"raw": part}})
    if isinstance(url, str):
        _fill(media, url)
    else:
        media.file_id = part.get("file_id")
    return media


def _read_file(part: dict[str, Any]) -> Media:
    name, detail = part.get("filename"), part.get("detail")
    media = Media("document", extras={OWN: {"raw": part}})
    media.name = name if isinstance(name, str) else None
    media.detail = detail if isinstance(detail, str) else None
    if isinstance(part.get("file_data"), str):
        _fill(media, part["file_data"], url_allowed=False)
    elif isinstance(part.get("file_url"), str):
        media.url = part["file_url"]
    else:
        media.file_id = part.get("file_id")
    if media.mime is None:
        media.mime = guess_type(media.name or media.url or "")[0]
    kind = (media.mime or "").partition("/")[0]
    if media.mime and kind in ("image", "audio", "video"):
        media.kind = kind  # type: ignore[assignment]
    return media


def _fill(media: Media, value: str, url_allowed: bool = True) -> None:
    """A data URL (parameters, upper case and missing padding as clients send them), a URL, or bare base64."""
    found = _DATA_URL.match(value)
    if found is not None and found.group(3):
        media.mime = found.group(1).lower() or None
        data = value[found.end() :].strip()
        media.data = data + "=" * (-len(data) % 4)
    elif url_allowed or value.startswith(("http://", "https://")):
        media.url = value
    else:
        media.data = value
