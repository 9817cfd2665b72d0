"""Whether media sent inside a request are what they say: base64, type and size, looked at without a decoder's cost.

Providers refuse the same, but each in its own words and some only after the upload; here one sentence says it.
Signatures: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and the formats' own specifications.
"""

from __future__ import annotations

from base64 import b64decode

from gateway.canon.parts import Media

MEGABYTE = 1024 * 1024
LIMITS_MB = {"image": 20, "audio": 20, "video": 20, "document": 32}
"""The largest sizes that providers take inside a request (Gemini 20 MB, Anthropic documents 32 MB)."""
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SAME = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png", "image/heif": "image/heic"}
_UNSAID = ("", "image/*", "application/octet-stream", "binary/octet-stream")
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_CHUNKED = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
}
_HEAD = 1536
"""Base64 characters that are decoded to look at the beginning; a multiple of four."""


class BadMedia(ValueError):
    """The message says what is wrong, in words for the client."""


def check_media(media: Media) -> None:
    """Of a part with `data`: puts its base64 into the standard form and fills in a type that was not told.

    Raises BadMedia: not base64, empty, too large, another type than it says, or SVG (a document of scripts and links
    that no provider reads as a picture).
    """
    data = _standard(media.data or "", media.kind)
    limit = LIMITS_MB[media.kind]
    if len(data) // 4 * 3 > limit * MEGABYTE + 2:
        raise BadMedia(f"the {media.kind} is larger than {limit} MB")
    media.data = data
    media.mime = true_type(media, b64decode(data[:_HEAD]))


def true_type(media: Media, head: bytes) -> str | None:
    """The type of media that begin with `head`, as they say or, where they say nothing, as they show.
    Raises BadMedia."""
    told = (media.mime or "").partition(";")[0].strip().lower()
    said = _SAME.get(told, told)
    shown = type_of(head)
    if said == "image/svg+xml" or shown == "image/svg+xml":
        raise BadMedia("SVG is not taken: send the picture as PNG, JPEG, GIF or WebP")
    if said.startswith("image/") or (media.kind == "image" and said in _UNSAID):
        if shown is None or not shown.startswith("image/"):
            raise BadMedia(f"the image{_as(said)} is no picture: its first bytes belong to no known format")
        if said in _UNSAID:
            return shown
        if said != shown:
            raise BadMedia(f"the image says it is {said} but is {shown}")
        return told if told == "image/heif" else said
    if said == "application/pdf" and shown != said:
        raise BadMedia("the document says it is application/pdf but does not begin as one")
    if said.startswith(("audio/", "video/")) and shown is not None and shown.startswith(("image/", "application/")):
        raise BadMedia(f"the {media.kind} says it is {said} but is {shown}")
    return shown if said in _UNSAID and shown is not None else media.mime


def type_of(head: bytes) -> str | None:
    """The type that the first bytes (about a kilobyte) tell, None for anything unknown."""
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] == b"RIFF":
        return _CHUNKED.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08:
        return "audio/aac" if head[1] & 0x06 == 0 else "audio/mpeg"
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!")) and b"<svg" in text):
        return "image/svg+xml"
    return None


def _standard(data: str, kind: str) -> str:
    """Standard alphabet, padded, no white space (clients send base64url, line breaks, missing padding)."""
    if any(mark in data for mark in "-_ \t\r\n"):
        data = "".join(data.split()).replace("-", "+").replace("_", "/")
    bare = data.rstrip("=")
    try:
        raw = bare.encode("ascii")
    except UnicodeEncodeError:
        raise BadMedia(f"the {kind} is not valid base64") from None
    if raw.translate(None, _ALPHABET) or len(raw) % 4 == 1 or len(data) - len(bare) > 2:
        raise BadMedia(f"the {kind} is not valid base64")
    if not bare:
        raise BadMedia(f"the {kind} is empty")
    return bare + "=" * (-len(bare) % 4)


def _as(said: str) -> str:
    return f" ({said})" if said else ""
