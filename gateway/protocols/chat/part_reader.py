"""Content parts to canon parts.

`extras["chat"]` of a part holds the fields only this dialect knows; of Media it is always there.
"""

from __future__ import annotations

from typing import Any, Literal

from gateway.canon.parts import Media, Opaque, Part, Refusal, Text
from gateway.protocols.chat.cache_marks import keep_mark
from gateway.protocols.chat.check_parts import TEXT_TYPES, URL_TYPES
from gateway.protocols.chat.data_url import clean_base64, guess_mime, is_data_url, split_data_url
from gateway.protocols.chat.guest_blocks import read_block

Kind = Literal["image", "audio", "video", "document"]
_FORMATS = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def read_parts(content: Any) -> list[Part]:
    """Of `content` as a string, a list of parts or null."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    parts = [_read_part(part) for part in content]
    for given, part in zip(content, parts, strict=True):
        if "cache_control" in given and not isinstance(part, Opaque):
            keep_mark(given, part.extras)
    return parts


def _read_part(part: dict[str, Any]) -> Part:
    kind = part["type"]
    if kind in TEXT_TYPES:
        text = Text(part["text"])
        if len(part) > 2:
            text.extras = {"chat": _rest(part, "text")}
        return text
    if kind == "refusal":
        return Refusal(part["refusal"], extras={"chat": {**_rest(part, "refusal"), "part": True}})
    if kind in URL_TYPES:
        return _read_url(part, kind)
    if kind == "input_audio":
        audio = part["input_audio"]
        mime = _FORMATS.get(audio["format"], f"audio/{audio['format']}")
        return Media("audio", mime, clean_base64(audio["data"]), extras={"chat": _rest(part, kind)})
    if kind == "file":
        return _read_file(part)
    return read_block(part) or Opaque("chat", part)


def _rest(part: dict[str, Any], kind: str) -> dict[str, Any]:
    return {field: value for field, value in part.items() if field not in ("type", kind)}


def media_of_url(url: str, kind: Kind = "image") -> Media:
    """Data URLs are taken apart and their mime decides; of any other the caller's `kind` is believed."""
    if not is_data_url(url):
        return Media(kind, url=url)
    mime, data = split_data_url(url)
    return Media(kind_of(mime), mime, data)


def kind_of(mime: str) -> Kind:
    match mime.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
    return "document"


def _read_url(part: dict[str, Any], field: str) -> Media:
    value = part[field]
    inner = {"url": value} if isinstance(value, str) else value
    kind: Kind = "image" if field == "image_url" else "audio" if field == "audio_url" else "video"
    media = media_of_url(inner["url"], kind)
    if isinstance(inner.get("detail"), str):
        media.detail = inner["detail"]
    own = _rest(part, field)
    if field != "image_url" or media.kind != "image":
        own["as"] = field
    inside = {name: item for name, item in inner.items() if name != "url" and not (name == "detail" and media.detail)}
    if inside:
        own["inside"] = inside
    media.extras = {"chat": own}
    return media


def _read_file(part: dict[str, Any]) -> Media:
    file = part["file"]
    own = _rest(part, "file")
    inside = {name: item for name, item in file.items() if name not in ("file_data", "file_id", "filename")}
    if inside:
        own["inside"] = inside
    own["as"] = "file"
    name = file.get("filename")
    data = file.get("file_data")
    if data is None:
        return Media("document", file_id=file["file_id"], name=name, extras={"chat": own})
    if is_data_url(data):
        mime, data = split_data_url(data)
    else:
        data = clean_base64(data)
        mime = guess_mime(data, "application/octet-stream")
        own["bare"] = True
    return Media(kind_of(mime), mime, data, name=name, extras={"chat": own})
